import { readFileSync } from "node:fs";
import { statfs } from "node:fs/promises";
import { createServer } from "node:net";
import { UserError } from "../errors";
import { docker } from "../providers/docker-client";

/** Memory that a machine with every role takes, in MiB, when it serves a small site. Seen: 400, and 520 with a monitor. */
const USUAL_MEMORY = 500;

/** What new machines need; amounts in MiB. */
export interface NeededResources {
  /** The limit of each machine. */
  readonly memory: readonly number[];
  readonly disk: number;
}

/** What is left for new machines, in MiB; undefined where it can't be seen from here (an engine on another computer). */
export interface AvailableResources {
  readonly totalMemory?: number;
  readonly memory?: number;
  readonly disk?: number;
}

/** Throws a UserError with the numbers when less memory or disk is available than the new machines need. */
export async function checkResources(needed: NeededResources, read = availableResources): Promise<void> {
  const available = await read();
  const less = "give each machine less: web-infrastructure:memory (MiB) in the stack's configuration.";
  const largest = Math.max(0, ...needed.memory);
  if (available.totalMemory !== undefined && available.totalMemory < largest) {
    throw new UserError(
      `Too little memory: a machine may take ${largest} MiB, this computer has ${available.totalMemory}. Please ${less}`,
    );
  }
  // Limits are no reservations: a computer with less than their sum can do very well.
  const usual = needed.memory.reduce((sum, limit) => sum + Math.min(limit, USUAL_MEMORY), 0);
  if (available.memory !== undefined && available.memory < usual) {
    throw new UserError(
      `Too little memory: the new machines need about ${usual} MiB, ${available.memory} MiB are available. Stop something, or ${less}`,
    );
  }
  if (available.disk !== undefined && available.disk < needed.disk) {
    throw new UserError(
      `Too little disk: the new machines need ${needed.disk} MiB where Docker keeps its data, ${available.disk} MiB are ` +
        "free. `docker system df` shows what takes the space.",
    );
  }
}

/**
 * Throws a UserError when a port of this computer's loopback is taken.
 * @param ports name of the setting → port
 */
export async function checkPorts(ports: Readonly<Record<string, number>>): Promise<void> {
  for (const [setting, port] of Object.entries(ports)) {
    const problem = await whyNot(port);
    if (problem === "EADDRINUSE") {
      throw new UserError(
        `Port ${port} of this computer is taken by another program (\`ss -ltnp 'sport = :${port}'\` shows which); nothing was ` +
          `touched. Stop it, or choose another port: web-infrastructure:${setting} (0 publishes none).`,
      );
    }
  }
}

/** Code of the error with which this computer refuses the port; undefined when it is free. */
function whyNot(port: number): Promise<string | undefined> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once("error", (error: NodeJS.ErrnoException) => resolve(error.code));
    server.listen(port, "127.0.0.1", () => server.close(() => resolve(undefined)));
  });
}

async function availableResources(): Promise<AvailableResources> {
  const { DockerRootDir, MemTotal } = await docker().info();
  const free = await statfs(DockerRootDir).catch(() => undefined);
  return {
    // Without its directory here the engine runs elsewhere, or in a virtual machine of its own with all of that memory.
    totalMemory: Math.floor(MemTotal / 1024 / 1024),
    memory: (free && availableMemory()) ?? Math.floor(MemTotal / 1024 / 1024),
    disk: free && Math.floor((free.bavail * free.bsize) / 1024 / 1024),
  };
}

/** MiB that could be had without swapping; undefined where the kernel isn't Linux. */
function availableMemory(): number | undefined {
  try {
    const kibibytes = /^MemAvailable:\s+(\d+) kB/m.exec(readFileSync("/proc/meminfo", "utf8"))?.[1];
    return kibibytes === undefined ? undefined : Math.floor(Number(kibibytes) / 1024);
  } catch {
    return undefined;
  }
}
