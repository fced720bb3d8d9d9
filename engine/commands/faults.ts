import { spawn } from "node:child_process";

/** `npm run faults`: the fault suite, in a process of its own. Returns its exit code. */
export async function runFaults(root: string, options: readonly string[]): Promise<number> {
  const child = spawn(process.execPath, ["--import", "tsx", "test/faults/main.ts", ...options], {
    cwd: root,
    stdio: "inherit",
  });
  return new Promise((resolve, reject) => {
    child.once("error", reject);
    child.once("close", (code) => resolve(code ?? 1));
  });
}
