import assert from "node:assert/strict";
import { cpSync, mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { eventually } from "../../e2e/stack";
import type { Fault } from "../fault";
import { type Lab, machines } from "../lab";

/** Of how requests are balanced: a value that each change of the machines changes, and nothing else does. */
let balance = "roundrobin";

/** A change that replaces all machines, one after the other. */
function changeMachines(lab: Lab): void {
  balance = balance === "random" ? "leastconn" : "random";
  settings(lab);
}

/** Another version of the application: it is switched on all machines that serve it, one after the other. */
function changeApplication(lab: Lab, file: string, content: string): void {
  const application = mkdtempSync(join(tmpdir(), "changed-app-"));
  cpSync("app", application, { recursive: true });
  writeFileSync(join(application, file), content);
  settings(lab, { app: application });
}

/** The stack's settings with the machines as they are. */
function settings(lab: Lab, more: Record<string, unknown> = {}): void {
  lab.stack.writeSettings({ balance, ...more });
}

const ids = (lab: Lab) => Promise.all(machines.map(async (machine) => (await lab.container(machine).inspect()).Id));

/** An orderly change costs nobody a request. A machine after the other takes its time. */
const NOTHING_FAILS = { readGap: 1, writeGap: 4, whole: 180 };

export const operationFaults: Fault[] = [
  {
    name: "rolling-update",
    group: "operations",
    what: "A change goes through all machines",
    seconds: 0,
    async inject(lab) {
      changeMachines(lab);
      const output = await lab.stack.start();
      assert.match(output, /3 replaced/);
      return undefined;
    },
    allowed: NOTHING_FAILS,
  },
  {
    name: "update-while-down",
    group: "operations",
    what: "A change while a replica's machine is down: it is started first",
    seconds: 0,
    async inject(lab) {
      await lab.kill(await lab.replica());
      changeMachines(lab);
      const output = await lab.stack.start();
      assert.match(output, /3 replaced/);
      return undefined;
    },
    allowed: NOTHING_FAILS,
  },
  {
    name: "two-updates",
    group: "operations",
    what: "Two changes at once: the second is refused",
    seconds: 0,
    async inject(lab) {
      changeMachines(lab);
      const first = lab.stack.startCommand("start");
      await sleep(5000);
      const second = await lab.stack.command("start");
      assert.notEqual(second.exitCode, 0);
      assert.match(second.output, /Another run is at work/);
      const { exitCode, output } = await first.finished;
      assert.equal(exitCode, 0, output);
      return undefined;
    },
    allowed: NOTHING_FAILS,
  },
  {
    name: "update-interrupted",
    group: "operations",
    what: "A change is interrupted half-way by kill -9, and repeated",
    seconds: 0,
    async inject(lab) {
      changeMachines(lab);
      const before = await ids(lab);
      const first = lab.stack.startCommand("start");
      // the first machine is through, the second is just being made
      await eventually("web-2 is being replaced", 180, async () => {
        const { Id, State } = await lab.container("web-2").inspect();
        return Id !== before[1] && State.Running;
      });
      process.kill(-(first.process.pid as number), "SIGKILL");
      await first.finished;
      await sleep(3000);
      await lab.stack.start();
      const after = await ids(lab);
      assert.equal(after.filter((id) => before.includes(id)).length, 0, "not all machines were replaced");
      return undefined;
    },
    allowed: NOTHING_FAILS,
  },
  {
    name: "new-version",
    group: "operations",
    what: "Another version of the application: switched on each machine while it serves",
    seconds: 0,
    async inject(lab) {
      changeApplication(lab, "public/version.txt", `${new Date().toISOString()}\n`);
      const output = await lab.stack.start();
      assert.match(output, /3 changed/);
      assert.doesNotMatch(output, /replaced/);
      return undefined;
    },
    allowed: { readGap: 1, writeGap: 1, whole: 30 },
  },
  ...bad("bad-migration", "a migration that fails", "migrations/999-bad.sql", "THIS IS NO SQL;\n"),
  ...bad("bad-page", "a page that can't be made", "public/index.php", "<?php this is no PHP\n"),
  {
    name: "bad-configuration",
    group: "operations",
    what: "A change that goes through all machines, with which none gets ready: it stops at the first; rolled back by the old settings",
    seconds: 0,
    async inject(lab) {
      const before = await ids(lab);
      const good = balance;
      changeMachines(lab);
      changeApplication(lab, "migrations/999-bad.sql", "THIS IS NO SQL;\n");
      const { exitCode, output } = await lab.stack.command("start");
      assert.notEqual(exitCode, 0, "the bad configuration was taken for good");
      assert.match(output, /web-1/);
      assert.deepEqual((await ids(lab)).slice(1), before.slice(1), "it went on to the second machine");
      return async () => {
        balance = good;
        settings(lab);
        await lab.stack.start();
      };
    },
    allowed: { ...NOTHING_FAILS, whole: 120 },
  },
];

function bad(name: string, what: string, file: string, content: string): Fault[] {
  return [
    {
      name,
      group: "operations",
      what: `A version of the application with ${what}: refused by the first machine; rolled back by the old settings`,
      seconds: 0,
      async inject(lab) {
        changeApplication(lab, file, content);
        const { exitCode, output } = await lab.stack.command("start");
        assert.notEqual(exitCode, 0, "the bad version was taken for good");
        assert.match(output, /web-1 did not take the new version/);
        return async () => {
          settings(lab);
          await lab.stack.start();
        };
      },
      allowed: { readGap: 1, writeGap: 1, whole: 30 },
    },
  ];
}
