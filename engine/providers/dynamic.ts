import { createRequire } from "node:module";
import { compileFunction } from "node:vm";
import type * as pulumi from "@pulumi/pulumi";
import type { Properties, ResourceProvider } from "../provider";
import { compareInputs } from "./inputs";

/** Resources that the program brings the code for: `pulumi.dynamic.Resource`, as far as the docker target uses it. */
export const dynamicResource: ResourceProvider = {
  check: (inputs) => inputs,

  // all of it in place: that is what `update` is for
  diff: (oldInputs, newInputs) => ({ ...compareInputs(oldInputs, newInputs), replace: [] }),

  async create(inputs) {
    const { id, outs } = await providerOf(inputs).create(inputs);
    return { id: String(id), outputs: { ...inputs, ...outs } };
  },

  async update(id, inputs, oldOutputs) {
    const updated = await providerOf(inputs).update?.(id, oldOutputs, inputs);
    return { ...inputs, ...updated?.outs };
  },

  async delete(id, outputs) {
    await providerOf(outputs).delete?.(id, outputs);
  },
};

/** The SDK sends the program's code as the text of a CommonJS module that exports `handler`. */
function providerOf({ __provider: text }: Properties): pulumi.dynamic.ResourceProvider {
  const exports: { handler?: () => pulumi.dynamic.ResourceProvider } = {};
  compileFunction(text, ["exports", "require"])(exports, createRequire(__filename));
  if (!exports.handler) throw new Error("a dynamic resource without code");
  return exports.handler();
}
