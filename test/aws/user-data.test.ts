import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { awsMachineFiles, packUserData, renderAwsUserData } from "../../cloud-init";
import { USER_DATA_LIMIT } from "../../cloud-init/compress";
import { type Machine, planTopology, presetNames, type Topology } from "../../topology";
import { file, runInMachineImage } from "../cloud-init/machine-image";
import { manyMachines, planOnAws } from "../topology/many-machines";
import { inputs, previewStack } from "./preview";

const render = (topology: Topology, machine: Machine) =>
  renderAwsUserData(topology, machine, {
    inUserData: awsMachineFiles(topology, machine, "public").inUserData,
    packagesInstalled: false,
    places: {
      stack: "unit",
      region: "eu-central-1",
      parameters: `/unit/${machine.name}`,
      application: "/unit/application",
    },
    programs: { address: `s3://bucket/programs/${machine.name}`, sha256: "0".repeat(64) },
  });

/** One machine for each different set of roles. */
const kinds = (topology: Topology) => [
  ...new Map(topology.machines.map((machine) => [machine.roles.join(), machine])).values(),
];

describe("aws: user-data", function () {
  this.timeout(120_000);

  it("of every preset and each kind of its machines is what cloud-init understands", () => {
    const files = presetNames.flatMap((preset) => {
      const topology = planTopology({ ...planOnAws, preset });
      return kinds(topology).map((machine) => file(`/tmp/${preset}-${machine.name}`, render(topology, machine)));
    });
    assert.ok(files.length > presetNames.length);
    const { status, output } = runInMachineImage(
      files,
      files.map(({ path }) => `cloud-init schema --config-file ${path}`).join(" && "),
    );
    assert.equal(status, 0, output);
    assert.doesNotMatch(output, /[Dd]eprecat/);
  });

  it("stays below 12 KiB in a topology of 60 machines: a quarter of what EC2 takes is left", () => {
    const topology = planTopology({ ...planOnAws, machines: manyMachines(60) });
    assert.equal(topology.machines.length, 60);
    for (const machine of kinds(topology)) {
      const { inUserData } = awsMachineFiles(topology, machine, "public");
      const { length } = Buffer.from(packUserData(machine.name, render(topology, machine), inUserData), "base64");
      assert.ok(length <= 12 * 1024, `${machine.name}: ${length} bytes`);
    }
  });

  it("fits into what EC2 takes, with room for a twentieth more, whatever the settings turn on", async () => {
    const everything = {
      ipv6: "true",
      certificate: "acme",
      acmeEmail: "somebody@example.com",
      loadBalancers: "active-active",
      stickySessions: "true",
      slowStart: "30",
      alertEmail: "somebody@example.com",
      alertSmtp: "smtps://user:password@smtp.example.com",
      alertWebhook: "https://example.com/hook",
      alertTopic: "arn:aws:sns:eu-central-1:123456789012:alerts",
    };
    const settings = Object.entries(everything).map(([name, value]) => [`web-infrastructure:${name}`, value]);
    const instances = inputs(await previewStack("dev", Object.fromEntries(settings)), "aws:ec2/instance:Instance");
    assert.equal(Object.keys(instances).length, 3);
    for (const [name, { userDataBase64 }] of Object.entries(instances)) {
      const { length } = Buffer.from(userDataBase64, "base64");
      assert.ok(length * 1.05 <= USER_DATA_LIMIT, `${name}: ${length} bytes`);
    }
  });

  it("is the same, byte for byte, on every computer", () => {
    const topology = planTopology({ ...planOnAws, preset: "simple" });
    const packed = () => {
      const machine = topology.machines[0] as Machine;
      return packUserData(machine.name, render(topology, machine), []);
    };
    const digest = (text: string) => createHash("sha256").update(text).digest("hex");
    assert.equal(digest(packed()), digest(packed()));
    // neither the time nor the platform is in gzip's header (RFC 1952, 2.3)
    assert.deepEqual([...Buffer.from(packed(), "base64").subarray(4, 8)], [0, 0, 0, 0]);
  });
});
