import { readFileSync } from "node:fs";

/**
 * Whether a process of this computer lives. One that was killed but not yet cleared away by its parent still has its
 * number, and doesn't live; that can be seen on Linux only.
 */
export function isAlive(processId: number): boolean {
  try {
    process.kill(processId, 0);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "EPERM") return false;
  }
  return !/^State:\s+Z/m.test(processStatus(processId));
}

/** Name of the program of a living process; undefined where there is none, or it can't be seen. */
export function programOf(processId: number): string | undefined {
  return isAlive(processId) ? /^Name:\s+(\S+)/m.exec(processStatus(processId))?.[1] : undefined;
}

/** Linux's own description of a process; empty where there is none. */
function processStatus(processId: number): string {
  try {
    return readFileSync(`/proc/${processId}/status`, "utf8");
  } catch {
    return "";
  }
}
