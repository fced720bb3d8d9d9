import { spawn } from "node:child_process";

/** `npm run faults`, `alerts`, `bench`: what works on a stack of its own, in a process of its own. Returns its exit code. */
export async function runSuite(
  root: string,
  name: "faults" | "alerts" | "bench",
  options: readonly string[],
): Promise<number> {
  const child = spawn(process.execPath, ["--import", "tsx", `test/${name}/main.ts`, ...options], {
    cwd: root,
    stdio: "inherit",
  });
  return new Promise((resolve, reject) => {
    child.once("error", reject);
    child.once("close", (code) => resolve(code ?? 1));
  });
}
