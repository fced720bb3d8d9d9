import assert from "node:assert/strict";
import {
  creationOrder,
  entryAddresses,
  flows,
  type Machine,
  machinesWith,
  planTopology,
  singlePointsOfFailure,
  type Topology,
} from "../../topology";

const size = { memory: 1024, cores: 2 };

function distributed(addressRange = "172.30.0.0/24"): Topology {
  return planTopology({ preset: "distributed", stack: "test", domain: "www.foobar.com", addressRange, size });
}

const highlyAvailable = (): Topology =>
  planTopology({
    preset: "highly-available",
    stack: "test",
    domain: "www.foobar.com",
    addressRange: "172.30.0.0/24",
    size,
  });

/** What the next presets will be like, to see that nothing here knows the machines of `distributed`. */
function topologyOf(machines: Omit<Machine, "size">[]): Topology {
  return { ...distributed(), machines: machines.map((machine) => ({ ...machine, size })) };
}

const everyRole = ["load-balancer", "web", "application", "database"] as const;

describe("topology", () => {
  it("gives each machine of `distributed` a fixed address, outside the dynamic part", () => {
    const topology = distributed();
    assert.deepEqual(
      topology.machines.map(({ name, address }) => [name, address]),
      [
        ["lb-1", "172.30.0.51"],
        ["web-1", "172.30.0.11"],
        ["web-2", "172.30.0.12"],
      ],
    );
    assert.deepEqual(topology.network, {
      addressRange: "172.30.0.0/24",
      gateway: "172.30.0.1",
      dynamicRange: "172.30.0.224/27",
    });
  });

  it("gives a machine the address of its name, which it keeps in every topology of the same range", () => {
    const addresses = (names: string[], addressRange = "172.30.0.0/24") => {
      const machines = names.map((name) => ({ name, roles: everyRole }));
      const planned = planTopology({ machines, stack: "test", domain: "www.foobar.com", addressRange, size });
      return planned.machines.map(({ address }) => address.replace("172.30.0.", ""));
    };
    assert.deepEqual(addresses(["web-1", "web-2", "lb-1"]), ["11", "12", "51"]);
    assert.deepEqual(addresses(["lb-1", "web-2", "monitor-1"]), ["51", "12", "171"]);
    assert.deepEqual(addresses(["web-1", "alice", "web-41"]), ["11", "223", "222"], "other names get what is left");
    assert.deepEqual(addresses(["web-3", "lb-2", "db-3"], "172.30.0.0/27"), ["13", "15", "19"]);
  });

  it("fits into the smallest range it accepts, and into one that doesn't start at a full byte", () => {
    assert.deepEqual(distributed("10.1.2.96/27").network, {
      addressRange: "10.1.2.96/27",
      gateway: "10.1.2.97",
      dynamicRange: "10.1.2.124/30",
    });
    assert.equal(distributed("192.168.0.0/16").machines[2]?.address, "192.168.0.12");
  });

  it("has one primary, and its replica on another machine", () => {
    const databases = machinesWith(distributed(), "database");
    assert.deepEqual(
      databases.map(({ name, databaseRole }) => [name, databaseRole]),
      [
        ["web-1", "primary"],
        ["web-2", "replica"],
      ],
    );
  });

  for (const [range, problem] of [
    ["fd00::/64", /IPv6.*172\.30\.0\.0\/24/],
    ["172.30.0.0", /not a range in CIDR notation/],
    ["172.30.0.0/33", /not a range in CIDR notation/],
    ["172.30/24", /not a range in CIDR notation/],
    ["172.30.0.5/24", /Write 172\.30\.0\.0\/24/],
    ["8.8.8.0/24", /not private/],
    ["172.30.0.0/28", /too small/],
    ["10.0.0.0/8", /too large/],
    ["172.0.0.0/8", /not private/],
  ] as const) {
    it(`refuses the address range ${range}, and says what to write instead`, () => {
      assert.throws(() => distributed(range), problem);
    });
  }

  it("refuses an unknown preset, and lists the known ones", () => {
    assert.throws(
      () =>
        planTopology({ preset: "pyramid" as never, stack: "test", domain: "x.org", addressRange: "10.0.0.0/24", size }),
      /"pyramid" is unknown.*distributed/,
    );
  });

  it("opens to the internet nothing but ports 80 and 443 of the load balancers", () => {
    const open = flows(distributed()).filter(({ from }) => from === "internet");
    assert.deepEqual(
      open.map(({ to, port }) => [to, port]),
      [
        ["load-balancer", 80],
        ["load-balancer", 443],
      ],
    );
  });

  it("lets only application and database machines talk to a database", () => {
    const senders = flows(distributed())
      .filter(({ to }) => to === "database")
      .map(({ from, port }) => `${from} ${port}`);
    assert.deepEqual(senders, ["application 3306", "application 9200", "database 3306", "database 9200"]);
  });

  it("has no flow from or to a role that no machine has", () => {
    const topology = topologyOf([{ name: "site", roles: ["load-balancer", "web"], address: "172.30.0.11" }]);
    assert.deepEqual(new Set(flows(topology).map(({ port }) => port)), new Set([80, 443, 8080]));
  });

  it("creates databases first, the primary before its replica, and load balancers last", () => {
    assert.deepEqual(
      creationOrder(distributed()).map(({ name }) => name),
      ["web-1", "web-2", "lb-1"],
    );
    const tiers = topologyOf([
      { name: "lb-1", roles: ["load-balancer"], address: "172.30.0.11" },
      { name: "web-1", roles: ["web"], address: "172.30.0.12" },
      { name: "app-1", roles: ["application"], address: "172.30.0.13" },
      { name: "db-1", roles: ["database"], databaseRole: "replica", address: "172.30.0.14" },
      { name: "db-2", roles: ["database"], databaseRole: "primary", address: "172.30.0.15" },
    ]);
    assert.deepEqual(
      creationOrder(tiers).map(({ name }) => name),
      ["db-2", "db-1", "app-1", "web-1", "lb-1"],
    );
  });

  it("makes a machine when what it needs is there, whatever else it does, and refuses a list where that never is", () => {
    const planned = (machines: Pick<Machine, "name" | "roles">[]) =>
      planTopology({ machines, stack: "test", domain: "www.foobar.com", addressRange: "172.30.0.0/24", size });
    const mixed = planned([
      { name: "lb-1", roles: ["load-balancer", "application"] },
      { name: "web-1", roles: ["web"] },
      { name: "app-1", roles: ["application"] },
      { name: "db-1", roles: ["database"] },
    ]);
    assert.deepEqual(
      creationOrder(mixed).map(({ name }) => name),
      ["db-1", "app-1", "web-1", "lb-1"],
    );
    assert.throws(
      () =>
        planned([
          { name: "lb-1", roles: ["load-balancer", "application"] },
          { name: "web-1", roles: ["web"] },
          { name: "db-1", roles: ["database"] },
        ]),
      /gives lb-1 the roles load-balancer, application: it can't be ready before a machine with the role web is/,
    );
    assert.throws(
      () =>
        planned([
          { name: "lb-1", roles: ["load-balancer", "database"] },
          { name: "web-1", roles: ["web", "application"] },
        ]),
      /gives lb-1 .*with the role web is.*Give lb-1 that role as well/,
    );
  });

  it("names the load balancer and the primary of `distributed` as single points of failure, with what people notice", () => {
    assert.deepEqual(
      singlePointsOfFailure(distributed()).map(({ name, consequence }) => `${name}: ${consequence}`),
      ["lb-1: the site can't be reached", "web-1: read-only until the primary is back, or `npm run promote`"],
    );
  });

  it("finds none in highly-available", () => {
    assert.deepEqual(singlePointsOfFailure(highlyAvailable()), []);
  });

  it("reserves a virtual IP below the machines where load balancers share one, and enters by it", () => {
    assert.deepEqual(highlyAvailable().virtualIps, [
      { address: "172.30.0.10", holders: ["web-1", "web-2", "web-3"], returns: false },
    ]);
    assert.deepEqual(entryAddresses(highlyAvailable()), ["172.30.0.10"]);
    assert.deepEqual(distributed().virtualIps, []);
    assert.deepEqual(entryAddresses(distributed()), ["172.30.0.51"]);
  });

  it("lets load balancers agree on their virtual IP, and databases on their transactions, where they do", () => {
    const special = (topology: Topology) =>
      flows(topology)
        .filter(({ protocol, port }) => protocol === "vrrp" || port === 33061)
        .map(({ from, to }) => `${from} ${to}`);
    assert.deepEqual(special(highlyAvailable()), ["load-balancer load-balancer", "database database"]);
    assert.deepEqual(special(distributed()), []);
  });

  it("creates the machines of highly-available in their order", () => {
    assert.deepEqual(
      creationOrder(highlyAvailable()).map(({ name }) => name),
      ["web-1", "web-2", "web-3"],
    );
  });

  it("finds none where every role is on three machines and no primary is fixed", () => {
    const machines = [1, 2, 3].map((n) => ({ name: `m-${n}`, roles: everyRole, address: `172.30.0.1${n}` }));
    assert.deepEqual(singlePointsOfFailure(topologyOf(machines)), []);
  });
});
