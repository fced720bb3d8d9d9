import { setTimeout as sleep } from "node:timers/promises";
import type { ContainerInspectInfo } from "dockerode";
import { UserError } from "../errors";
import type { CreateContext } from "../provider";
import { docker, unlessMissing } from "./docker-client";

/** A machine that was just changed, or restarted by itself, may take so long to be whole, in milliseconds. */
const PATIENCE = 120_000;
const POLL_INTERVAL = 1000;

/**
 * Waits until all other machines of a stack work, before one that works is taken away: with two of three away a database
 * group can't decide, and a site may have no server left. One that doesn't work may always be replaced.
 * @param others ids of the other containers, as the state has them
 * @throws UserError with who isn't well, when that lasts
 */
export async function waitForNeighbours(id: string, others: readonly string[], context: CreateContext): Promise<void> {
  const end = Date.now() + PATIENCE;
  for (;;) {
    context.signal.throwIfAborted();
    const own = await unlessMissing(docker().getContainer(id).inspect());
    if (!own || trouble(own) !== undefined) return;
    const unwell = await Promise.all(others.map(troubleOf));
    const reasons = unwell.filter((reason) => reason !== undefined);
    if (reasons.length === 0) return;
    if (Date.now() > end) {
      throw new UserError(
        `${own.Config.Hostname} works, but ${reasons.join(" and ")}: taking ${own.Config.Hostname} away as well could take the site ` +
          "down, so nothing more was changed. `npm run status` says what is wrong. With the settings as they were, `npm start` " +
          "makes anew what is gone; then try again.",
      );
    }
    context.progress(`waiting, because ${reasons.join(" and ")}`);
    await sleep(POLL_INTERVAL, undefined, { signal: context.signal }).catch(() => {});
  }
}

async function troubleOf(id: string): Promise<string | undefined> {
  const info = await unlessMissing(docker().getContainer(id).inspect());
  return info ? trouble(info) : "another machine is gone";
}

function trouble({ Config, State }: ContainerInspectInfo): string | undefined {
  if (!State.Running || State.Paused) return `${Config.Hostname} is ${State.Status}`;
  const health = State.Health?.Status ?? "healthy";
  return health === "healthy" ? undefined : `${Config.Hostname} is ${health}`;
}
