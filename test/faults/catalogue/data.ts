import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { setTimeout as sleep } from "node:timers/promises";
import { promisify } from "node:util";
import { eventually } from "../../e2e/stack";
import type { Fault } from "../fault";
import type { Lab } from "../lab";
import { losePower } from "./machines";

/** Does something to the files of a machine that is down. */
async function onDisk(lab: Lab, machine: string, script: string): Promise<void> {
  const { Image } = await lab.container(machine).inspect();
  const volume = `${lab.container(machine).id}-data`;
  const options = ["--rm", "--volume", `${volume}:/data`, "--entrypoint", "sh"];
  await promisify(execFile)("docker", ["run", ...options, Image, "-ec", script]);
}

const LATEST_LOG = "log=$(ls /data/binlog.0* | tail -n 1)";

/** @param help what an operator does when the machine is up again */
function damaged(
  name: string,
  what: string,
  script: string,
  allowed: Fault["allowed"],
  help?: (lab: Lab, machine: string, primary: string) => Promise<void>,
): Fault {
  return {
    name,
    group: "data",
    what,
    seconds: 12,
    async inject(lab) {
      const machine = await lab.replica();
      const primary = await lab.primary();
      await losePower(lab, machine);
      await onDisk(lab, machine, script);
      return async () => {
        await lab.start(machine);
        await help?.(lab, machine, primary);
      };
    },
    allowed,
  };
}

const ALLOWED = { readGap: 1, writeGap: 3, whole: 90 };

export const dataFaults: Fault[] = [
  damaged(
    "torn-log",
    "Power loss of a replica; the last event of its binary log is only half there",
    `${LATEST_LOG}; tail -c 300 "$log" | head -c 123 >>"$log"`,
    ALLOWED,
  ),
  damaged(
    "torn-log-committed",
    "Power loss of a replica whose disk lied: its binary log lacks the end of a transaction that was committed",
    `${LATEST_LOG}; truncate --size=-200 "$log"`,
    ALLOWED,
  ),
  damaged(
    "corrupt-page",
    "Power loss of a replica, and pages of a table are garbage on its disk: MySQL hangs or crashes at its start, the status says " +
      "that it isn't ready, an operator lets it take over the group's data (`database-agent copy-from`)",
    "dd if=/dev/urandom of=/data/application/messages.ibd bs=16384 seek=4 count=3 conv=notrunc status=none",
    { ...ALLOWED, whole: 120 },
    async (lab, machine, primary) => {
      // where nothing has to be recovered from that page, it is read later or never
      const isReady = async () => (await lab.onMachine(machine, "machine-ready")).exitCode === 0;
      const mended = await eventually(`${machine} is ready`, 30, isReady).then(
        () => true,
        () => false,
      );
      if (!mended) await lab.run(machine, `echo ${machine} | database-agent copy-from ${primary}`);
    },
  ),
  {
    name: "errant-transaction",
    group: "data",
    what: "A replica gets a transaction of its own; an operator lets it take over the group's data (`database-agent copy-from`)",
    seconds: 15,
    async inject(lab) {
      const machine = await lab.replica();
      const primary = await lab.primary();
      await lab.run(
        machine,
        `mysql <<'END'
STOP GROUP_REPLICATION;
SET GLOBAL super_read_only = OFF;
CREATE DATABASE errant;
END`,
      );
      return async () => {
        await eventually(`${machine} says what is wrong`, 10, async () => {
          const { reason } = (await lab.statusOf(machine)).database;
          return /has transactions that the group of .* lacks/.test(reason);
        });
        assert.notEqual((await lab.onMachine(machine, "machine-ready")).exitCode, 0);
        await sleep(1000);
        await lab.run(machine, `echo ${machine} | database-agent copy-from ${primary}`);
      };
    },
    allowed: { readGap: 1, writeGap: 3, whole: 60 },
  },
];
