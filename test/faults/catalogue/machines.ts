import assert from "node:assert/strict";
import { setTimeout as sleep } from "node:timers/promises";
import { docker } from "../../e2e/stack";
import type { Allowed, Fault } from "../fault";
import { type Lab, machines, others } from "../lab";
import { replaceSmallVolumes } from "../volumes";

/** Whom it strikes: one machine each, never the primary and the holder of the address in one. */
const victims: Record<string, { what: string; find: (lab: Lab) => Promise<string>; allowed: Allowed }> = {
  // the group's own detection of a silent member takes 5.3 s of it; reads from its database are asked of another after 1 to 2 s
  primary: { what: "the primary", find: (lab) => lab.primary(), allowed: { readGap: 2, writeGap: 7, whole: 60 } },
  // a member that comes back makes the others wait while it joins: 2 to 3 s, as measured with no other load
  replica: { what: "a replica", find: (lab) => lab.replica(), allowed: { readGap: 2, writeGap: 4, whole: 60 } },
  // who speaks to the old holder at that moment loses the request: it can't be asked of another
  holder: {
    what: "the holder of the address",
    find: (lab) => lab.holder(),
    allowed: { failedReads: 10, readGap: 1, writeGap: 1, whole: 60 },
  },
};

/** A fault for each kind of victim. */
function each(
  name: string,
  what: string,
  seconds: number,
  strike: (lab: Lab, machine: string) => ReturnType<Fault["inject"]>,
  allow: Partial<Allowed> = {},
): Fault[] {
  return Object.entries(victims).map(([victim, { what: whom, find, allowed }]) => ({
    name: `${name}-${victim}`,
    group: "machine",
    what: `${what}: ${whom}`,
    seconds,
    inject: async (lab) => strike(lab, await find(lab)),
    allowed: { ...allowed, ...allow },
  }));
}

/** Its link goes down first: nobody gets a FIN or RST from it. */
export async function losePower(lab: Lab, machine: string): Promise<void> {
  await lab.run(machine, "ip link set eth0 down");
  await lab.kill(machine);
}

const startAll = (lab: Lab) => Promise.all(machines.map((machine) => lab.start(machine).catch(() => undefined)));

/** Longer than an election. */
const LOST = 12;

export const machineFaults: Fault[] = [
  ...each("power-loss", "Power loss", LOST, async (lab, machine) => {
    await losePower(lab, machine);
    return async () => {
      assert.notDeepEqual(await lab.problems(), [], "a degraded stack must not look whole");
      await lab.start(machine);
    };
  }),
  ...each("kill", "Killed", LOST, async (lab, machine) => {
    await lab.kill(machine);
    return () => lab.start(machine);
  }),
  ...each(
    "stop",
    "Stopped in order",
    LOST,
    async (lab, machine) => {
      await lab.container(machine).stop({ t: 60 });
      return () => lab.start(machine);
    },
    { failedReads: 0, writeGap: 3 },
  ),
  ...each("pause", "Paused for 15 s, then resumed", 15, async (lab, machine) => {
    await lab.container(machine).pause();
    return () => lab.container(machine).unpause();
  }),
  ...each(
    "restart",
    "Restarted in order",
    LOST,
    async (lab, machine) => {
      await lab.container(machine).restart({ t: 60 });
      return undefined;
    },
    { failedReads: 0, writeGap: 3 },
  ),
  {
    name: "two-of-three",
    group: "machine",
    what: "Power loss of two of three at once, the primary among them",
    seconds: LOST,
    async inject(lab) {
      const lost = machines.filter((machine) => machine !== "web-3");
      await Promise.all(lost.map((machine) => losePower(lab, machine)));
      return () => Promise.all(lost.map((machine) => lab.start(machine)));
    },
    // nobody may decide without a majority: writes fail until one of the two is back
    allowed: { failedReads: 1000, failedWrites: 1000, whole: 60 },
  },
  {
    name: "all-at-once",
    group: "machine",
    what: "Power loss of all three at once",
    seconds: 3,
    async inject(lab) {
      await Promise.all(machines.map((machine) => losePower(lab, machine)));
      return () => startAll(lab);
    },
    allowed: { failedReads: 1000, failedWrites: 1000, whole: 60 },
  },
  {
    name: "one-after-the-other",
    group: "machine",
    what: "Power loss of all three, 3 s between them",
    seconds: 3,
    async inject(lab) {
      for (const machine of machines) {
        await losePower(lab, machine);
        await sleep(3000);
      }
      return () => startAll(lab);
    },
    allowed: { failedReads: 1000, failedWrites: 1000, whole: 60 },
  },
  {
    name: "wiped",
    group: "machine",
    what: "A replica's machine is lost with its disk, and made anew by `npm start`",
    seconds: LOST,
    async inject(lab) {
      const machine = await lab.replica();
      await losePower(lab, machine);
      await wipe(lab, machine);
      return () => lab.stack.start();
    },
    allowed: { readGap: 2, writeGap: 4, whole: 60 },
  },
  {
    name: "two-lost-for-good",
    group: "machine",
    what: "Two of three are lost with their disks; an operator says so (`database-agent force-bootstrap`), then `npm start`",
    seconds: 0,
    async inject(lab) {
      const left = await lab.primary();
      await Promise.all(others(left).map((machine) => losePower(lab, machine)));
      await Promise.all(others(left).map((machine) => wipe(lab, machine)));
      // the group gives up waiting for its majority
      await sleep(17_000);
      await forceBootstrap(lab, left);
      return () => lab.stack.start();
    },
    allowed: { failedReads: 1000, failedWrites: 1000, whole: 60 },
  },
  {
    name: "oldest-first",
    group: "machine",
    what: "All three fail, and the one with the oldest data comes back first: it waits for the others",
    seconds: 0,
    async inject(lab) {
      const oldest = await lab.replica();
      await lab.kill(oldest);
      // the others go on without it
      await sleep(10_000);
      await Promise.all(others(oldest).map(lab.kill));
      await lab.start(oldest);
      await sleep(15_000);
      const { database } = (await lab.statusOf(oldest)).database;
      assert.equal(database.state, "OFFLINE", "it began alone");
      return () => startAll(lab);
    },
    allowed: { failedReads: 1000, failedWrites: 1000, whole: 60 },
  },
  {
    name: "wiped-in-outage",
    group: "machine",
    what: "All three fail, one of them loses its disk, `npm start` brings them back: the empty one begins nothing",
    seconds: 0,
    async inject(lab) {
      await Promise.all(machines.map(lab.kill));
      await wipe(lab, "web-1");
      return () => lab.stack.start();
    },
    allowed: { failedReads: 1000, failedWrites: 1000, whole: 60 },
  },
];

/** What an operator does whose other two machines are lost for good: docs/runbooks has the page. */
async function forceBootstrap(lab: Lab, machine: string): Promise<void> {
  const refused = await lab.onMachine(machine, "sh", "-c", "echo no | database-agent force-bootstrap");
  assert.notEqual(refused.exitCode, 0, "it went on without a confirmation");
  assert.match(refused.output, /does not answer: transactions that only it has are given up/);
  await lab.run(machine, `echo ${machine} | database-agent force-bootstrap`);
}

/** The machine and its disk are gone; it gets a new and empty one. */
async function wipe(lab: Lab, machine: string): Promise<void> {
  const volume = `${lab.container(machine).id}-data`;
  await lab.container(machine).remove({ v: false });
  await docker.getVolume(volume).remove();
  await replaceSmallVolumes(lab.stack.name);
}
