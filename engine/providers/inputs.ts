import { isDeepStrictEqual } from "node:util";
import type { z } from "zod";
import type { Difference, Properties } from "../provider";

/**
 * Parses the inputs of a resource and fills in defaults. `type` is what a person calls it, such as `docker.Container`.
 * Throws an Error that names each unknown or wrong property, and never shows a value: it may be a secret.
 */
export function parseInputs<Schema extends z.ZodType>(
  type: string,
  schema: Schema,
  inputs: Properties,
): z.output<Schema> {
  const result = schema.safeParse(withoutUndefined(inputs));
  if (result.success) return result.data;
  throw new Error(`${type}: ${result.error.issues.map(describeIssue).join("; ")}`);
}

/**
 * Compares inputs property by property. Those in `inPlace` can be changed on the living resource, all others need a
 * replacement.
 */
export function compareInputs(
  oldInputs: Properties,
  newInputs: Properties,
  inPlace: readonly string[] = [],
): Difference {
  const names = new Set([...Object.keys(oldInputs), ...Object.keys(newInputs)]);
  const changed = [...names].filter(
    (name) => !isDeepStrictEqual(withoutUndefined(oldInputs[name]), withoutUndefined(newInputs[name])),
  );
  return { changed, replace: changed.filter((name) => !inPlace.includes(name)) };
}

function describeIssue(issue: z.core.$ZodIssue): string {
  const path = issue.path.join(".");
  if (issue.code === "unrecognized_keys") {
    const names = issue.keys.map((key) => (path ? `${path}.${key}` : key)).join(", ");
    return `the built-in engine doesn't know the property ${names}; leave it out, or use the Pulumi CLI`;
  }
  return `${path || "inputs"}: ${issue.message}`;
}

/** A program may pass `undefined` for "not set"; in the state it is simply absent. */
// biome-ignore lint/suspicious/noExplicitAny: property values are whatever the resource's type says
function withoutUndefined(value: any): any {
  if (Array.isArray(value)) return value.map(withoutUndefined);
  if (value === null || typeof value !== "object") return value;
  return Object.fromEntries(
    Object.entries(value)
      .filter(([, member]) => member !== undefined)
      .map(([name, member]) => [name, withoutUndefined(member)]),
  );
}
