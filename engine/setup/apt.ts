import { setTimeout as sleep } from "node:timers/promises";
import { UserError } from "../errors";
import { type CommandResult, runCommand } from "./command";

/** Shows one line of what is going on. */
export type Show = (message: string) => void;

/** Another apt or dpkg may be at work, such as the automatic upgrades of a machine that has just booted. */
const LOCK_TIMEOUT_SECONDS = 300;
const LOCK_RETRY_MILLISECONDS = 3_000;

/** Installs Debian packages without asking anything. Throws an Error with the end of apt's output when it fails. */
export async function installPackages(packages: readonly string[], show: Show): Promise<void> {
  show(`installing ${packages.join(", ")}`);
  // An outdated or missing list of packages is the usual reason for an installation to fail. That the update fails
  // needn't be: somebody's third-party source may be broken.
  const update = await aptGet(["update", "-qq"], show);
  const install = await aptGet(["install", "-y", "-qq", "--no-install-recommends", ...packages], show);
  if (install.exitCode === 0) return;
  const reason = update.exitCode === 0 ? "" : `\n(before, \`apt-get update\` failed:\n${update.log})`;
  throw new UserError(
    `Installing ${packages.join(", ")} failed. \`apt-get install ${packages.join(" ")}\` shows why:\n${install.log}${reason}`,
  );
}

/** Whether apt knows a package of this name. */
export async function isAvailable(packageName: string): Promise<boolean> {
  return (await runCommand("apt-cache", ["show", packageName])).exitCode === 0;
}

async function aptGet(args: readonly string[], show: Show): Promise<CommandResult> {
  const end = Date.now() + LOCK_TIMEOUT_SECONDS * 1000;
  for (;;) {
    const result = await runCommand("apt-get", ["-o", `DPkg::Lock::Timeout=${LOCK_TIMEOUT_SECONDS}`, ...args], {
      env: { DEBIAN_FRONTEND: "noninteractive" },
    });
    // apt's option waits for dpkg's lock only, not for the one on its own lists.
    const locked = result.exitCode !== 0 && /Could not get lock|Unable to lock/.test(result.log);
    if (!locked || Date.now() > end) return result;
    show("waiting for another apt to finish");
    await sleep(LOCK_RETRY_MILLISECONDS);
  }
}
