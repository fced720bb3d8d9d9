import assert from "node:assert/strict";
import { enforcePolicies, preview } from "../../engine/engine";
import { messageOf } from "../../engine/errors";
import type { Violation } from "../../engine/policies";
import { Bench } from "./bench";

describe("engine: policies", function () {
  this.timeout(60_000);
  let bench: Bench;
  beforeEach(() => {
    bench = new Bench("rolling.ts");
  });
  afterEach(() => bench.remove());

  it("a mandatory violation stops before anything is created, with rule, resource, message and what to do", async () => {
    bench.configure({ image: "b" });
    const run = await bench.run();
    const planned = await preview(run);
    const violations = await bench.judge();
    await assert.rejects(enforcePolicies({ analyze: async () => violations }, planned, run.progress), (error) => {
      const lines = messageOf(error).split("\n");
      assert.ok(lines.includes("  ✖ no-b (one)"), messageOf(error));
      assert.ok(lines.includes("    It is made of it."));
      assert.ok(lines.includes("      Set test:image to a."));
      return true;
    });
    assert.deepEqual(bench.world.names(), []);
  });

  it("the pack is told the URN, parents, options, provider and dependencies", async () => {
    const facts = (await bench.judge()).filter(({ rule }) => rule === "facts");
    assert.deepEqual(
      facts.map(({ mandatory, resource }) => ({ mandatory, resource })),
      [{ mandatory: false, resource: "two" }],
    );
    assert.deepEqual(JSON.parse(facts[0]?.message.split("\n")[1] ?? ""), {
      urn: "urn:pulumi:local::test::test:index:Group$test:index:Thing::two",
      parent: "group-two",
      grandparent: "pulumi:pulumi:Stack",
      deleteBeforeReplace: true,
      provider: "pulumi:providers:test",
      value: ["network"],
      dependencies: ["network", "two-data"],
    });
  });

  it("a stack's settings change levels and properties of rules", async () => {
    bench.policySettings({ "no-b": { enforcementLevel: "advisory", forbidden: "a" }, facts: "disabled" });
    const summary = ({ rule, mandatory, resource }: Violation) => `${rule} ${resource} ${mandatory}`;
    assert.deepEqual((await bench.judge()).map(summary), ["no-b one false", "no-b two false", "no-b three false"]);
  });

  it("settings that can't be used are named: no JSON, an unknown rule, an unknown level", async () => {
    bench.policySettings({ "no-c": "mandatory" });
    await assert.rejects(
      bench.judge(),
      /name no-c, but the pack has no such rule. It has no-b, facts, secrets-in-clear/,
    );
    bench.policySettings({ "no-b": "compulsory" });
    await assert.rejects(bench.judge(), /Pulumi\.local\.policies\.json can't be used/);
  });

  it("unknown values reach the pack as unknown, secrets as plain values", async () => {
    bench.remove();
    bench = new Bench("secrets.ts");
    bench.policySettings({ "secrets-in-clear": "mandatory", facts: "disabled" });
    const messages = (await bench.judge()).map(({ rule, message }) => `${rule}: ${message}`);
    assert.ok(
      messages.some((message) => message.endsWith("note of 17")),
      messages.join("\n"),
    );
    assert.ok(messages.some((message) => /secrets-in-clear.*string value at \.value can't be known/.test(message)));
  });
});
