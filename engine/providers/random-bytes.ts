import { randomBytes as generate } from "node:crypto";
import { z } from "zod";
import type { ResourceProvider } from "../provider";
import { compareInputs, parseInputs } from "./inputs";

const schema = z.strictObject({
  length: z.int().min(1),
  keepers: z.record(z.string(), z.string()).optional(),
});

/** `random.RandomBytes`: generated once, kept in the state; every change of the inputs makes new ones. */
export const randomBytes: ResourceProvider = {
  secretOutputs: ["base64", "hex"],

  check: (inputs) => parseInputs("random.RandomBytes", schema, inputs),

  diff: (oldInputs, newInputs) => compareInputs(oldInputs, newInputs),

  async create(inputs) {
    const bytes = generate(schema.parse(inputs).length);
    return { id: "none", outputs: { ...inputs, base64: bytes.toString("base64"), hex: bytes.toString("hex") } };
  },

  async delete() {},
};
