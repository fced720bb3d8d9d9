import assert from "node:assert/strict";
import { actions, Bench } from "./bench";

describe("engine: what a run does", function () {
  this.timeout(60_000);
  let created: Bench;
  let bench: Bench;
  before(async () => {
    created = new Bench("rolling.ts");
    await created.up();
  });
  beforeEach(() => {
    bench = created.copy();
  });
  afterEach(() => bench.remove());
  after(() => created.remove());

  it("creates everything in the order of the program, waiting for what a component consists of", async () => {
    assert.deepEqual(bench.world.journal(), [
      "create network",
      "create one-data",
      "create one",
      "create two-data",
      "create two",
      "create three-data",
      "create three",
    ]);
  });

  it("creates at once what doesn't wait for each other, and ends when all of it is there or has failed", async () => {
    const fresh = new Bench("rolling.ts").configure({ atOnce: true });
    try {
      fresh.world.meet(["one", "three"]);
      fresh.world.failOn("three");
      await assert.rejects(fresh.up(), /three could not be created: it never got ready/);
      assert.deepEqual(
        fresh.state().pending.map(({ resource }) => resource.name),
        ["three"],
      );
      assert.ok(fresh.state().find("urn:pulumi:local::test::test:index:Group$test:index:Thing::one"));
      fresh.world.failOn(undefined);
      await fresh.up();
      assert.deepEqual(fresh.world.names(), ["network", "one", "one-data", "three", "three-data", "two", "two-data"]);
      assert.equal((await fresh.preview()).changes, false);
    } finally {
      fresh.world.meet();
      fresh.world.failOn(undefined);
      fresh.remove();
    }
  });

  it("keeps in the state what Pulumi would: URNs with ancestors, dependencies, outputs", async () => {
    const state = bench.state();
    const two = state.find("urn:pulumi:local::test::test:index:Group$test:index:Thing::two");
    assert.ok(two, state.resources.map(({ urn }) => urn).join("\n"));
    assert.equal(two.inputs.value, "a on 172");
    assert.match(two.outputs.token, /^token-of-two-/);
    assert.deepEqual(two.propertyDependencies.value, ["urn:pulumi:local::test::test:index:Thing::network"]);
    assert.ok(two.dependencies.some((urn) => urn.endsWith("::one")));
    assert.deepEqual(state.outputs, { machines: ["one", "two", "three"] });
  });

  it("does nothing on a second run", async () => {
    bench.world.journal();
    const second = await bench.preview();
    assert.equal(second.changes, false);
    assert.deepEqual(second.outputs, { machines: ["one", "two", "three"] });
    await bench.up();
    assert.deepEqual(bench.world.journal(), []);
  });

  it("changes in place what can be", async () => {
    bench.world.journal();
    await bench.configure({ note: "new" }).up();
    assert.deepEqual(bench.world.journal(), ["update one", "update two", "update three"]);
    assert.equal(bench.state().resources.find(({ name }) => name === "two")?.inputs.note, "new");
    assert.equal((await bench.preview()).changes, false);
  });

  it("replaces one after the other: the next goes only when the one before is back", async () => {
    bench.world.journal();
    bench.configure({ image: "b" });
    assert.deepEqual(actions(await bench.preview()), ["replace one", "replace two", "replace three"]);
    assert.deepEqual(bench.world.journal(), []);
    await bench.up();
    assert.deepEqual(bench.world.journal(), [
      "delete one",
      "create one",
      "delete two",
      "create two",
      "delete three",
      "create three",
    ]);
  });

  it("takes along what is made from a resource that is deleted before its replacement", async () => {
    bench.world.journal();
    bench.configure({ range: "10" });
    const expected = ["replace network", "replace one", "replace two", "replace three"];
    assert.deepEqual(actions(await bench.preview()), expected);
    assert.deepEqual(actions(await bench.up()), expected);
    assert.deepEqual(bench.world.journal(), [
      "delete three",
      "delete two",
      "delete one",
      "delete network",
      "create network",
      "create one",
      "create two",
      "create three",
    ]);
  });

  it("deletes what left the program, last things first, and keeps data", async () => {
    bench.world.journal();
    bench.configure({ machines: "one" });
    assert.deepEqual(actions(await bench.preview()), [
      "delete three",
      "delete three-data",
      "delete two",
      "delete two-data",
    ]);
    await bench.up();
    assert.deepEqual(bench.world.journal(), ["delete three", "delete two"]);
    assert.deepEqual(bench.world.names(), ["network", "one", "one-data", "three-data", "two-data"]);
    assert.ok(bench.output.includes("three-data kept"), bench.output);
  });

  it("adopts kept data when the machine comes back", async () => {
    await bench.configure({ machines: "one" }).up();
    await bench.configure({ machines: "one,two" }).up();
    assert.ok(bench.output.includes("two-data: adopted"), bench.output);
  });

  it("creates again what somebody else removed", async () => {
    bench.world.journal();
    bench.world.lose("two");
    assert.deepEqual(actions(await bench.preview()), ["create two"]);
    await bench.up();
    assert.deepEqual(bench.world.journal(), ["create two"]);
  });

  it("takes no machine away while another is gone, until that one is back", async () => {
    bench.world.journal();
    bench.world.lose("three");
    await assert.rejects(bench.configure({ image: "b" }).up(), /one.* could not be changed: three is gone/);
    assert.deepEqual(bench.world.journal(), []);

    await bench.configure({ image: "a" }).up();
    assert.deepEqual(bench.world.journal(), ["create three"]);
    await bench.configure({ image: "b" }).up();
    assert.equal(bench.world.journal().length, 6);
  });

  it("doesn't wait for a machine that is gone and isn't in the program any more", async () => {
    bench.world.journal();
    bench.world.lose("three");
    bench.configure({ image: "b", machines: "one,two" });
    await bench.up(undefined, await bench.preview());
    assert.deepEqual(bench.world.journal(), ["delete one", "create one", "delete two", "create two", "delete three"]);
  });

  it("destroys in reverse order even after one of the first was made anew", async () => {
    bench.world.lose("one");
    await bench.up();
    bench.world.journal();
    await bench.destroy();
    assert.deepEqual(bench.world.journal(), ["delete three", "delete two", "delete one", "delete network"]);
  });

  it("destroys in reverse order, and the data only when told so", async () => {
    bench.world.journal();
    const withData = bench.copy();
    await bench.destroy();
    assert.deepEqual(bench.world.journal(), ["delete three", "delete two", "delete one", "delete network"]);
    assert.deepEqual(bench.world.names(), ["one-data", "three-data", "two-data"]);
    await withData.destroy(true);
    assert.deepEqual(withData.world.names(), []);
    withData.remove();
  });
});
