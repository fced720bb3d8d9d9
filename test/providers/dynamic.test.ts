import assert from "node:assert/strict";
import * as pulumi from "@pulumi/pulumi";
import { dynamicResource } from "../../engine/providers/dynamic";

/** What Pulumi's own provider of dynamic resources is given, too: the code as text. */
const code: pulumi.dynamic.ResourceProvider = {
  async create(inputs) {
    const { hostname } = require("node:os") as typeof import("node:os");
    return { id: `${inputs.name}-id`, outs: { ...inputs, madeOn: hostname() } };
  },
  async update(id, old, inputs) {
    if (inputs.name === "refused") throw new Error(`${id} was ${old.name} and stays so`);
    return { outs: inputs };
  },
};

describe("a dynamic resource", () => {
  const context = { progress: () => {}, signal: new AbortController().signal };
  let __provider: string;

  before(async () => {
    __provider = (await pulumi.runtime.serializeFunction(() => code)).text;
  });

  it("is made, changed in place and let go of by the program's own code", async () => {
    const inputs = dynamicResource.check({ __provider, name: "first" });
    const { id, outputs } = await dynamicResource.create(inputs, context);
    assert.equal(id, "first-id");
    assert.equal(outputs.madeOn, (require("node:os") as typeof import("node:os")).hostname());

    const wanted = { __provider, name: "second" };
    assert.deepEqual(dynamicResource.diff(inputs, wanted, outputs), { changed: ["name"], replace: [] });
    assert.deepEqual(dynamicResource.diff(inputs, inputs, outputs).changed, []);
    assert.equal((await dynamicResource.update?.(id, wanted, outputs, context))?.name, "second");
    await dynamicResource.delete(id, outputs, context);
  });

  it("fails with what the code says", async () => {
    const outputs = { __provider, name: "first" };
    const refused = dynamicResource.update?.("first-id", { __provider, name: "refused" }, outputs, context);
    await assert.rejects(refused as Promise<unknown>, /first-id was first and stays so/);
  });
});
