import assert from "node:assert/strict";
import { ipv6AddressOf, ipv6RangeOf, type Machine, planTopology, report, type Subnet } from "../../topology";
import { mermaid } from "../../topology/diagram/mermaid";
import { svg } from "../../topology/diagram/svg";

const RANGE = "2001:db8:1234:1a00::/56";

const planned = (settings: { zones?: number; addressRange?: string; ipv6?: boolean } = {}) =>
  planTopology({
    preset: "scale-up",
    stack: "test",
    domain: "www.foobar.com",
    addressRange: "10.20.0.0/16",
    size: { memory: 1024, cores: 2 },
    zones: 3,
    ipv6: true,
    ...settings,
  });

function addresses(topology: ReturnType<typeof planned>): Record<string, string> {
  const { addressRange, subnets = [] } = topology.network;
  return Object.fromEntries(
    topology.machines.map((machine: Machine) => {
      const subnet = subnets[machine.subnet as number] as Subnet;
      return [machine.name, ipv6AddressOf(subnet, machine, ipv6RangeOf(subnet, addressRange, RANGE))];
    }),
  );
}

describe("IPv6", () => {
  it("gives each subnet a /64 of its own in the network's /56", () => {
    const { addressRange, subnets = [] } = planned().network;
    assert.deepEqual(
      subnets.map((subnet) => ipv6RangeOf(subnet, addressRange, RANGE)),
      // the public ones, then the private ones; the fourth of each is for a fourth zone
      ["00", "01", "02", "04", "05", "06"].map((number) => `2001:db8:1234:1a${number}::/64`),
    );
  });

  it("gives each machine the place that its IPv4 address has, as people read it", () => {
    const topology = planned();
    const given = addresses(topology);
    assert.equal(given["lb-1"], "2001:db8:1234:1a00::11");
    assert.equal(given["lb-2"], "2001:db8:1234:1a01::11");
    assert.equal(new Set(Object.values(given)).size, topology.machines.length);
    for (const { name, address } of topology.machines) {
      assert.equal(given[name]?.split("::")[1], address.split(".")[3], name);
    }
  });

  it("keeps a machine's address when zones are added", () => {
    assert.equal(addresses(planned({ zones: 4 }))["lb-1"], addresses(planned())["lb-1"]);
    const [fewer, more] = [planned(), planned({ zones: 4 })].map(({ network }) =>
      network.subnets?.find(({ isPublic }) => !isPublic),
    );
    assert.deepEqual(fewer, more);
    assert.equal(
      ipv6RangeOf(fewer as Subnet, "10.20.0.0/16", RANGE),
      ipv6RangeOf(more as Subnet, "10.20.0.0/16", RANGE),
    );
  });

  it("refuses a range that no network of AWS has", () => {
    const { subnets = [] } = planned().network;
    assert.throws(() => ipv6RangeOf(subnets[0] as Subnet, "10.20.0.0/16", "2001:db8::/48"), /no \/56/);
  });

  it("stands in the plan and in the diagrams, where visitors may use it", async () => {
    const [without, topology] = [planned({ ipv6: false }), planned()];
    assert.match(report(topology), /By IPv6 they come to any load balancer, at an address of its own\./);
    assert.match(
      mermaid(topology),
      /address1\{\{"IPv6<br\/>an address of each one's own"\}\}[\s\S]*address1 --> kind0/,
    );
    assert.match(await svg(topology), />IPv6<.*>an address of each one's own</);
    for (const text of [report(without), mermaid(without), await svg(without)]) assert.doesNotMatch(text, /IPv6/);
  });
});
