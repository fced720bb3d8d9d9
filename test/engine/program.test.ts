import assert from "node:assert/strict";
import { messageOf } from "../../engine/errors";
import { UNKNOWN, unpack } from "../../engine/values";
import { actions, Bench } from "./bench";

describe("engine: what a program may do", function () {
  this.timeout(60_000);
  let bench: Bench;
  afterEach(() => bench.remove());

  it("keeps secrets marked in the state, also those that other values are made from", async () => {
    bench = new Bench("secrets.ts").configure({ tell: true });
    await bench.up();
    const state = bench.state();
    const user = state.resources.find(({ name }) => name === "user");
    const password = unpack(state.resources.find(({ name }) => name === "password")?.outputs ?? {});
    assert.deepEqual(password.secrets, ["token"]);
    assert.deepEqual(unpack(user?.inputs ?? {}).secrets.toSorted(), ["note", "value"]);
    assert.deepEqual(unpack(user?.outputs ?? {}).secrets.toSorted(), ["note", "value"]);
    assert.deepEqual(unpack(state.outputs).secrets.toSorted(), ["derived", "known"]);
    assert.equal(unpack(state.outputs).plain.derived, `password=${password.plain.token}`);
    assert.equal((await bench.preview()).changes, false);
  });

  it("never shows a secret, not even when the program prints it", async () => {
    bench = new Bench("secrets.ts").configure({ tell: true });
    await bench.up();
    const { plain } = unpack(bench.state().resources.find(({ name }) => name === "password")?.outputs ?? {});
    assert.ok(bench.output.includes("the password is [secret]"), bench.output);
    assert.equal(bench.output.includes(plain.token), false);
    assert.equal(bench.output.includes("given-secret-note"), false);
  });

  it("sees unknown values in a preview of what doesn't exist yet, and creates nothing", async () => {
    bench = new Bench("secrets.ts");
    const planned = await bench.preview();
    assert.deepEqual(planned.outputs, { derived: UNKNOWN, known: UNKNOWN });
    assert.deepEqual(bench.world.names(), []);
  });

  it("ignoreChanges keeps the old value, replaceOnChanges replaces for the new one", async () => {
    bench = new Bench("options.ts").configure({ args: { note: "a" } });
    await bench.up();
    bench.configure({ args: { note: "b" }, options: { ignoreChanges: ["note"] } });
    assert.deepEqual(actions(await bench.preview()), []);
    bench.configure({ args: { note: "b" }, options: { replaceOnChanges: ["note"] } });
    assert.deepEqual(actions(await bench.preview()), ["replace thing"]);
    bench.configure({ args: { note: "b" } });
    assert.deepEqual(actions(await bench.preview()), ["update thing"]);
  });

  it("protect refuses replacement and deletion", async () => {
    bench = new Bench("options.ts").configure({ options: { protect: true } });
    await bench.up();
    await assert.rejects(
      bench.configure({ args: { value: "new" }, options: { protect: true } }).preview(),
      /thing thing is protected/,
    );
    await assert.rejects(bench.destroy(true), /protected/);
    assert.deepEqual(bench.world.names(), ["thing"]);
  });

  it("refuses options it doesn't know instead of ignoring them", async () => {
    bench = new Bench("options.ts");
    for (const [options, message] of [
      [{ import: "some-id" }, /uses the option import/],
      [{ aliases: [{ name: "old" }] }, /aliases/],
      [{ customTimeouts: { create: "5m" } }, /customTimeouts/],
      [{ ignoreChanges: ["a.b"] }, /ignoreChanges of thing: "a\.b"/],
    ] as const) {
      await assert.rejects(bench.configure({ options }).preview(), message);
    }
  });

  const mistakes: Record<string, RegExp> = {
    configuration: /^domain: not a domain name\. Set test:domain to something like www\.foobar\.com\.$/,
    bug: /TypeError: [\s\S]*mistakes\.ts/,
    type: /doesn't know the resource type test:index:Unheard\. It knows test:index:Thing/,
    invoke: /can't call the function test:index:lookUp/,
    twice: /Two resources of type test:index:Thing are named first/,
    input: /^thing second: "nonsense" is not a property of a thing$/,
  };
  for (const [mistake, message] of Object.entries(mistakes)) {
    it(`says what is wrong in a program, once and for people: ${mistake}`, async () => {
      bench = new Bench("mistakes.ts").configure({ mistake });
      await assert.rejects(bench.preview(), (error) => {
        assert.match(messageOf(error), message);
        return true;
      });
    });
  }
});
