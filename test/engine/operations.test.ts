import assert from "node:assert/strict";
import { whyNotDrained } from "../../engine/commands/drain";
import type { KnownMachine } from "../../engine/commands/health";
import { planPromotion, primaryOf } from "../../engine/commands/promote";
import { knownMachine, ready } from "./known-machine";

const machine = (name: string, roles: string[], more: Partial<KnownMachine> = {}): KnownMachine =>
  knownMachine(name, { roles, ...more });

/** One of two databases whose record names a primary. */
function database(name: string, primary: string, term = 1, more: Partial<KnownMachine> = {}): KnownMachine {
  const known = { reason: "", settled: true, database: { record: { term, primary } } };
  return machine(name, ["web", "database"], { status: { ...ready, database: known }, ...more });
}

function member(name: string, primary: string): KnownMachine {
  const known = { reason: "", settled: true, database: { group: "g", primary, record: { term: 7, primary: "web-1" } } };
  return machine(name, ["web", "database"], { status: { ...ready, database: known } });
}

describe("npm run promote", () => {
  const dead = database("web-1", "web-1", 1, { state: "exited", status: undefined });
  const planned = (machines: KnownMachine[], name: string, acceptLoss = false) => {
    const promotion = planPromotion(machines, name, acceptLoss);
    return promotion && [promotion.on.name, ...promotion.command].join(" ");
  };

  it("is an order to the primary that lives", () => {
    const machines = [database("web-1", "web-1"), database("web-2", "web-1")];
    assert.equal(planned(machines, "web-2"), "web-1 database-agent hand-over web-2");
  });

  it("knows the primary by the newest record, or by the group", () => {
    assert.equal(primaryOf([database("web-1", "web-1", 1), database("web-2", "web-2", 2)]), "web-2");
    assert.equal(primaryOf([member("web-1", "web-3"), member("web-3", "web-3")]), "web-3");
    assert.equal(primaryOf([machine("lb-1", ["load-balancer"])]), undefined);
  });

  it("is an order to the replica when the primary is dead", () => {
    const machines = [dead, database("web-2", "web-1")];
    assert.equal(planned(machines, "web-2"), "web-2 database-agent promote");
    assert.equal(planned(machines, "web-2", true), "web-2 database-agent promote --accept-loss");
  });

  const replica = database("web-2", "web-1");
  it("is nothing for who is the primary already", () => {
    assert.equal(planned([database("web-1", "web-1"), replica], "web-1"), undefined);
  });

  const refused: [string, KnownMachine[], string, RegExp][] = [
    [
      "what is no database",
      [machine("lb-1", ["load-balancer"]), replica],
      "lb-1",
      /no database machine.*There are: web-2/,
    ],
    ["a machine that is down", [dead, replica], "web-1", /web-1 is exited/],
    [
      "another one while the primary runs and doesn't answer",
      [machine("web-1", ["database"], { status: undefined }), replica],
      "web-2",
      /may still accept writes.*docker kill web-infrastructure-local-web-1/,
    ],
  ];
  for (const [what, machines, name, words] of refused)
    it(`refuses ${what}`, () => assert.throws(() => planPromotion(machines, name, false), words));
});

describe("npm run drain", () => {
  const why = (machines: KnownMachine[]) => whyNotDrained(machines, machines[0] as KnownMachine);
  const web = (name: string, more: Partial<KnownMachine> = {}) => machine(name, ["web", "application"], more);

  it("takes out a machine whose work another can do", () => assert.equal(why([web("web-1"), web("web-2")]), ""));

  it("refuses the only load balancer", () => {
    assert.match(why([machine("lb-1", ["load-balancer"]), web("web-1")]), /only machine with the role load-balancer/);
  });

  it("refuses the last web server that is ready and in balancing", () => {
    const unfit = [{ status: { ...ready, drained: true } }, { state: "exited", status: undefined }];
    for (const more of unfit) assert.match(why([web("web-1"), web("web-2", more)]), /No other machine.*web-2/);
  });

  it("refuses a machine that gets no requests", () =>
    assert.match(why([machine("monitor-1", ["monitor"])]), /no requests/));
});
