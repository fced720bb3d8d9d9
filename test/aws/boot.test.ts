import assert from "node:assert/strict";
import { setTimeout as sleep } from "node:timers/promises";
import { judgeReport } from "../../components/aws/readiness";
import { Cloud, type PlannedInstance } from "./cloud";
import { Aws } from "./lab";
import { bootMachine, isRunning, killMachine, makeNetwork, onMachine, RANGE, removeMachines } from "./machine-lab";
import { runStack } from "./preview";

const machineOf = ({ inputs }: PlannedInstance): string => inputs.tags["web-infrastructure.machine"];

/**
 * The program of the stack dev is brought up: what machines ask of AWS is in moto, and its instances are machines of the
 * Docker target that boot their user-data. They do so at once: that one waits for the other is shown elsewhere.
 */
describe("aws: the machines of dev, booted from their user-data", function () {
  this.timeout(600_000);
  let aws: Aws;
  let cloud: Cloud;

  before(async () => {
    aws = await Aws.start(makeNetwork());
    cloud = new Cloud(aws, async (instance) => bootMachine(aws, instance, cloud.publicAddress));
    await runStack("dev", { "web-infrastructure:addressRange": RANGE }, cloud, "up");
  });
  after(() => {
    aws?.stop();
    removeMachines();
  });

  /** What a machine has reported last, once that is ok or failed. */
  async function report(machine: string, instance: string, seconds = 400): Promise<string> {
    const end = Date.now() + seconds * 1000;
    for (;;) {
      const value = await cloud.parameter(`/web-infrastructure/dev/${machine}/ready`);
      if (new RegExp(`^${instance} (ok|failed)`).test(value)) return value;
      if (Date.now() > end) {
        const { output } = await onMachine(machine, "systemctl --failed; journalctl --no-pager -n 40");
        assert.fail(`${machine} reports "${value}"\n${output}`);
      }
      await sleep(500);
    }
  }

  /** The machine that the public address leads to, as moto knows it. */
  const holder = async (): Promise<string | undefined> => {
    const owner = await cloud.ec2("DescribeAddresses", {}, "networkInterfaceId");
    const instance = cloud.instances.find(({ interfaceId }) => interfaceId === owner);
    return instance && machineOf(instance);
  };
  /** How often a machine has taken the public address. */
  const takeOvers = async (machine: string): Promise<number> => {
    const { output } = await onMachine(machine, "journalctl --unit entry-address@1 --output cat --no-pager");
    return output.match(/the public address is ours/g)?.length ?? 0;
  };

  it("report that they are ready, each with its instance", async () => {
    assert.deepEqual(cloud.instances.map(machineOf), ["web-1", "web-2", "web-3"]);
    for (const instance of cloud.instances) {
      assert.equal(await report(machineOf(instance), instance.id), `${instance.id} ok`);
    }
  });

  it("have their data on the volume that outlives them, and one of them the public address", async () => {
    const { output } = await onMachine("web-1", "findmnt --noheadings --output FSTYPE /var/lib/mysql; machine-ready");
    assert.deepEqual(output.trim().split("\n"), ["ext4", "ready"]);
    assert.ok(await holder());
  });

  it("take the public address over when its machine loses power", async () => {
    const before = await holder();
    assert.ok(before);
    killMachine(before);
    const end = Date.now() + 60_000;
    while ((await holder()) === before) {
      assert.ok(Date.now() < end, "nobody has taken the address");
      await sleep(200);
    }
  });

  it("leave it where it is when two of them think that they hold the virtual IP", async () => {
    const alive = cloud.instances.map(machineOf).filter(isRunning);
    assert.equal(alive.length, 2);
    const counted = async () => (await Promise.all(alive.map(takeOvers))).reduce((sum, count) => sum + count, 0);
    const before = await counted();
    // as if they didn't hear each other any more
    await Promise.all(alive.map((name) => onMachine(name, `ip address replace ${cloud.virtualIp}/32 dev lo`)));
    await sleep(25_000);
    const after = await counted();
    // the one that didn't have it takes it; the other one sees that the site is served and leaves it there
    assert.ok(after - before <= 1, `taken ${after - before} times`);
    assert.ok(alive.includes((await holder()) as string));
  });

  it("report why, with the end of the log, when one can't be set up", async () => {
    const [first] = cloud.instances as [PlannedInstance];
    const machine = machineOf(first);
    await cloud.deleteParameters(`/web-infrastructure/dev/${machine}/secrets`);
    const again = { ...first, id: "i-0000000000000again" };
    killMachine(machine);
    bootMachine(aws, again, cloud.publicAddress);
    const value = await report(machine, again.id);
    assert.match(
      value,
      /failed [\s\S]*== 02-secrets\n[\s\S]*There are no secrets at \/web-infrastructure\/dev\/web-1\/secrets/,
    );
    // what the deployment ends with
    assert.throws(() => judgeReport(value, again.id), /can't be set up without help[\s\S]*There are no secrets/);
  });
});
