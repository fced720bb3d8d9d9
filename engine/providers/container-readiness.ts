import { setTimeout as sleep } from "node:timers/promises";
import type { Container, ContainerInspectInfo } from "dockerode";
import { UserError } from "../errors";
import type { CreateContext } from "../provider";
import { machineReport } from "./machine-report";

/** How often the state is asked for; the health check itself runs every second. */
const POLL_MILLISECONDS = 300;
/** The health check's way to say that waiting is of no use: the set-up failed. */
const FAILED_FOR_GOOD = 2;
/** A container that Docker started again and again isn't going to come up. */
const MOST_RESTARTS = 2;

export interface Waiting {
  /** What a person calls the machine, such as `web-1`. */
  readonly machine: string;
  readonly timeoutSeconds: number;
  /** Hides secrets in everything that is shown. */
  redact(text: string): string;
}

/**
 * Waits until the container is healthy and shows what the health check says meanwhile. Throws an Error with the end of
 * the machine's log when it stops, when its health check says that it failed for good, and after the time-out; rejects
 * with the signal's reason when a person interrupts.
 */
export async function waitUntilHealthy(container: Container, waiting: Waiting, context: CreateContext): Promise<void> {
  const end = Date.now() + waiting.timeoutSeconds * 1000;
  let shown: string | undefined;
  for (;;) {
    context.signal.throwIfAborted();
    const info = await container.inspect();
    if (info.State.Health?.Status === "healthy") return;
    const last = waiting.redact(lastCheck(info)?.output ?? "");
    const problem = hopeless(info) ?? (Date.now() > end ? `is not ready after ${waiting.timeoutSeconds} s` : undefined);
    if (problem) throw await failure(container, waiting, problem, last);
    const message = `waiting: ${last.split("\n")[0] || "the machine is booting"}`;
    if (message !== shown) context.progress(message);
    shown = message;
    await sleep(POLL_MILLISECONDS, undefined, { signal: context.signal }).catch(() => {});
  }
}

function hopeless(info: ContainerInspectInfo): string | undefined {
  if (lastCheck(info)?.exitCode === FAILED_FOR_GOOD) return "failed to set itself up";
  if (info.RestartCount > MOST_RESTARTS) return "stops as soon as it is started";
  return info.State.Running || info.State.Restarting ? undefined : "stopped";
}

/** The newest result of the health check. A check that isn't there yet has nothing to say. */
function lastCheck(info: ContainerInspectInfo): { exitCode: number; output: string } | undefined {
  const last = info.State.Health?.Log?.at(-1);
  if (!last) return undefined;
  const missing = /^OCI runtime exec failed|no such file or directory/.test(last.Output);
  return { exitCode: last.ExitCode, output: missing ? "" : last.Output.trim() };
}

async function failure(container: Container, waiting: Waiting, problem: string, lastOutput: string): Promise<Error> {
  const report = waiting.redact(await machineReport(container));
  return new UserError(
    [
      `${waiting.machine} ${problem}.`,
      ...(lastOutput ? [`--- health check\n${lastOutput}`] : []),
      ...(report ? [report] : []),
    ].join("\n"),
  );
}
