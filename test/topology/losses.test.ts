import assert from "node:assert/strict";
import { presetTopology } from "../../engine/commands/planned";
import {
  type Abilities,
  abilitiesWithout,
  abilityNames,
  losses,
  type PlannedMachine,
  planTopology,
  report,
  singlePointsOfFailure,
  spareMachines,
  type Topology,
} from "../../topology";

const common = { stack: "test", domain: "www.foobar.com", size: { memory: 1024, cores: 2 } } as const;
const listed = (...machines: PlannedMachine[]): Topology =>
  planTopology({ ...common, machines, addressRange: "172.30.0.0/24" });

/** Such as `balanced served read`, or `-` when nothing can be done. */
const words = (abilities: Abilities) => abilityNames.filter((ability) => abilities[ability]).join(" ") || "-";
const all = abilityNames.join(" ");
const without = (topology: Topology, ...lost: string[]) => words(abilitiesWithout(topology, lost));
const named = (topology: Topology) =>
  Object.fromEntries(losses(topology).map(({ kind, name, after }) => [`${kind} ${name}`, words(after)]));

describe("what is lost with each machine, zone and tier", () => {
  it("is everything with the one machine of simple, and by tier what comes after it", () => {
    assert.deepEqual(named(presetTopology("simple")), {
      "machine web-1": "-",
      "zone 1": "-",
      "tier load-balancer": "-",
      "tier web": "balanced",
      "tier application": "balanced",
      "tier database": "balanced served",
    });
  });

  it("is the entry or the writing in distributed, and nothing with the replica", () => {
    const topology = presetTopology("distributed");
    assert.equal(without(topology, "lb-1"), "-");
    assert.equal(without(topology, "web-1"), "balanced served read");
    assert.equal(without(topology, "web-2"), all);
    assert.equal(without(topology, "web-1", "web-2"), "balanced");
    assert.equal(without(topology), all);
  });

  it("is only the entry in load-balanced, alone or with its zone", () => {
    assert.deepEqual(
      singlePointsOfFailure(presetTopology("load-balanced")).map(({ kind, name }) => `${kind} ${name}`),
      ["machine lb-1", "zone 1"],
    );
  });

  for (const preset of ["highly-available", "scale-up"] as const) {
    it(`is nothing with one machine or zone of ${preset}`, () => {
      assert.deepEqual(singlePointsOfFailure(presetTopology(preset)), []);
    });
  }

  it("is writing when a group has lost half or more, and not before", () => {
    const topology = presetTopology("highly-available");
    assert.equal(without(topology, "web-1", "web-2"), "balanced served read");
    assert.equal(without(topology, "web-1", "web-2", "web-3"), "-");
    const five = listed(
      ...[1, 2, 3, 4, 5].map((n): PlannedMachine => ({ name: `db-${n}`, roles: ["database"] })),
      ...[1, 2].map((n): PlannedMachine => ({ name: `web-${n}`, roles: ["load-balancer", "web", "application"] })),
    );
    assert.equal(without(five, "db-1", "db-2"), all);
    assert.equal(without(five, "db-1", "db-2", "db-3"), "balanced served read");
    assert.deepEqual([spareMachines(five, "database"), spareMachines(five, "web")], [2, 1]);
  });

  it("knows that Nginx is of no use without PHP, where they are on machines of their own", () => {
    const topology = presetTopology("scale-up");
    assert.equal(without(topology, "app-1", "app-2"), "balanced");
    assert.equal(without(topology, "web-1", "app-2", "lb-1", "db-3", "monitor-1"), all);
  });

  it("sees two machines in one zone", () => {
    const machines: PlannedMachine[] = [1, 2, 3].map((n) => ({
      name: `web-${n}`,
      roles: ["load-balancer", "web", "application", "database"],
      zone: n === 1 ? 1 : 2,
    }));
    const topology = planTopology({ ...common, machines, addressRange: "10.20.0.0/16", zones: 2 });
    assert.deepEqual(
      singlePointsOfFailure(topology).map(({ kind, name, consequence }) => `${kind} ${name}: ${consequence}`),
      ["zone 2: read-only until most of the databases are back"],
    );
  });

  it("is told in lines that fit a terminal, every machine with its address and its row", () => {
    const topology = presetTopology("scale-up");
    const lines = report(topology).split("\n");
    for (const { name, address } of topology.machines) {
      assert.ok(lines.some((line) => line.startsWith(`  ${name} `) && line.includes(address)));
      assert.ok(lines.some((line) => new RegExp(`^  ${name} +(yes|NO) `).test(line)));
    }
    assert.deepEqual(
      lines.filter((line) => line.length > 145),
      [],
    );
  });
});
