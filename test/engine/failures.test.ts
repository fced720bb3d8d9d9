import assert from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import { existsSync, mkdirSync, statSync, writeFileSync } from "node:fs";
import path from "node:path";
import { lockStack } from "../../engine/lock";
import { readProject } from "../../engine/project";
import { refuseOtherEngine } from "../../engine/pulumi-cli";
import { Bench } from "./bench";

describe("engine: what goes wrong", function () {
  this.timeout(60_000);
  let created: Bench;
  let bench: Bench;
  before(async () => {
    created = new Bench("rolling.ts");
    await created.up();
  });
  after(() => created.remove());
  beforeEach(() => {
    bench = new Bench("rolling.ts");
  });
  afterEach(() => {
    bench.world.failOn(undefined);
    bench.remove();
  });

  it("a create that fails stops the run, and the next one removes what it left and goes on", async () => {
    bench.world.failOn("two");
    await assert.rejects(bench.up(), /thing two could not be created: it never got ready/);
    assert.deepEqual(bench.world.names(), ["network", "one", "one-data", "two", "two-data"]);
    assert.deepEqual(
      bench.state().pending.map(({ operation, resource }) => `${operation} ${resource.name}`),
      ["create two"],
    );
    bench.world.journal();

    bench.world.failOn(undefined);
    await bench.up();
    assert.deepEqual(bench.world.journal(), ["delete two", "create two", "create three-data", "create three"]);
    assert.deepEqual(bench.state().pending, []);
  });

  it("what a failed run left is removed even when it is no longer in the program", async () => {
    await bench.configure({ machines: "one" }).up();
    bench.world.failOn("two");
    await assert.rejects(bench.configure({ machines: "one,two" }).up());
    bench.world.failOn(undefined);
    bench.configure({ machines: "one" });
    assert.equal((await bench.preview()).changes, true, "a preview must see that there is something to clean up");
    await bench.up();
    assert.deepEqual(bench.world.names(), ["network", "one", "one-data", "two-data"]);
  });

  it("data whose create failed is adopted, never deleted", async () => {
    bench.world.failOn("one-data");
    await assert.rejects(bench.up());
    bench.world.failOn(undefined);
    bench.world.journal();
    await bench.up();
    assert.equal(bench.world.journal().includes("delete one-data"), false);
    assert.ok(bench.output.includes("one-data: adopted"), bench.output);
  });

  it("a failed replacement comes back on the next run", async () => {
    bench = again(bench, created);
    bench.world.failOn("two");
    await assert.rejects(bench.configure({ image: "b" }).up());
    bench.world.failOn(undefined);
    bench.world.journal();
    await bench.up();
    assert.deepEqual(bench.world.journal(), ["delete two", "create two", "delete three", "create three"]);
  });

  it("kill -9 in the middle of a create is mended by the next run", async () => {
    const engine = startEngine(bench, { TEST_HANG: "two" });
    await shows(engine, "creating thing two: made");
    engine.kill("SIGKILL");
    await ended(engine);
    assert.deepEqual(
      bench.state().pending.map(({ resource }) => resource.name),
      ["two"],
    );
    bench.world.journal();

    const next = startEngine(bench);
    assert.equal(await ended(next), 0);
    assert.deepEqual(bench.world.journal(), ["delete two", "create two", "create three-data", "create three"]);
    assert.equal((await bench.preview()).changes, false);
  });

  it("Ctrl-C ends the step under way, writes the state, gives the lock back and exits with 130", async () => {
    const engine = startEngine(bench, { TEST_HANG: "two" });
    await shows(engine, "creating thing two: made");
    engine.kill("SIGINT");
    assert.equal(await ended(engine), 130);
    assert.deepEqual(
      bench.state().pending.map(({ resource }) => resource.name),
      ["two"],
    );
    await (await lockStack(bench.root, "local"))();
    await bench.up();
    assert.equal((await bench.preview()).changes, false);
  });

  it("two runs at once: the second is told which process is at work", async () => {
    const unlock = await lockStack(bench.root, "local");
    await assert.rejects(
      lockStack(bench.root, "local"),
      new RegExp(`Another run is at work on stack local \\(process ${process.pid}\\)`),
    );
    await unlock();
    assert.equal(existsSync(path.join(bench.root, ".state", "local")), false, "a run that did nothing leaves nothing");
    await (await lockStack(bench.root, "local"))();
  });

  it("something that exists and isn't in the state is left alone, with what to do", async () => {
    writeFileSync(path.join(bench.world.things, "one"), "{}");
    await assert.rejects(bench.up(), /thing one exists already.*npm run destroy/s);
    assert.ok(bench.world.names().includes("one"));
  });

  it("a state of another version, another project or that is damaged is refused and left as it is", async () => {
    bench = again(bench, created);
    const good = bench.stateText();
    for (const [bad, message] of [
      [good.replace('"version": 1', '"version": 99'), /written by another version/],
      [good.replace('"project": "test"', '"project": "other"'), /belongs to stack local of project other/],
      [good.slice(0, 100), /is damaged/],
    ] as const) {
      writeFileSync(bench.stateFile, bad);
      assert.throws(() => bench.state(), message);
      assert.equal(bench.stateText(), bad);
    }
  });

  it("a stack of the Pulumi CLI is refused by the built-in engine, and the other way round", async () => {
    bench = again(bench, created);
    const project = readProject(bench.root, "local");
    assert.throws(() => refuseOtherEngine(project, true), /made by the built-in engine/);
    assert.doesNotThrow(() => refuseOtherEngine(project, false));

    const stacks = path.join(bench.root, ".state", "pulumi", ".pulumi", "stacks", "test");
    mkdirSync(stacks, { recursive: true });
    const checkpoint = (resources: object[]) => JSON.stringify({ version: 3, checkpoint: { latest: { resources } } });
    writeFileSync(path.join(stacks, "local.json"), checkpoint([]));
    assert.doesNotThrow(() => refuseOtherEngine(project, false), "an empty stack is nobody's");
    writeFileSync(path.join(stacks, "local.json"), checkpoint([{ urn: "…" }]));
    assert.throws(() => refuseOtherEngine(project, false), /made by the Pulumi CLI/);
  });

  it("the state is for its owner only", async () => {
    bench = again(bench, created);
    assert.equal(statSync(bench.stateFile).mode & 0o777, 0o600);
    assert.equal(statSync(path.dirname(bench.stateFile)).mode & 0o777, 0o700);
  });
});

/** Instead of an empty bench one where everything is created. */
function again(bench: Bench, created: Bench): Bench {
  bench.remove();
  return created.copy();
}

function startEngine(bench: Bench, env: Record<string, string> = {}): ChildProcess {
  return spawn(process.execPath, ["--import", "tsx", path.join(__dirname, "engine-process.ts"), bench.root], {
    stdio: ["ignore", "pipe", "pipe"],
    env: { ...process.env, ...env },
  });
}

function shows(engine: ChildProcess, text: string): Promise<void> {
  let output = "";
  return new Promise((resolve, reject) => {
    engine.stderr?.on("data", (data) => {
      output += data;
    });
    engine.stdout?.on("data", (data) => {
      output += data;
      if (output.includes(text)) resolve();
    });
    engine.once("close", (code) => reject(new Error(`ended with ${code} before it showed "${text}":\n${output}`)));
  });
}

function ended(engine: ChildProcess): Promise<number | null> {
  if (engine.exitCode !== null || engine.signalCode !== null) return Promise.resolve(engine.exitCode);
  return new Promise((resolve) => engine.once("close", resolve));
}
