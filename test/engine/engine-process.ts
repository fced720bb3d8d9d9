import path from "node:path";
import { up } from "../../engine/engine";
import { Interrupted, messageOf } from "../../engine/errors";
import { interruptSignal } from "../../engine/interrupt";
import { lockStack } from "../../engine/lock";
import { Progress } from "../../engine/progress";
import { readProject } from "../../engine/project";
import { State } from "../../engine/state";
import { World } from "./world";

// The engine in a process of its own, so that a test can kill or interrupt it. Argument: the root of a bench.
async function main(): Promise<void> {
  const root = process.argv[2] as string;
  const signal = interruptSignal(() => undefined);
  const unlock = await lockStack(root, "local");
  try {
    await up({
      project: readProject(root, "local"),
      providers: new World(path.join(root, "world")).providers(),
      state: State.open(root, "test", "local"),
      progress: await Progress.create(),
      signal,
    });
  } finally {
    await unlock();
  }
}

main().catch((error) => {
  console.error(messageOf(error));
  process.exitCode = error instanceof Interrupted ? 130 : 1;
});
