import assert from "node:assert/strict";
import { type Preset, planTopology } from "../../topology";

const plan = (preset: Preset, addressRange: string, zones = 3) =>
  planTopology({
    preset,
    stack: "unit",
    domain: "www.foobar.com",
    addressRange,
    size: { memory: 1024, cores: 2 },
    zones,
  });

describe("availability zones", () => {
  it("get a public and a private part of the range each", () => {
    const { subnets = [] } = plan("distributed", "10.20.0.0/16").network;
    assert.deepEqual(
      subnets.map(({ range, zone, isPublic }) => `${range} ${zone} ${isPublic}`),
      [
        "10.20.0.0/19 0 true",
        "10.20.32.0/19 1 true",
        "10.20.64.0/19 2 true",
        "10.20.128.0/19 0 false",
        "10.20.160.0/19 1 false",
        "10.20.192.0/19 2 false",
      ],
    );
    assert.equal(subnets[0]?.gateway, "10.20.31.254");
  });

  it("take machines in turn; load balancers are public and have an address for the site beside their own", () => {
    const places = (preset: Preset, zones = 3) =>
      plan(preset, "10.20.0.0/16", zones).machines.map(
        ({ name, address, subnet, entryAddresses }) => `${name} ${address} ${subnet} ${entryAddresses}`,
      );
    assert.deepEqual(places("distributed"), [
      "lb-1 10.20.0.11 0 10.20.0.4",
      "web-1 10.20.128.11 3 undefined",
      "web-2 10.20.160.11 4 undefined",
    ]);
    assert.deepEqual(places("highly-available", 2), [
      "web-1 10.20.0.11 0 10.20.0.4",
      "web-2 10.20.32.11 1 10.20.32.4",
      "web-3 10.20.0.12 0 10.20.0.5",
    ]);
  });

  it("need a range of a certain size", () => {
    assert.equal(plan("distributed", "10.20.0.0/25").machines[0]?.address, "10.20.0.11");
    assert.throws(
      () => plan("distributed", "10.20.0.0/26"),
      /addressRange 10\.20\.0\.0\/26 is too small for 3 machines/,
    );
  });
});
