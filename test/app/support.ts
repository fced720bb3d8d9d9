import assert from "node:assert/strict";
import { execFile, execFileSync } from "node:child_process";
import { randomUUID } from "node:crypto";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { promisify } from "node:util";

const run = promisify(execFile);
const container = `lab-app-${process.pid}`;

/** Ports in the container. `impatient` gives a write up after a second; `strangers` trusts another authority. */
const PORTS = { loadBalancer: 8000, web1: 8001, web2: 8002, impatient: 8003, strangers: 8004, unconfigured: 8005 };
export type Server = keyof typeof PORTS;

const image = process.env.MACHINE_IMAGE ?? newestMachineImage();

/** Why these tests can't run here, in words for the title of a suite; empty when they can. */
export const whyNot = image === "" ? " (not run: no machine image; set MACHINE_IMAGE or run npm run image)" : "";

const addresses = new Map<Server, string>();
let users = 0;
let starting: Promise<void> | undefined;

/** Starts the databases and web servers before the suite that calls this; the last such suite removes them. */
export function useLab(): void {
  users++;
  before(async function () {
    if (whyNot !== "") this.skip();
    this.timeout(60_000);
    starting ??= start();
    await starting;
  });
  after(async () => {
    users--;
    if (users === 0 && starting !== undefined) await run("docker", ["rm", "--force", container]);
  });
}

async function start(): Promise<void> {
  const publish = Object.values(PORTS).flatMap((port) => ["--publish", `127.0.0.1::${port}`]);
  // SYS_ADMIN: each database gets its own host name. The sleep ends it all, should these tests be killed.
  const options = ["--detach", "--rm", "--name", container, "--cap-add=SYS_ADMIN", "--tmpfs=/lab:exec", ...publish];
  await run("docker", ["run", ...options, "--security-opt=apparmor=unconfined", "--entrypoint=sleep", image, "300"]);
  await run("docker", ["cp", join(__dirname, "lab.sh"), `${container}:/lab.sh`]);
  await run("docker", ["cp", join(__dirname, "../../app"), `${container}:/srv/www`]);
  await inLab("set_up", "/srv/www/migrations/001-messages.sql");
  await inLab("start_web", "web-1", `${PORTS.web1}`);
  await inLab("start_web", "web-2", `${PORTS.web2}`);
  await inLab("start_web", "web-1", `${PORTS.impatient}`, "DATABASE_WRITE_PATIENCE=1");
  await inLab("start_web", "web-1", `${PORTS.strangers}`, "DATABASE_CA=/lab/other-ca.pem", "DATABASE_WRITE_PATIENCE=1");
  await inLab("start_web", "web-1", `${PORTS.unconfigured}`, "SESSION_KEY=");
  await inLab("start_load_balancer", `${PORTS.loadBalancer}`, `${PORTS.web1}`, `${PORTS.web2}`);
  for (const [server, port] of Object.entries(PORTS)) {
    const { stdout } = await run("docker", ["port", container, `${port}`]);
    addresses.set(server as Server, `http://${stdout.trim().split("\n")[0]}`);
  }
  for (const server of Object.keys(PORTS) as Server[]) {
    await eventually(async () => assert.ok((await get(server, "/robots.txt")).ok));
  }
}

/** Runs a function of lab.sh and returns what it prints. */
export async function inLab(name: string, ...parameters: string[]): Promise<string> {
  return (await run("docker", ["exec", container, "sh", "/lab.sh", name, ...parameters])).stdout.trim();
}

export function address(server: Server): string {
  const found = addresses.get(server);
  assert.ok(found, "the lab is not running");
  return found;
}

export async function get(server: Server, path: string, headers: Record<string, string> = {}): Promise<Response> {
  return fetch(address(server) + path, { headers, redirect: "manual", signal: AbortSignal.timeout(20_000) });
}

/** Sends JSON when the body is an object, else the body as it is. */
export async function post(
  server: Server,
  path: string,
  body: object | string,
  headers: Record<string, string> = {},
): Promise<Response> {
  const isForm = body instanceof URLSearchParams || typeof body === "string";
  return fetch(address(server) + path, {
    method: "POST",
    headers: isForm ? headers : { "Content-Type": "application/json", ...headers },
    body: isForm ? body : JSON.stringify(body),
    redirect: "manual",
    signal: AbortSignal.timeout(20_000),
  });
}

/** The body of an answer that the caller knows the form of. */
// biome-ignore lint/suspicious/noExplicitAny: it comes from outside, the assertions check it
export async function json<Body = any>(response: Response | Promise<Response>): Promise<Body> {
  return (await (await response).json()) as Body;
}

/** An entry that no other test writes. */
export function entry(changes: object = {}): { name: string; message: string; token: string } {
  return { name: "Ada", message: `Hello ${randomUUID()}`, token: randomUUID(), ...changes };
}

export interface Message {
  id: number;
  name: string;
  message: string;
  createdAt: string;
  webServer: string;
}

export interface ServedBy {
  loadBalancer: string | null;
  webServer: string;
  applicationServer: string;
  database: { read: string | null; write: string | null };
  client: string;
}

export async function list(
  server: Server,
  headers: Record<string, string> = {},
): Promise<{ messages: Message[]; servedBy: ServedBy }> {
  const response = await get(server, "/api/messages", headers);
  assert.equal(response.status, 200);
  return json(response);
}

/** The cookies that an answer sets, as a browser would send them back. */
export function cookies(response: Response): { Cookie: string } {
  return {
    Cookie: response.headers
      .getSetCookie()
      .map((cookie) => cookie.split(";")[0])
      .join("; "),
  };
}

/** Repeats a check until it holds; fails as the check did after 10 s. */
export async function eventually(check: () => Promise<void>): Promise<void> {
  for (const deadline = Date.now() + 10_000; ; await sleep(50)) {
    try {
      return await check();
    } catch (error) {
      if (Date.now() > deadline) throw error;
    }
  }
}

function newestMachineImage(): string {
  try {
    const list = ["images", "--quiet", "--filter", "reference=web-infrastructure/machine"];
    return execFileSync("docker", list, { encoding: "utf8", stdio: ["ignore", "pipe", "ignore"] }).split("\n")[0] ?? "";
  } catch {
    return "";
  }
}
