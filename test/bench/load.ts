import { execFile } from "node:child_process";
import path from "node:path";
import { promisify } from "node:util";
import autocannon from "autocannon";
import { spread } from "./series";

/** Requests for one page, over and over. */
export interface Load {
  readonly url: string;
  /** Of the site; in the header Host, and what its certificate has to be for. */
  readonly domain: string;
  /** PEM of the authority to trust, with HTTPS. */
  readonly ca?: string;
  /** Kept open, each with one request at a time. */
  readonly connections: number;
  readonly seconds: number;
  /** Requests a second, whether or not those before were answered soon. @default as many as are answered */
  readonly rate?: number;
}

export interface Answered {
  readonly perSecond: number;
  /** Half of the requests, and all but one of a hundred, took no longer than this, in ms. */
  readonly p50: number;
  readonly p99: number;
}

/**
 * Puts load on a site from a process of its own, in the network of this computer or of one of its containers.
 * @param pid a process in the container
 * @throws Error when a request wasn't answered with success
 */
export async function load(load: Load, pid?: number): Promise<Answered> {
  const node = [process.execPath, "--import", "tsx", path.join(__dirname, "load.ts"), JSON.stringify(load)];
  const [command = "", ...rest] = pid === undefined ? node : ["nsenter", "--target", String(pid), "--net", ...node];
  const { stdout } = await promisify(execFile)(command, rest);
  return JSON.parse(stdout);
}

async function run({ url, domain, ca, connections, seconds, rate }: Load): Promise<Answered> {
  const times: number[] = [];
  const options: autocannon.Options = {
    url,
    connections,
    duration: seconds,
    ...(rate ? { overallRate: rate } : {}),
    headers: { host: domain },
    servername: domain,
    ...(ca ? { tlsOptions: { ca } } : {}),
  };
  const result = await new Promise<autocannon.Result>((resolve, reject) => {
    const running = autocannon(options, (error, result) => (error ? reject(error) : resolve(result)));
    // its own histogram counts whole milliseconds
    running.on("response", (_client, _status, _bytes, time) => times.push(time));
  });
  const { errors, timeouts, non2xx, duration } = result;
  if (errors + timeouts + non2xx > 0 || times.length === 0)
    throw new Error(
      `${url}: ${times.length} answers, ${non2xx} of them no success; ${errors} errors, ${timeouts} late`,
    );
  times.sort((one, other) => one - other);
  const p99 = times[Math.ceil(times.length * 0.99) - 1] ?? Number.NaN;
  return { perSecond: times.length / duration, p50: spread(times).median, p99 };
}

if (require.main === module) {
  run(JSON.parse(process.argv[2] ?? "")).then(
    (answered) => process.stdout.write(JSON.stringify(answered)),
    (error) => {
      console.error(error.message);
      process.exitCode = 1;
    },
  );
}
