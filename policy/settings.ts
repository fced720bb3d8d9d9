import type { PolicyConfigJSONSchema } from "@pulumi/policy/schema";

/** Something a stack can set for a rule. The schema's description says, after the name of the key, what it takes. */
export interface Setting {
  readonly schema: PolicyConfigJSONSchema;
  readonly valid: (value: unknown) => boolean;
}

export type Settings = Record<string, unknown>;

/** What is wrong with a rule's configuration, each naming rule and key. `accepted` has a reader of its own. */
export function settingErrors(rule: string, settings: Record<string, Setting> = {}, given: Settings): string[] {
  const known = [...Object.keys(settings), "accepted", "enforcementLevel"];
  return Object.entries(given).flatMap(([key, value]) => {
    const setting = settings[key];
    if (key === "accepted" || setting?.valid(value)) return [];
    if (setting) return [`${rule}.${key}: takes ${setting.schema.description}`];
    return [`${rule}.${key}: there is no such setting; the rule takes ${known.join(", ")}.`];
  });
}

/** What the stack sets where that is right, else the default: a wrong value is reported and changes nothing. */
export function setting<T>({ schema, valid }: Setting, value: unknown): T {
  return (value !== undefined && valid(value) ? value : schema.default) as T;
}

export function yesOrNo(description: string, preset: boolean): Setting {
  return {
    schema: { type: "boolean", default: preset, description: `true or false: ${description}.` },
    valid: (value) => typeof value === "boolean",
  };
}

export function wholeNumber(description: string, preset: number, minimum: number, maximum: number): Setting {
  return {
    schema: {
      type: "integer",
      default: preset,
      minimum,
      maximum,
      description: `a whole number from ${minimum} to ${maximum}: ${description}.`,
    },
    valid: (value) => Number.isInteger(value) && Number(value) >= minimum && Number(value) <= maximum,
  };
}

export function ports(description: string, preset: readonly number[]): Setting {
  return {
    schema: {
      type: "array",
      items: { type: "integer", minimum: 1, maximum: 65535 },
      minItems: 1,
      default: [...preset],
      description: `a list of port numbers ${description}, such as [${preset.join(", ")}].`,
    },
    valid: (value) =>
      Array.isArray(value) &&
      value.length > 0 &&
      value.every((port) => Number.isInteger(port) && port > 0 && port < 65536),
  };
}
