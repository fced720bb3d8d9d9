import { existsSync, mkdirSync, readdirSync, readFileSync, rmdirSync, rmSync, writeFileSync } from "node:fs";
import path from "node:path";
import lockfile from "proper-lockfile";
import { UserError } from "./errors";
import { isAlive } from "./processes";
import { stackDirectory } from "./state";

/** After this time without a sign of life a lock counts as left behind, in milliseconds. */
const STALE = 5000;

/**
 * Keeps two runs on one stack apart. Returns the function that gives the lock back. A lock whose process was killed is
 * taken over, after a few seconds at most; one whose process lives is a UserError at once.
 */
export async function lockStack(root: string, stack: string): Promise<() => Promise<void>> {
  const directory = stackDirectory(root, stack);
  mkdirSync(directory, { recursive: true, mode: 0o700 });
  const holderFile = path.join(directory, "lock.pid");
  // A lock that is lost under way (a computer that slept, `destroy` that removed the directory) is no reason to stop.
  const onCompromised = () => undefined;
  const options = { onCompromised, lockfilePath: path.join(directory, "lock"), stale: STALE, update: STALE / 5 };
  let unlock: () => Promise<void>;
  try {
    unlock = await lockfile.lock(directory, options);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ELOCKED") throw error;
    const holder = readHolder(holderFile);
    if (holder !== undefined && isAlive(holder)) {
      throw new UserError(
        `Another run is at work on stack ${stack} (process ${holder}). Wait for it to end, or stop it.`,
      );
    }
    unlock = await lockfile.lock(directory, {
      ...options,
      retries: { retries: STALE / 500 + 2, factor: 1, minTimeout: 500 },
    });
  }
  writeFileSync(holderFile, String(process.pid), { mode: 0o600 });
  return async () => {
    rmSync(holderFile, { force: true });
    // The directory (and the lock with it) may be gone: `destroy` removes it last.
    await unlock().catch(() => undefined);
    // A run that found and made nothing leaves nothing.
    if (existsSync(directory) && readdirSync(directory).length === 0) rmdirSync(directory);
  };
}

function readHolder(file: string): number | undefined {
  try {
    return Number(readFileSync(file, "utf8")) || undefined;
  } catch {
    return undefined;
  }
}
