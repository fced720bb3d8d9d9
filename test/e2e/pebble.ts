import assert from "node:assert/strict";
import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { createPrivateKey, createPublicKey, sign } from "node:crypto";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { type RequestOptions, request } from "node:https";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { eventually } from "./stack";

const PORT = 19100;
const MANAGEMENT_PORT = 19101;
const DNS_PORT = 19102;
const DNS_MANAGEMENT_PORT = 19103;

interface Reply {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly body: string;
}

/** Let's Encrypt's test server on this computer: an ACME directory, and a name server that leads every name to the site. */
export class Pebble {
  /** PEM: the authority of the directory's own address, and that of the certificates that it gives. */
  authorities = "";
  private readonly files = mkdtempSync(join(tmpdir(), "pebble-"));
  private readonly processes: ChildProcess[] = [];
  private log = "";

  /**
   * @param address of this computer, by which load balancers reach the directory
   * @param entry address of the site, where names are validated
   */
  constructor(
    private readonly address: string,
    private readonly entry: string,
  ) {}

  get directory(): string {
    return `https://${this.address}:${PORT}/dir`;
  }

  /** How many certificates it has given. */
  get issued(): number {
    return this.log.match(/Issued certificate serial/g)?.length ?? 0;
  }

  async start(): Promise<void> {
    const [certificate, privateKey] = ["cert.pem", "key.pem"].map((name) => join(this.files, name)) as [string, string];
    const names = `subjectAltName=IP:127.0.0.1,IP:${this.address}`;
    const { status, stderr } = spawnSync(
      "openssl",
      ["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-subj", "/CN=Pebble"].concat(
        ["-addext", names, "-addext", "keyUsage=critical,digitalSignature,keyCertSign"],
        ["-days", "2", "-keyout", privateKey, "-out", certificate],
      ),
      { encoding: "utf8" },
    );
    assert.equal(status, 0, stderr);
    const listening = { listenAddress: `0.0.0.0:${PORT}`, managementListenAddress: `127.0.0.1:${MANAGEMENT_PORT}` };
    const settings = { ...listening, certificate, privateKey, httpPort: 80, tlsPort: 443 };
    writeFileSync(join(this.files, "pebble.json"), JSON.stringify({ pebble: settings }));
    const dns = `127.0.0.1:${DNS_PORT}`;
    const nothing = ["-http01", "", "-https01", "", "-tlsalpn01", "", "-defaultIPv6", ""];
    const management = `127.0.0.1:${DNS_MANAGEMENT_PORT}`;
    this.run("pebble-challtestsrv", [...nothing, "-dns01", dns, "-management", management, "-defaultIPv4", this.entry]);
    this.run("pebble", ["-config", join(this.files, "pebble.json"), "-dnsserver", dns]);
    const own = readFileSync(certificate, "utf8");
    await eventually("Pebble answers", 10, async () => {
      const { body } = await ask(`https://127.0.0.1:${MANAGEMENT_PORT}/roots/0`, { ca: own });
      this.authorities = `${own}${body}`;
      return body.includes("BEGIN CERTIFICATE");
    }).catch((error: Error) => assert.fail(`${error.message}\n${this.log}`));
  }

  stop(): void {
    for (const each of this.processes) each.kill();
    rmSync(this.files, { recursive: true, force: true });
  }

  /** Closes the account of a key, as its owner may (RFC 8555, 7.3.6). */
  async deactivate(accountKey: string): Promise<void> {
    const { newNonce, newAccount } = JSON.parse((await this.ask(`https://127.0.0.1:${PORT}/dir`)).body);
    const key = createPrivateKey(accountKey);
    const { e, kty, n } = createPublicKey(key).export({ format: "jwk" });
    const base64 = (value: object) => Buffer.from(JSON.stringify(value)).toString("base64url");
    const post = async (url: string, payload: object, signer: object): Promise<Reply> => {
      const { "replay-nonce": nonce } = (await this.ask(newNonce, { method: "HEAD" })).headers;
      const signed = { protected: base64({ alg: "RS256", nonce, url, ...signer }), payload: base64(payload) };
      const signature = sign("sha256", Buffer.from(`${signed.protected}.${signed.payload}`), key).toString("base64url");
      const headers = { "content-type": "application/jose+json" };
      const reply = await this.ask(url, { method: "POST", headers }, JSON.stringify({ ...signed, signature }));
      // it refuses some nonces, so that clients learn to ask again
      return reply.body.includes("badNonce") ? post(url, payload, signer) : reply;
    };
    const account = await post(newAccount, { onlyReturnExisting: true }, { jwk: { e, kty, n } });
    const { status, body } = await post(
      String(account.headers.location),
      { status: "deactivated" },
      { kid: account.headers.location },
    );
    assert.equal(status, 200, body);
    assert.equal(JSON.parse(body).status, "deactivated");
  }

  private ask(url: string, options: RequestOptions = {}, body?: string): Promise<Reply> {
    return ask(url, { ...options, ca: this.authorities }, body);
  }

  private run(program: string, options: string[]): void {
    // no pauses before validations, and each order is validated anew
    const env = { ...process.env, PEBBLE_VA_NOSLEEP: "1", PEBBLE_AUTHZREUSE: "0" };
    const child = spawn(program, options, { env, stdio: ["ignore", "pipe", "pipe"] });
    child.on("error", (error) => {
      this.log += `${program}: ${error.message}. Install it (Debian: apt install pebble).\n`;
    });
    for (const stream of [child.stdout, child.stderr]) stream.on("data", (data) => (this.log += data));
    this.processes.push(child);
  }
}

function ask(url: string, options: RequestOptions, body?: string): Promise<Reply> {
  return new Promise((resolve, reject) => {
    const sent = request(url, { ...options, agent: false, timeout: 5000 }, (response) => {
      let text = "";
      response.setEncoding("utf8").on("data", (data) => (text += data));
      response.on("end", () => resolve({ status: response.statusCode ?? 0, headers: response.headers, body: text }));
    });
    sent.on("timeout", () => sent.destroy(new Error(`${url} doesn't answer`)));
    sent.on("error", reject);
    sent.end(body);
  });
}
