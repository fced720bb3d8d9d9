import { createHash } from "node:crypto";
import { existsSync, readFileSync } from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";

/** Where the Docker engine usually listens. */
export const DEFAULT_SOCKET = "/var/run/docker.sock";

interface Surroundings {
  readonly env: NodeJS.ProcessEnv;
  readonly home: string;
}

/**
 * Where the Docker engine listens, such as `unix:///var/run/docker.sock`, found as the `docker` command finds it:
 * DOCKER_HOST, then the selected context (Docker Desktop, Colima, remote engines), then the usual sockets.
 */
export function findDockerHost(surroundings: Surroundings = { env: process.env, home: homedir() }): string {
  const { env, home } = surroundings;
  if (env.DOCKER_HOST) return env.DOCKER_HOST;
  const fromContext = contextHost(surroundings);
  if (fromContext) return fromContext;
  const sockets = [
    DEFAULT_SOCKET,
    ...(env.XDG_RUNTIME_DIR ? [join(env.XDG_RUNTIME_DIR, "docker.sock")] : []),
    join(home, ".docker", "run", "docker.sock"),
  ];
  return `unix://${sockets.find((socket) => existsSync(socket)) ?? DEFAULT_SOCKET}`;
}

/**
 * Makes this process and its children talk to the engine that `findDockerHost` finds: dockerode and the docker plugin
 * of Pulumi know DOCKER_HOST, but not contexts.
 */
export function useDockerHost(): string {
  process.env.DOCKER_HOST = findDockerHost();
  return process.env.DOCKER_HOST;
}

/** The address of the selected context; undefined when none is selected or it can't be read. */
function contextHost({ env, home }: Surroundings): string | undefined {
  const directory = env.DOCKER_CONFIG ?? join(home, ".docker");
  const name = env.DOCKER_CONTEXT ?? readJson(join(directory, "config.json"))?.currentContext;
  if (typeof name !== "string" || name === "" || name === "default") return undefined;
  const folder = createHash("sha256").update(name).digest("hex");
  return readJson(join(directory, "contexts", "meta", folder, "meta.json"))?.Endpoints?.docker?.Host;
}

// biome-ignore lint/suspicious/noExplicitAny: files of the docker command, read with care
function readJson(path: string): any {
  try {
    return JSON.parse(readFileSync(path, "utf8"));
  } catch {
    return undefined;
  }
}
