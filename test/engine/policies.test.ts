import assert from "node:assert/strict";
import { execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import path from "node:path";
import { setTimeout } from "node:timers/promises";
import type { Deployment } from "../../engine/deployment";
import { enforcePolicies, preview } from "../../engine/engine";
import { messageOf } from "../../engine/errors";
import { PolicyPack, type Violation } from "../../engine/policies";
import { Bench } from "./bench";

const PACK = path.join(__dirname, "pack");
const violation = { rule: "some-rule", resource: "lb-1", remediation: "In general, do better." };

/** The process id of a parent's policy pack; a parent may have other children, such as a compiler. */
function packOf(parent: number | undefined): number {
  return Number(execFileSync("pgrep", ["-P", String(parent), "-f", "run-policy-pack"], { encoding: "utf8" }));
}

function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

describe("engine: policies", function () {
  this.timeout(60_000);
  let bench: Bench;
  beforeEach(() => {
    bench = new Bench("rolling.ts");
  });
  afterEach(() => bench.remove());

  /** What a person is shown about these violations: the error, if there is one. */
  async function shown(...violations: Violation[]): Promise<string> {
    const { progress } = await bench.run();
    const nothing = { registered: new Map() } as unknown as Deployment;
    try {
      await enforcePolicies({ analyze: async () => violations }, nothing, progress);
      return "";
    } catch (error) {
      return messageOf(error);
    }
  }

  it("a mandatory violation stops before anything is created, with rule, resource, message and what to do", async () => {
    bench.configure({ image: "b" });
    const run = await bench.run();
    const planned = await preview(run);
    const violations = await bench.judge();
    await assert.rejects(enforcePolicies({ analyze: async () => violations }, planned, run.progress), (error) => {
      const lines = messageOf(error).split("\n");
      assert.ok(lines.includes("  ✖ no-b (one)"), messageOf(error));
      assert.ok(lines.includes("    It is made of it."));
      assert.ok(lines.includes("    Set test:image to a."), "the rule's message doesn't say what to do");
      return true;
    });
    assert.deepEqual(bench.world.names(), []);
  });

  it("a rule that says itself what to do isn't followed by its general advice", async () => {
    const said = await shown(
      { ...violation, message: "lb-1 is single.\nAdd a second one.", mandatory: true },
      { ...violation, message: "It is made of it.", mandatory: true },
    );
    assert.deepEqual(said.split("\n").slice(2), [
      "  ✖ some-rule (lb-1)",
      "    lb-1 is single.",
      "    Add a second one.",
      "",
      "  ✖ some-rule (lb-1)",
      "    It is made of it.",
      "    In general, do better.",
    ]);
  });

  it("advice is wrapped, not cut, and says what is wrong before who accepted it", async () => {
    const problem = `lb-1 is single: ${"when it fails, the whole site is down; ".repeat(6)}it is.`;
    await shown({ ...violation, message: `${problem}\nAccepted until 2999-12-31: for now.`, mandatory: false });
    const lines = bench.output.trimEnd().split("\n");
    assert.equal(lines[0], "  advice: some-rule (lb-1)");
    assert.ok(lines.every((line) => line.length <= 120) && lines.length > 3, bench.output);
    assert.equal(
      lines
        .slice(1, -1)
        .map((line) => line.trim())
        .join(" "),
      problem,
    );
    assert.equal(lines.at(-1), "    Accepted until 2999-12-31: for now.");
  });

  it("the pack ends with the engine, even when that is killed", async () => {
    const parent = spawn(process.execPath, ["--import=tsx", path.join(__dirname, "policy-process.ts"), PACK]);
    let pack: number;
    try {
      const [line] = await once(parent.stdout, "data");
      assert.match(String(line), /the pack is up/);
      pack = packOf(parent.pid);
      assert.ok(isRunning(pack));
    } finally {
      const ended = once(parent, "exit");
      parent.kill("SIGKILL");
      await ended;
    }
    for (let tries = 0; isRunning(pack) && tries < 100; tries += 1) await setTimeout(50);
    assert.equal(isRunning(pack), false);
  });

  it("a pack that fails to load is an error that says why, and its process ends", async () => {
    const pack = PolicyPack.start((await bench.run()).project, path.join(__dirname, "broken-pack"));
    await assert.rejects(pack.analyze([]), /ended with code \d+:[\s\S]*this pack is broken/);
  });

  it("the pack is told the URN, parents, options, provider and dependencies", async () => {
    const facts = (await bench.judge()).filter(({ rule }) => rule === "facts");
    assert.deepEqual(
      facts.map(({ mandatory, resource }) => ({ mandatory, resource })),
      [{ mandatory: false, resource: "two" }],
    );
    assert.deepEqual(JSON.parse(facts[0]?.message ?? ""), {
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
