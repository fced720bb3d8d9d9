import { randomBytes } from "node:crypto";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import path from "node:path";

/** Below the project; neither `destroy` nor `destroy --data` touches it. */
const DIRECTORY = path.join(".state", "backups");

/**
 * Makes a directory for a stack's backups, and the password that opens them. Both outlive the stack: what is made after it
 * under the same name can restore its data.
 * @param directory where to, instead of below the project
 */
export function prepareBackups(stack: string, directory?: string): { directory: string; password: string } {
  const wanted = path.resolve(directory ?? path.join(DIRECTORY, stack));
  mkdirSync(wanted, { recursive: true, mode: 0o700 });
  mkdirSync(DIRECTORY, { recursive: true, mode: 0o700 });
  return { directory: wanted, password: readOrMake(path.join(DIRECTORY, `${stack}.password`)) };
}

function readOrMake(file: string): string {
  try {
    writeFileSync(file, `${randomBytes(24).toString("base64url")}\n`, { mode: 0o600, flag: "wx" });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error;
  }
  return readFileSync(file, "utf8").trim();
}
