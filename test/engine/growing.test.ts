import assert from "node:assert/strict";
import { goesFirst } from "../../engine/commands/growing";
import type { KnownMachine } from "../../engine/commands/health";
import { planTopology, type TopologySettings } from "../../topology";
import { knownMachine, ready } from "./known-machine";

const PORTS = { http: 8080, https: 8443 };
const planned = (settings: Pick<TopologySettings, "preset" | "machines">) =>
  planTopology({
    ...settings,
    stack: "local",
    domain: "www.foobar.com",
    addressRange: "172.30.0.0/24",
    size: { memory: 1024, cores: 2 },
    publishedPorts: PORTS,
  });
const listed = (...names: string[]) =>
  planned({ machines: names.map((name) => ({ name, roles: ["load-balancer", "web", "application", "database"] })) });

const tiers = (...web: string[]) =>
  planned({
    machines: [
      { name: "lb-1", roles: ["load-balancer"] },
      ...web.map((name) => ({ name, roles: ["web", "application"] as const })),
      { name: "db-1", roles: ["database"] },
    ],
  });

/** The machines of a topology as they run, with a primary. */
function running(topology: ReturnType<typeof planned>, primary: string): KnownMachine[] {
  const isGroup = topology.machines.filter(({ roles }) => roles.includes("database")).length > 2;
  const entry = topology.machines.find(({ roles }) => roles.includes("load-balancer"));
  return topology.machines.map((machine) => {
    const { name, roles, address } = machine;
    const known = isGroup ? { group: "g", primary } : { record: { term: 2, primary } };
    return knownMachine(name, {
      address,
      roles,
      databases: topology.machines.filter((each) => each.roles.includes("database")).map((each) => each.name),
      ports: machine === entry ? Object.values(PORTS) : [],
      status: {
        ...ready,
        addresses: [address],
        ...(roles.includes("database") ? { database: { reason: "", settled: true, database: known } } : {}),
      },
    });
  });
}

/** The same before there is a database. */
const starting = (topology: ReturnType<typeof planned>) =>
  running(topology, "").map((each) => ({ ...each, status: undefined }));

describe("changing the machines of a running stack", () => {
  const simple = planned({ preset: "simple" });
  const distributed = planned({ preset: "distributed" });
  const highlyAvailable = planned({ preset: "highly-available" });
  const five = listed("web-1", "web-2", "web-3", "web-4", "web-5");

  const ways: [string, KnownMachine[], ReturnType<typeof planned>, string[]][] = [
    ["nothing, where nothing changes", running(distributed, "web-2"), distributed, []],
    ["nothing, at the first start", [], highlyAvailable, []],
    ["nothing, from one machine to distributed", running(simple, "web-1"), distributed, []],
    [
      "a web server that goes, drained, while another stays",
      running(tiers("web-1", "web-2"), "db-1"),
      tiers("web-1"),
      ["web-2"],
    ],
    ["nothing, while the web server that stays is another", running(tiers("web-1"), "db-1"), tiers("web-2"), []],
    ["what holds the site's ports, to highly-available", running(distributed, "web-2"), highlyAvailable, ["lb-1"]],
    ["nothing, when members are added", running(highlyAvailable, "web-2"), five, []],
    ["nothing, when a machine was lost", running(highlyAvailable, "web-2").slice(2), highlyAvailable, []],
    ["nothing, when the first start was interrupted", starting(highlyAvailable).slice(0, 2), highlyAvailable, []],
    [
      "nothing, when growing was interrupted",
      [...starting(highlyAvailable).slice(0, 1), ...running(distributed, "web-1").slice(2)],
      highlyAvailable,
      [],
    ],
    ["members of the group that leave it", running(five, "web-5"), highlyAvailable, ["web-4", "web-5"]],
    ["the replica, from distributed to one machine", running(distributed, "web-1"), simple, ["lb-1", "web-2"]],
  ];
  for (const [what, there, topology, first] of ways)
    it(`removes first ${what}`, () => assert.deepEqual(goesFirst(there, topology), first));

  const silent = running(distributed, "web-1").map((each) => ({ ...each, state: "exited", status: undefined }));
  const refused: [string, KnownMachine[], ReturnType<typeof planned>, RegExp][] = [
    [
      "the last copy of the data dropped",
      running(highlyAvailable, "web-1"),
      planned({ preset: "scale-up" }),
      /drop the last copy/,
    ],
    ["the primary dropped", running(distributed, "web-2"), simple, /web-2 is the primary.*npm run promote -- web-1/s],
    ["a group made into a pair", running(highlyAvailable, "web-1"), distributed, /form a group.*restore a backup/s],
    ["nobody saying who has all data", silent, highlyAvailable, /nobody knows who has all data/],
  ];
  for (const [what, there, topology, words] of refused)
    it(`refuses ${what}`, () => assert.throws(() => goesFirst(there, topology), words));

  it("refuses to change the number of copies while one that stays isn't whole", () => {
    const there = running(highlyAvailable, "web-1").map((each) =>
      each.name === "web-3" && each.status
        ? { ...each, status: { ...each.status, database: { reason: "catching up", settled: false } } }
        : each,
    );
    assert.throws(() => goesFirst(there, five), /web-3 isn't ready: catching up/);
  });
});
