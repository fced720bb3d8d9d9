import { randomInt } from "node:crypto";
import { z } from "zod";
import type { ResourceProvider } from "../provider";
import { compareInputs, parseInputs } from "./inputs";

const lower = "abcdefghijklmnopqrstuvwxyz";
const alphabets = { lower, upper: lower.toUpperCase(), numeric: "0123456789", special: "!@#$%&*()-_=+[]{}<>:?" };

const schema = z
  .strictObject({
    length: z.int().min(1),
    lower: z.boolean().default(true),
    upper: z.boolean().default(true),
    numeric: z.boolean().default(true),
    special: z.boolean().default(true),
    overrideSpecial: z.string().min(1).optional(),
    keepers: z.record(z.string(), z.string()).optional(),
  })
  .refine((inputs) => inputs.lower || inputs.upper || inputs.numeric || inputs.special, {
    error: "at least one of lower, upper, numeric and special must be true",
  });

/** `random.RandomPassword`: generated once, kept in the state; every change of the inputs makes a new one. */
export const randomPassword: ResourceProvider = {
  secretOutputs: ["result"],

  check: (inputs) => parseInputs("random.RandomPassword", schema, inputs),

  diff: (oldInputs, newInputs) => compareInputs(oldInputs, newInputs),

  async create(inputs) {
    const options = schema.parse(inputs);
    const alphabet = [
      options.lower ? alphabets.lower : "",
      options.upper ? alphabets.upper : "",
      options.numeric ? alphabets.numeric : "",
      options.special ? (options.overrideSpecial ?? alphabets.special) : "",
    ].join("");
    const result = Array.from({ length: options.length }, () => alphabet[randomInt(alphabet.length)]).join("");
    return { id: "none", outputs: { ...inputs, result } };
  },

  async delete() {},
};
