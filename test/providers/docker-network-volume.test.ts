import assert from "node:assert/strict";
import { networkInterfaces } from "node:os";
import { overlapping, routedRanges } from "../../engine/providers/address-range";
import { docker } from "../../engine/providers/docker-client";
import { create, labels, network, networkInputs, RANGE, recorder, removeEverything, STACK, volume } from "./docker-lab";

describe("Docker networks of the built-in engine", function () {
  this.timeout(20_000);
  beforeEach(removeEverything);
  after(removeEverything);

  it("are made with their range and labels, found, and deleted", async () => {
    const { id } = await create(network, networkInputs);
    const { IPAM, Labels } = await docker().getNetwork(id).inspect();
    assert.deepEqual(IPAM?.Config, [{ Subnet: RANGE, Gateway: "172.31.20.1", IPRange: "172.31.20.224/27" }]);
    assert.deepEqual(Labels, { "web-infrastructure.stack": STACK });
    const inputs = network.check(networkInputs);
    assert.equal(await network.find?.(inputs), id);

    await network.delete(id, inputs, recorder());
    assert.equal(await network.read?.(id, inputs), undefined);
    await network.delete(id, inputs, recorder());
  });

  it("of somebody else with the same name are left alone", async () => {
    const foreign = await docker().createNetwork({ Name: networkInputs.name });
    try {
      await assert.rejects(
        create(network, networkInputs),
        /network with the name \S+ exists, but it isn't part of this/,
      );
      assert.equal(await network.find?.(network.check(networkInputs)), undefined);
      await foreign.inspect();
    } finally {
      await foreign.remove();
    }
  });

  it("with a range that another one has are refused, saying which and what to change", async () => {
    await create(network, networkInputs);
    const inside = { ...networkInputs, name: `${STACK}-other`, ipamConfigs: [{ subnet: "172.31.20.128/25" }] };
    await assert.rejects(
      create(network, inside),
      /172\.31\.20\.128\/25 is in use: the Docker network test-providers-network has .*web-infrastructure:addressRange/,
    );
  });

  it("with a range of the host's own network are refused", async () => {
    const own = Object.entries(networkInterfaces())
      .filter(([name]) => !/^(docker|br-|veth)/.test(name))
      .flatMap(([, addresses]) => addresses ?? [])
      .find(({ family }) => family === "IPv4");
    const subnet = own?.cidr ?? "";
    await assert.rejects(
      create(network, { ...networkInputs, ipamConfigs: [{ subnet }] }),
      /is in use: the network interface \S+ has/,
    );
  });

  it("a range that a route of the host leads to counts as used, the default route doesn't", () => {
    const table = [
      "Iface\tDestination\tGateway\tFlags\tRefCnt\tUse\tMetric\tMask\tMTU\tWindow\tIRTT",
      "eth0\t00000000\t010011AC\t0003\t0\t0\t0\t00000000\t0\t0\t0",
      "tun0\t0000100A\t00000000\t0001\t0\t0\t0\t0000FFFF\t0\t0\t0",
    ].join("\n");
    const used = routedRanges(table);
    assert.equal(overlapping("10.16.3.0/24", used)?.by, "a route through tun0");
    assert.equal(overlapping("10.17.0.0/24", used), undefined);
  });

  it("every change needs a new network", () => {
    const inputs = network.check(networkInputs);
    const changed = network.check({ ...networkInputs, ipamConfigs: [{ subnet: "172.31.21.0/24" }] });
    assert.deepEqual(network.diff(inputs, changed, {}), { changed: ["ipamConfigs"], replace: ["ipamConfigs"] });
  });
});

describe("Docker volumes of the built-in engine", function () {
  this.timeout(20_000);
  const inputs = { name: `${STACK}-data`, labels };
  beforeEach(removeEverything);
  after(removeEverything);

  it("of the stack are taken over", async () => {
    const first = await create(volume, inputs);
    const context = recorder();
    const second = await create(volume, inputs, context);
    assert.equal(second.outputs.mountpoint, first.outputs.mountpoint);
    assert.deepEqual(context.shown, ["exists already: its data is kept"]);
  });

  it("of somebody else with the same name are left alone", async () => {
    await docker().createVolume({ Name: inputs.name });
    try {
      await assert.rejects(create(volume, inputs), /volume with the name \S+ exists, but it isn't part of this stack/);
    } finally {
      await docker().getVolume(inputs.name).remove();
    }
  });

  it("are deleted, and deleting what is gone succeeds", async () => {
    const { id, outputs } = await create(volume, inputs);
    await volume.delete(id, outputs, recorder());
    assert.equal(await volume.read?.(id, outputs), undefined);
    await volume.delete(id, outputs, recorder());
  });
});
