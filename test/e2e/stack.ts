import assert from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import { readFileSync, rmSync, writeFileSync } from "node:fs";
import { request as httpRequest, type IncomingHttpHeaders } from "node:http";
import { Agent, request as httpsRequest } from "node:https";
import { setTimeout as sleep } from "node:timers/promises";
import Docker from "dockerode";
import { stringify } from "yaml";
import { hasPulumiCli } from "../../engine/pulumi-cli";

export const DOMAIN = "www.foobar.com";
export const docker = new Docker();
/** What the commands go through here, for the titles of suites. */
export const engine = hasPulumiCli() ? "the Pulumi CLI" : "the built-in engine";

export interface Run {
  readonly exitCode: number | null;
  /** Standard output and standard error, as a person sees them. */
  readonly output: string;
  readonly seconds: number;
}

export interface Answer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

export interface RequestOptions {
  readonly method?: string;
  readonly headers?: Record<string, string>;
  readonly body?: string;
  /** PEM of the authority to trust. Absent: only public authorities. */
  readonly ca?: string;
  readonly secure?: boolean;
  readonly maxVersion?: "TLSv1.1" | "TLSv1.2" | "TLSv1.3";
}

/**
 * A stack of the tests' own, with a name, addresses and ports that a person's running stack doesn't use.
 * @param entry address that visitors of the site go to
 */
export function testStack(name: string, entry: string, settings: Record<string, unknown>) {
  /** Writes the stack's settings; they are gone again after `removeSettings`. */
  function writeSettings(changes: Record<string, unknown> = {}): void {
    const all = { target: "docker", domain: DOMAIN, ...settings, ...changes };
    const config = Object.entries(all).map(([key, value]) => [`web-infrastructure:${key}`, value]);
    writeFileSync(`Pulumi.${name}.yaml`, stringify({ config: Object.fromEntries(config) }));
  }

  /** Accepts the single load balancer of the classic design. */
  function acceptSingleLoadBalancer(): void {
    const expires = new Date(Date.now() + 7 * 86_400_000).toISOString().slice(0, 10);
    const accepted = [{ urn: "*", reason: "the classic design, under test", expires }];
    writeFileSync(`Pulumi.${name}.policies.json`, JSON.stringify({ "load-balancer-redundant": { accepted } }));
  }

  function removeSettings(): void {
    for (const kind of ["yaml", "policies.json"]) rmSync(`Pulumi.${name}.${kind}`, { force: true });
    // `destroy --data` keeps the backups
    for (const kind of ["", ".password"]) rmSync(`.state/backups/${name}${kind}`, { recursive: true, force: true });
  }

  /** Starts one of the project's commands on the stack. */
  function startCommand(command: string, ...args: string[]): { process: ChildProcess; finished: Promise<Run> } {
    const begin = Date.now();
    const child = spawn(process.execPath, ["bin/run.mjs", command, "--stack", name, ...args], {
      stdio: ["ignore", "pipe", "pipe"],
      detached: true,
    });
    let output = "";
    for (const stream of [child.stdout, child.stderr]) stream.on("data", (data) => (output += data));
    const finished = new Promise<Run>((resolve) =>
      child.on("close", (exitCode) => resolve({ exitCode, output, seconds: (Date.now() - begin) / 1000 })),
    );
    return { process: child, finished };
  }

  const command = (which: string, ...args: string[]) => startCommand(which, ...args).finished;

  /** `npm start`, which has to succeed; resolves to what it printed. */
  async function start(): Promise<string> {
    const run = await command("start");
    if (run.exitCode !== 0) assert.fail(`${run.output}\n${await journals()}`);
    return run.output;
  }

  const container = (machine: string) => docker.getContainer(`web-infrastructure-${name}-${machine}`);

  /** Runs a command on a machine as root; resolves to its exit code and output. */
  async function onMachine(machine: string, ...Cmd: string[]): Promise<{ exitCode: number; output: string }> {
    const exec = await container(machine).exec({ Cmd, AttachStdout: true, AttachStderr: true, Tty: true });
    const stream = await exec.start({ Tty: true });
    let output = "";
    for await (const data of stream) output += data;
    return { exitCode: (await exec.inspect()).ExitCode ?? -1, output: output.trim() };
  }

  /** A machine's journal, or why it can't be read. */
  function journal(machine: string, ...options: string[]): Promise<string> {
    return onMachine(machine, "journalctl", "--no-pager", "--output=short-precise", ...options)
      .then(({ output }) => output)
      .catch((error: Error) => error.message);
  }

  /** The end of what the databases and their agents wrote: a failure on another computer can be understood by nothing else. */
  async function journals(): Promise<string> {
    const all = (await leftovers()).containers.map((each) => each.replace(`web-infrastructure-${name}-`, ""));
    const ends = all.map(async (machine) => {
      const end = await journal(machine, "--lines=50", "--unit=mysql", "--unit=database-agent");
      return `---- ${machine}\n${end}`;
    });
    return (await Promise.all(ends)).join("\n");
  }

  /** What Docker holds of the stack, by name. */
  async function leftovers(): Promise<{ containers: string[]; networks: string[]; volumes: string[] }> {
    const filters = { label: [`web-infrastructure.stack=${name}`] };
    const [containers, networks, volumes] = await Promise.all([
      docker.listContainers({ all: true, filters }),
      docker.listNetworks({ filters }),
      docker.listVolumes({ filters }),
    ]);
    return {
      containers: containers.map(({ Names }) => String(Names[0]).slice(1)).sort(),
      networks: networks.map(({ Name }) => Name),
      volumes: (volumes.Volumes ?? []).map(({ Name }) => Name).sort(),
    };
  }

  return {
    name,
    entry,
    settings,
    writeSettings,
    acceptSingleLoadBalancer,
    removeSettings,
    startCommand,
    command,
    start,
    container,
    onMachine,
    journal,
    journals,
    leftovers,
    /** PEM of the stack's authority, as `npm start` keeps it for people. */
    authority: () => readFileSync(`.state/${name}/ca.pem`, "utf8"),
    request: (path: string, options?: RequestOptions) => request(entry, path, options),
  };
}

export type TestStack = ReturnType<typeof testStack>;

/** The classic design: one load balancer, primary and replica. Files 1 to 4 follow it through its life. */
export const distributed = testStack("test", "172.30.99.51", {
  topology: "distributed",
  addressRange: "172.30.99.0/24",
  httpPort: 18080,
  httpsPort: 18443,
});

/** Where the highly available stack sends its alerts: an address of this computer in its network. */
export const WEBHOOK = { port: 19098, path: "/hook?key=secret" };

/** Three machines that can each do everything. Files 5 and 6. */
export const highlyAvailable = testStack("test-ha", "172.30.98.10", {
  topology: "highly-available",
  addressRange: "172.30.98.0/24",
  httpPort: 18081,
  httpsPort: 18444,
  alertWebhook: `http://172.30.98.1:${WEBHOOK.port}${WEBHOOK.path}`,
});

/** One request to the site by its name, on a connection of its own, as a new visitor makes it. */
export function request(entry: string, path: string, options: RequestOptions = {}): Promise<Answer> {
  const { method = "GET", headers = {}, body, ca, secure = true, maxVersion } = options;
  const common = { host: entry, path, method, headers: { host: DOMAIN, ...headers }, timeout: 15_000 };
  return new Promise((resolve, reject) => {
    const sent = secure
      ? httpsRequest({ ...common, agent: new Agent({ ca, servername: DOMAIN, maxVersion, minVersion: "TLSv1" }) })
      : httpRequest({ ...common, agent: false });
    sent.on("response", (response) => {
      let text = "";
      response.setEncoding("utf8");
      response.on("data", (data) => (text += data));
      response.on("end", () => resolve({ status: response.statusCode ?? 0, headers: response.headers, body: text }));
      response.on("error", reject);
    });
    sent.on("timeout", () => sent.destroy(new Error("no answer within 15 s")));
    sent.on("error", reject);
    sent.end(body);
  });
}

/** Waits until a condition holds; fails with what it was waiting for. */
export async function eventually(what: string, seconds: number, holds: () => Promise<boolean>): Promise<void> {
  const end = Date.now() + seconds * 1000;
  while (Date.now() < end) {
    if (await holds().catch(() => false)) return;
    await sleep(250);
  }
  throw new Error(`not within ${seconds} s: ${what}`);
}
