import type { Topology } from "../../topology";
import { formsGroup, publishedMachine } from "../../topology";
import { UserError } from "../errors";
import type { Progress } from "../progress";
import { docker, unlessMissing } from "../providers/docker-client";
import { whyNotDrained } from "./drain";
import type { KnownMachine } from "./health";
import { primaryOf } from "./promote";

/**
 * The machines of a running stack that have to go before it can become another topology, in this order; all others are
 * replaced or removed by the program itself.
 * @param there the machines that there are
 * @throws UserError when the change would lose data, before anything is touched
 */
export function goesFirst(there: readonly KnownMachine[], topology: Topology): string[] {
  const planned = new Map(topology.machines.map((machine) => [machine.name, machine]));
  refuseLoss(there, topology);
  const wantedPorts = Object.values(topology.publishedPorts ?? {});
  const published = publishedMachine(topology)?.name;
  const leaving = there.filter((machine) => !planned.has(machine.name));
  const staying = there.filter((machine) => planned.has(machine.name));
  const first = leaving.filter((machine) => {
    const { name, roles, ports, address } = machine;
    return (
      // a member leaves its group in order while the others still know it
      roles.includes("database") ||
      // the others' firewalls are about to forget it, and requests would fail at it: it is drained while all know it
      (!roles.includes("load-balancer") && whyNotDrained(staying, machine) === "") ||
      (name !== published && ports.some((port) => wantedPorts.includes(port))) ||
      topology.machines.some((other) => other.address === address)
    );
  });
  for (const { name, address } of staying) {
    const other = topology.machines.find((machine) => machine.address === address && machine.name !== name);
    if (!other || leaving.some((machine) => machine.name === other.name)) continue;
    throw new UserError(
      `${other.name} is to have the address ${address}, which ${name} has and would have to give up first. Give ${other.name} a name ` +
        "whose address is its own, such as the next of web-1, lb-1, db-1, app-1 or monitor-1. Nothing was touched.",
    );
  }
  return first.map(({ name }) => name);
}

/** Throws a UserError when the databases that stay don't have what the present ones have, or can't take it over. */
function refuseLoss(there: readonly KnownMachine[], topology: Topology): void {
  const before = there.filter(({ roles }) => roles.includes("database"));
  const after = topology.machines.filter(({ roles }) => roles.includes("database")).map(({ name }) => name);
  // Not only those that are there: one that was lost, or not made yet when a start was interrupted, is no change.
  const were = new Set(before.flatMap(({ name, databases }) => [name, ...databases]));
  const isSame = were.size === after.length && after.every((name) => were.has(name));
  if (before.length === 0 || isSame) return;

  const stay = before.filter(({ name }) => after.includes(name));
  const names = (machines: readonly KnownMachine[]) => machines.map(({ name }) => name).join(", ");
  if (stay.length === 0) {
    throw new UserError(
      `This change would drop the last copy of the data: it is on ${names(before)}, and none of these stays a database machine ` +
        `(${after.join(", ")}). Keep one of them as a database machine until another has its data. Nothing was touched.`,
    );
  }
  const isGroup = formsGroup(topology.machines);
  const wasGroup = before.some(({ status }) => status?.database?.database?.group);
  if (wasGroup && !isGroup) {
    throw new UserError(
      `The databases of this stack form a group; ${after.length === 1 ? "one alone" : "a primary and its replica"} can't take over ` +
        "from it. Keep three database machines, or restore a backup into another stack of that topology. Nothing was touched.",
    );
  }
  const primary = primaryOf(before);
  if (!primary) {
    throw new UserError(
      `None of ${names(before)} says which database is the primary, so nobody knows who has all data. Put the topology back, ` +
        "`npm start`, and change it when `npm run status` shows no problem. Nothing was touched.",
    );
  }
  if (!wasGroup && !after.includes(primary)) {
    throw new UserError(
      `${primary} is the primary, and no database machine of the new topology: its data would be dropped. First ` +
        `\`npm run promote -- ${stay[0]?.name}\`. Nothing was touched.`,
    );
  }
  const unfit = stay.filter(({ status }) => !status?.database?.settled);
  if (unfit.length > 0) {
    throw new UserError(
      `${names(unfit)} isn't ready: ${unfit[0]?.status?.database?.reason ?? "it doesn't answer"}. The number of copies of the data ` +
        "changes only while all that stay are whole: see `npm run status`. Nothing was touched.",
    );
  }
}

/** Stops machines in order, which hands over what each holds, and removes them, one after the other. Their data stays. */
export async function removeFirst(
  names: readonly string[],
  there: readonly KnownMachine[],
  progress: Progress,
): Promise<void> {
  for (const { name, container } of names.flatMap((each) => there.find((machine) => machine.name === each) ?? [])) {
    progress.begin(`removing ${name}, which the new topology doesn't have`);
    const handle = docker().getContainer(container);
    // one that is stopped already says so by an error
    await handle.stop().catch(() => undefined);
    await unlessMissing(handle.remove({ force: true }));
    progress.done(`${name} drained, stopped and removed`);
  }
}
