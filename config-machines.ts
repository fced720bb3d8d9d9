import { z } from "zod";
import { roles } from "./topology/types";

// The part of the settings that is a list: the machines one by one, and what its schema is made of.

/** One of a few words. */
export const oneOf = <const Words extends readonly [string, ...string[]]>(words: Words) =>
  z.enum(words, `takes one of ${words.join(", ")}`);

export const yesOrNo = z
  .enum(["true", "false"], "takes true or false")
  .default("false")
  .transform((value) => value === "true");

/** A plain number, which arrives as text. */
export const wholeNumber = (minimum: number, maximum: number, what: string) =>
  z
    .string()
    .refine(
      (value) => /^\d+$/.test(value) && Number(value) >= minimum && Number(value) <= maximum,
      `takes ${what}, a whole number from ${minimum} to ${maximum}`,
    )
    .transform(Number);

/** A setting that is written as a list or a map, and arrives as JSON. */
export const structured = <Schema extends z.ZodType>(what: string, schema: Schema) =>
  z
    .string()
    .transform((text, context): unknown => {
      try {
        return JSON.parse(text);
      } catch {
        context.issues.push({ code: "custom", message: `takes ${what}`, input: text });
        return z.NEVER;
      }
    })
    .pipe(schema);

/** A number in a structured setting: the Pulumi CLI may hand it over as text. */
export const number = (minimum: number, maximum: number, what: string) =>
  z
    .union([z.int(), z.string().regex(/^\d+$/).transform(Number)], `takes ${what}`)
    .refine((value) => value >= minimum && value <= maximum, `takes ${what}, from ${minimum} to ${maximum}`);

/** Memory of a machine, in MiB. Below 512 MySQL and PHP-FPM do not fit together. */
export const MEMORY = [512, 1_048_576] as const;
export const CORES = [1, 256] as const;
/** HAProxy's range, but for 0: a machine without a share would be of no use. */
export const weight = number(1, 256, "a share of the requests");
export const INSTANCE_TYPE = /^[a-z][a-z0-9-]*\.[a-z0-9-]+$/;

/** A machine of one's own list. */
export const listed = z.strictObject({
  /** Host name, such as `web-1`; after RFC 1123. */
  name: z
    .string("takes a name")
    .regex(
      /^[a-z]([a-z0-9-]{0,40}[a-z0-9])?$/,
      "takes a name such as web-1: lower case, digits and hyphens, 42 at most",
    ),
  roles: z
    .array(oneOf(roles), `takes a list of roles: ${roles.join(", ")}`)
    .min(1, `takes at least one role of ${roles.join(", ")}`)
    .refine((list) => new Set(list).size === list.length, "names a role twice"),
  /** MiB; Docker only: at a cloud the instance type settles it. */
  memory: number(...MEMORY, "MiB of memory").optional(),
  cores: number(...CORES, "processor cores").optional(),
  /** AWS only. */
  instanceType: z.string().regex(INSTANCE_TYPE, "takes an EC2 instance type such as t3.small").optional(),
  /** Number of its availability zone, from 1. */
  zone: number(1, 4, "the number of an availability zone").optional(),
  weight: weight.optional(),
  backup: z
    .union([z.boolean(), z.enum(["true", "false"]).transform((value) => value === "true")], "takes true or false")
    .optional(),
});

/** What a list of machines may not say, on this target or beside other settings. */
export function checkMachines(foreign: readonly (keyof z.infer<typeof listed>)[], why: string) {
  return (
    {
      topology,
      machines,
      weights,
    }: {
      readonly topology?: unknown;
      readonly weights?: unknown;
      readonly machines?: readonly z.infer<typeof listed>[];
    },
    context: z.RefinementCtx,
  ) => {
    const refuse = (message: string, ...path: PropertyKey[]) =>
      context.addIssue({ code: "custom", path: ["machines", ...path], message, params: { namesNoValue: true } });
    if (machines && topology) refuse(`stands instead of topology: remove one of them`);
    if (machines && weights) refuse(`gives each machine its weight itself: remove weights`);
    for (const [index, machine] of (machines ?? []).entries()) {
      for (const setting of foreign.filter((each) => machine[each] !== undefined)) {
        refuse(`is no setting of the target ${why}`, index, setting);
      }
    }
  };
}
