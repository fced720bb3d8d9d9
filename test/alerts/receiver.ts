import { createServer } from "node:http";

/** An alert as Alertmanager tells it to a webhook, as far as tests ask. */
export interface ToldAlert {
  readonly status: "firing" | "resolved";
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, string>>;
}

/** Somebody who gets alerts: every one it was told, with the time it came. */
export class Receiver {
  readonly told: (ToldAlert & { readonly at: number })[] = [];
  /** Answers 503 instead of taking alerts. */
  refuses = false;
  private readonly server = createServer((request, response) => {
    let body = "";
    request.setEncoding("utf8");
    request.on("data", (data) => (body += data));
    request.on("end", () => {
      const taken = request.url === this.path && !this.refuses;
      if (taken)
        for (const alert of JSON.parse(body).alerts as ToldAlert[]) this.told.push({ ...alert, at: Date.now() });
      response.writeHead(taken ? 200 : 503).end();
    });
  });

  /** @param path what is secret of the address, with its query */
  constructor(
    private readonly port: number,
    private readonly path: string,
  ) {}

  /** Doesn't keep the process alive. */
  listen(): Promise<void> {
    return new Promise((resolve, reject) => {
      this.server.once("error", reject);
      this.server.listen(this.port, "0.0.0.0", resolve).unref();
    });
  }

  /** Such alerts, told after that time, in the order they came. */
  firing(name: string, instance?: string, since = 0) {
    return this.told.filter(
      ({ status, labels, at }) =>
        status === "firing" && labels.alertname === name && at >= since && (!instance || labels.instance === instance),
    );
  }
}
