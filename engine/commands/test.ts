import { spawn } from "node:child_process";
import { Progress } from "../progress";
import { ensureDocker } from "../setup/docker";
import { ensureMachineImage } from "../setup/image";
import { ensureTestTools } from "../setup/test-tools";

const ALL_TESTS = "test/**/*.test.ts";

/** `npm test`: the same set-up as `npm start`, then mocha. Returns mocha's exit code. */
export async function test(root: string, mochaArguments: readonly string[]): Promise<number> {
  const progress = await Progress.create();
  const show = (message: string) => progress.note(message);
  progress.begin("setting up Docker");
  await ensureDocker(show);
  progress.begin("machine image");
  const image = await ensureMachineImage(show);
  progress.begin("test tools");
  for (const reason of await ensureTestTools(show)) progress.say(`  not run: ${reason}`);
  progress.stop();

  const files = mochaArguments.some((argument) => argument.endsWith(".ts")) ? [] : [ALL_TESTS];
  const mocha = [
    require.resolve("mocha/bin/mocha.js"),
    "--import=tsx",
    "--reporter",
    "test/reporter.cjs",
    "--timeout=30s",
  ];
  const child = spawn(process.execPath, [...mocha, ...mochaArguments, ...files], {
    cwd: root,
    stdio: "inherit",
    env: { ...process.env, MACHINE_IMAGE: image.name },
  });
  return new Promise((resolve, reject) => {
    child.once("error", reject);
    child.once("close", (code) => resolve(code ?? 1));
  });
}
