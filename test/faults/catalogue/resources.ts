import assert from "node:assert/strict";
import { setTimeout as sleep } from "node:timers/promises";
import { fakeClock } from "../clock";
import type { Fault, Heal } from "../fault";
import type { Lab } from "../lab";

/** Nothing is filled that is larger than this, in MiB: the suite's stacks have small volumes, this computer's disk isn't ours. */
const LARGEST = 2048;

async function fill(lab: Lab, machine: string, directory: string): Promise<Heal> {
  const [size] = (await lab.run(machine, `df -BM --output=size ${directory} | tail -n 1`)).match(/\d+/) ?? [];
  assert.ok(Number(size) <= LARGEST, `${directory} on ${machine} has ${size} MiB: not filling that (see volumes.ts)`);
  const file = `${directory}/ballast`;
  // to the last block, reserved ones too
  await lab.run(
    machine,
    `fallocate -l $(df -B1 --output=avail ${directory} | tail -n 1) ${file} || true; cat /dev/zero >>${file} 2>/dev/null || true`,
  );
  return () => lab.run(machine, `rm ${file}`);
}

/** What a machine writes on its root disk, in directories: a container's root can't be made small. */
const WRITTEN = ["/tmp", "/var/tmp", "/var/log", "/var/lib/nginx"];

async function fillRoot(lab: Lab, machine: string): Promise<Heal> {
  for (const directory of WRITTEN) {
    await lab.run(
      machine,
      `mount -t tmpfs -o size=1m,mode=1777 fault ${directory}; cat /dev/zero >${directory}/ballast 2>/dev/null || true`,
    );
  }
  return () => lab.run(machine, `umount --lazy ${WRITTEN.join(" ")}`);
}

/** Many processes, each smaller than MySQL: the kernel ends the largest. */
const HOGS = `for i in $(seq 36); do
  python3 -c 'import time; x = bytearray(15 << 20); time.sleep(20)' >/dev/null 2>&1 &
done`;

/**
 * Nothing more can be opened than is open already: a limit is one for numbers, so it is the lowest that is free. Only a process
 * of the same user may say so.
 */
function descriptors(
  name: string,
  what: string,
  find: (lab: Lab) => Promise<string>,
  user: string,
  processes: string,
  allowed: Fault["allowed"],
): Fault {
  const limit = (soft: string) => `for process in $(${processes}); do
    setpriv --reuid=${user} --regid=${user} --clear-groups prlimit --pid "$process" --nofile="${soft}": || true
  done`;
  return {
    name,
    group: "resources",
    what,
    seconds: 15,
    async inject(lab) {
      const machine = await find(lab);
      await lab.run(
        machine,
        limit(`$(ls /proc/"$process"/fd | sort -n | awk '$1 != free { exit } { free++ } END { print free + 0 }')`),
      );
      return () => lab.run(machine, limit("4000"));
    },
    allowed,
  };
}

function clock(name: string, what: string, offset: string, isPrimary: boolean): Fault {
  return {
    name,
    group: "resources",
    what,
    seconds: 45,
    async inject(lab) {
      const machine = await lab.replica();
      const heal = await fakeClock(lab, machine, offset);
      await sleep(20_000);
      if (!isPrimary) return heal;
      const uuid = await lab.sql(machine, "SELECT @@server_uuid");
      await lab.sql(await lab.primary(), `SELECT group_replication_set_as_primary('${uuid}')`);
      return heal;
    },
    allowed: { readGap: 1, writeGap: 3, whole: 60 },
    unlike:
      "libfaketime in each service of the machine but HAProxy, restarted for it out of balancing; the kernel's clock is the host's",
  };
}

export const resourceFaults: Fault[] = [
  {
    name: "data-full-primary",
    group: "resources",
    what: "The primary's data volume is full",
    seconds: 30,
    inject: async (lab) => fill(lab, await lab.primary(), "/var/lib/mysql"),
    // until the agent gives the role away, writes wait in the database, and PHP has no worker left for some reads
    allowed: { failedReads: 20, readGap: 2, writeGap: 15, whole: 60 },
  },
  {
    name: "data-full-replica",
    group: "resources",
    what: "A replica's data volume is full",
    seconds: 30,
    inject: async (lab) => fill(lab, await lab.replica(), "/var/lib/mysql"),
    allowed: { readGap: 1, writeGap: 7, whole: 60 },
  },
  {
    name: "root-full-primary",
    group: "resources",
    what: "The root disk of the primary's machine is full",
    seconds: 20,
    inject: async (lab) => fillRoot(lab, await lab.primary()),
    allowed: { readGap: 1, writeGap: 7, whole: 60 },
    unlike: `full file systems over ${WRITTEN.join(", ")}: the root of a container can't be made small`,
  },
  {
    name: "memory-primary",
    group: "resources",
    what: "Memory is exhausted for 20 s on the primary's machine: the kernel kills the largest process, mysqld, again and again",
    seconds: 25,
    async inject(lab) {
      await lab.run(await lab.primary(), HOGS);
      return undefined;
    },
    allowed: { readGap: 1, writeGap: 9, whole: 60 },
  },
  {
    name: "cpu-primary",
    group: "resources",
    what: "The primary's machine gets a tenth of a core",
    seconds: 20,
    inject: async (lab) => starve(lab, await lab.primary()),
    allowed: { failedReads: 10, readGap: 2, writeGap: 9, whole: 60 },
  },
  {
    name: "cpu-holder",
    group: "resources",
    what: "The machine that holds the address gets a tenth of a core",
    seconds: 20,
    inject: async (lab) => starve(lab, await lab.holder()),
    allowed: { failedReads: 20, readGap: 5, writeGap: 9, whole: 60 },
  },
  clock("clock-ahead", "The clock of a machine is an hour ahead, and the machine becomes the primary", "+3600", true),
  // this stack is younger than that: its certificates aren't valid there yet
  clock(
    "clock-behind",
    "The clock of a machine is an hour behind: it stays out until its clock is right",
    "-3600",
    false,
  ),
  descriptors(
    "descriptors-mysql",
    "mysqld of the primary has no file descriptor left",
    (lab) => lab.primary(),
    "mysql",
    "pidof mysqld",
    { readGap: 1, writeGap: 15, whole: 60 },
  ),
  descriptors(
    "descriptors-haproxy",
    "HAProxy of the holder has no file descriptor left",
    (lab) => lab.holder(),
    "haproxy",
    "pgrep -u haproxy haproxy",
    { failedReads: 60, readGap: 6, writeGap: 6, whole: 60 },
  ),
  descriptors(
    "descriptors-nginx",
    "Nginx of a replica has no file descriptor left",
    (lab) => lab.replica(),
    "www-data",
    "pgrep -u www-data nginx",
    { readGap: 1, writeGap: 1, whole: 60 },
  ),
];

async function starve(lab: Lab, machine: string): Promise<Heal> {
  const { HostConfig } = await lab.container(machine).inspect();
  await lab.container(machine).update({ CpuQuota: (HostConfig.CpuPeriod || 100_000) / 10 });
  return () => lab.container(machine).update({ CpuQuota: HostConfig.CpuQuota });
}
