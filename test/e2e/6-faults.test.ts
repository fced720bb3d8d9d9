// Faults of the highly available stack, one after the other, each healed before the next.
import assert from "node:assert/strict";
import { setTimeout as sleep } from "node:timers/promises";
import { cutOff, takesNoWrite } from "../faults/catalogue/network";
import { acknowledgedRowsAreEverywhere, holder, lab, machines, primary, visitors, whole } from "./group";
import { docker, eventually, highlyAvailable } from "./stack";

const { command, container, entry, leftovers, onMachine, removeSettings, start, writeSettings } = highlyAvailable;

/** Seconds of normal life before a fault, and for it to show. */
const BEFORE = 2;
const AFTER = 12;

/** Reads that a visitor may lose while another machine takes the address over: 3 s at ten a second. */
const LOST_WITH_THE_ADDRESS = 30;
/** Reads that a process had under way when it ended. */
const UNDER_WAY = 3;

async function attack(fault: () => Promise<unknown>, seconds = AFTER) {
  const running = visitors();
  await sleep(BEFORE * 1000);
  await fault();
  await sleep(seconds * 1000);
  return running.stop();
}

const others = (machine: string) => machines.filter((each) => each !== machine);
const kill = (machine: string) => container(machine).kill();
const answers = async (machine: string, path: string) =>
  (await onMachine(machine, "curl", "-so", "/dev/null", "-w", "%{http_code}", `http://127.0.0.1:9200${path}`)).output;

describe("the highly available stack, attacked,", function () {
  this.timeout(600_000);

  beforeEach(() => whole());
  after(async () => {
    await command("destroy", "--data");
    removeSettings();
  });

  const victims: [string, () => Promise<string>][] = [
    ["the primary's machine", primary],
    ["a replica's machine", async () => others(await primary()).find((each) => each !== "web-1") ?? ""],
    ["the machine that holds the address", holder],
  ];
  for (const [what, find] of victims) {
    it(`loses no write when ${what} is killed, and is whole again after npm start`, async () => {
      const victim = await find();
      const heldAddress = (await holder()) === victim;
      const { reads, writes, acknowledged } = await attack(() => kill(victim));
      assert.deepEqual(writes.failed, [], `of ${writes.total} writes`);
      assert.ok(reads.failed.length <= (heldAddress ? LOST_WITH_THE_ADDRESS : 0), reads.failed.join("\n"));
      await acknowledgedRowsAreEverywhere(acknowledged, others(victim));
      assert.notEqual((await command("status")).exitCode, 0, "a degraded stack must not look whole");

      await start();
      await whole();
      await acknowledgedRowsAreEverywhere(acknowledged);
    });
  }

  it("takes no write at a primary that is cut off, and finds the address again when that machine is back", async () => {
    // web-1 has the highest priority: back again, it goes on holding the address that another one told the neighbours of.
    const old = "web-1";
    if ((await primary()) !== old) assert.equal((await command("promote", old)).exitCode, 0);
    if ((await holder()) !== old) await onMachine(await holder(), "systemctl", "restart", "keepalived.service");
    await eventually(`${old} holds the address`, 10, async () => (await holder()) === old);
    const { reads, writes, acknowledged } = await attack(async () => {
      const plugIn = await cutOff(lab, old);
      await sleep(10_000);
      await takesNoWrite(lab, old).finally(plugIn);
    });
    assert.deepEqual(writes.failed, [], `of ${writes.total} writes`);
    assert.ok(reads.failed.length <= 2 * LOST_WITH_THE_ADDRESS, reads.failed.join("\n"));
    await whole(120);
    await acknowledgedRowsAreEverywhere(acknowledged);
    assert.equal((await onMachine(old, "mysql", "-NBe", "SHOW DATABASES LIKE 'split_brain'")).output, "");
  });

  it("loses no more than what is under way when HAProxy crashes", async () => {
    const machine = await holder();
    const { reads, writes } = await attack(() =>
      onMachine(machine, "sh", "-c", "kill -9 $(systemctl show -P MainPID haproxy)"),
    );
    assert.deepEqual(writes.failed, [], `of ${writes.total} writes`);
    assert.ok(reads.failed.length <= UNDER_WAY, reads.failed.join("\n"));
    await whole();
  });

  it("comes back by itself from services that are killed", async () => {
    for (const machine of machines) {
      const { writes, reads } = await attack(async () => {
        for (const service of ["haproxy", "keepalived", "nginx", "php8.4-fpm", "database-agent"])
          await onMachine(machine, "systemctl", "kill", "--signal=KILL", `${service}.service`);
      });
      assert.deepEqual(writes.failed, [], `${machine}: of ${writes.total} writes`);
      assert.ok(reads.failed.length <= LOST_WITH_THE_ADDRESS, reads.failed.join("\n"));
    }
    const { writes, acknowledged } = await attack(async () =>
      onMachine(await primary(), "systemctl", "kill", "--signal=KILL", "mysql.service"),
    );
    assert.deepEqual(writes.failed, [], `of ${writes.total} writes`);
    await whole();
    await acknowledgedRowsAreEverywhere(acknowledged);
  });

  it("loses nothing when all fail one after the other and the one with the oldest data comes first", async () => {
    const stale = others(await primary())[0] as string;
    const { acknowledged } = await attack(() => kill(stale), 10);
    await Promise.all(others(stale).map(kill));

    await container(stale).start();
    await sleep(20_000);
    assert.equal((await lab.statusOf(stale)).database.database.state, "OFFLINE", "it must not begin alone");
    assert.equal(await answers(stale, "/primary"), "503");

    await Promise.all(others(stale).map((machine) => container(machine).start()));
    await whole(120);
    await acknowledgedRowsAreEverywhere(acknowledged);
  });

  it("lets a machine that lost its disk begin nothing while the others are down", async () => {
    const { acknowledged } = await attack(async () => undefined, 2);
    await Promise.all(["web-2", "web-3"].map(kill));
    await kill("web-1");
    await container("web-1").remove({ v: false });
    const volume = (await leftovers()).volumes.find((each) => each.endsWith("web-1-data"));
    await docker.getVolume(volume as string).remove();

    // npm start starts the others and makes web-1 anew, with an empty disk.
    writeSettings();
    await start();
    await whole(120);
    await acknowledgedRowsAreEverywhere(acknowledged);
    assert.equal((await command("status")).exitCode, 0);
    assert.ok((await holder()) !== "", entry);
  });
});
