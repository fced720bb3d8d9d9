import { UnknownValueError } from "@pulumi/policy";

/** Stands for a value that a preview can't know yet. */
export const UNKNOWN: unique symbol = Symbol("unknown until the update");

export type Value = string | number | boolean | null | undefined | typeof UNKNOWN | Value[] | Properties;
export interface Properties {
  [key: string]: Value;
}

/**
 * Copies properties out of the SDK's proxy, which throws on every read of an unknown value, so that a rule can judge
 * all that is known instead of stopping at the first property that isn't.
 */
export function copyKnown(value: unknown): Value {
  if (typeof value === "function" || typeof value === "symbol" || typeof value === "bigint") return undefined;
  if (typeof value !== "object" || value === null) return value as Value;
  const read = (key: string | number): Value => {
    try {
      return copyKnown((value as Record<string | number, unknown>)[key]);
    } catch (error) {
      if (error instanceof UnknownValueError) return UNKNOWN;
      throw error;
    }
  };
  if (Array.isArray(value)) return Array.from({ length: value.length }, (_, index) => read(index));
  return Object.fromEntries(Object.keys(value).map((key) => [key, read(key)]));
}

export function isRecord(value: Value): value is Properties {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** The value as an object; an empty one when it is anything else. */
export function record(value: Value): Properties {
  return isRecord(value) ? value : {};
}

/** The value as a list; an empty one when it is anything else. */
export function list(value: Value): Value[] {
  return Array.isArray(value) ? value : [];
}

/** The items of a list, nothing for nothing, or the value itself where a list was expected. */
export function items(value: Value): Value[] {
  if (value === undefined || value === null) return [];
  return Array.isArray(value) ? value : [value];
}

/** The value as text; undefined when it is anything but a string or a number. */
export function text(value: Value): string | undefined {
  if (typeof value === "number") return String(value);
  return typeof value === "string" ? value : undefined;
}

/** Whether the value, or anything inside it, is unknown yet. */
export function hasUnknown(value: Value): boolean {
  if (value === UNKNOWN) return true;
  if (Array.isArray(value)) return value.some(hasUnknown);
  return isRecord(value) && Object.values(value).some(hasUnknown);
}
