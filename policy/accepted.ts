import type { PolicyConfigJSONSchema } from "@pulumi/policy/schema";
import { wildcard } from "./reading/wildcard";

/** A violation that somebody decided to live with for a while. */
export interface Accepted {
  /** URN of the resource; `*` stands for any characters. */
  readonly urn: string;
  readonly reason: string;
  /** Last day of the acceptance (UTC), as `YYYY-MM-DD`. */
  readonly expires: string;
}

const KEYS = ["urn", "reason", "expires"] as const;
const EXAMPLE = '{ "urn": "*", "reason": "why it is fine for now", "expires": "YYYY-MM-DD" }';

export const acceptedSchema: PolicyConfigJSONSchema = {
  type: "array",
  description:
    "Violations to live with for a while: each is then reported as advisory, with the reason, until it expires.",
  items: {
    type: "object",
    required: [...KEYS],
    additionalProperties: false,
    properties: {
      urn: { type: "string", minLength: 1, description: "URN of the resource; * stands for any characters." },
      reason: { type: "string", minLength: 1, description: "Why it is fine for now." },
      expires: { type: "string", pattern: "^\\d{4}-\\d{2}-\\d{2}$", description: "Last day (UTC), YYYY-MM-DD." },
    },
  },
};

/** Reads the setting `accepted` of a rule. Entries that are wrong are left out and named in `errors`. */
export function readAccepted(rule: string, value: unknown): { accepted: Accepted[]; errors: string[] } {
  if (value === undefined || value === null) return { accepted: [], errors: [] };
  if (!Array.isArray(value)) return { accepted: [], errors: [`${rule}.accepted: takes a list of ${EXAMPLE}.`] };
  const accepted: Accepted[] = [];
  const errors: string[] = [];
  value.forEach((entry: unknown, index) => {
    const where = `${rule}.accepted[${index}]`;
    const wrong = entryErrors(where, entry);
    errors.push(...wrong);
    if (wrong.length === 0) accepted.push(entry as Accepted);
  });
  return { accepted, errors };
}

function entryErrors(where: string, entry: unknown): string[] {
  if (typeof entry !== "object" || entry === null || Array.isArray(entry)) return [`${where}: takes ${EXAMPLE}.`];
  const fields = entry as Record<string, unknown>;
  const errors = Object.keys(fields)
    .filter((key) => !(KEYS as readonly string[]).includes(key))
    .map((key) => `${where}.${key}: there is no such key; it takes ${KEYS.join(", ")}.`);
  for (const key of KEYS) {
    if (typeof fields[key] !== "string" || fields[key].trim() === "") {
      errors.push(`${where}.${key}: is missing; ${EXPLANATION[key]}.`);
    }
  }
  if (typeof fields.expires === "string" && fields.expires.trim() !== "" && !isDate(fields.expires)) {
    errors.push(`${where}.expires: is no date; ${EXPLANATION.expires}.`);
  }
  return errors;
}

const EXPLANATION = {
  urn: "give the URN of the resource, with * for any characters",
  reason: "say why the violation is fine for now",
  expires: "give the last day of the acceptance as YYYY-MM-DD, such as 2027-06-30",
} as const;

function isDate(value: string): boolean {
  const date = new Date(`${value}T00:00:00Z`);
  return /^\d{4}-\d{2}-\d{2}$/.test(value) && !Number.isNaN(date.getTime()) && date.toISOString().startsWith(value);
}

export type Acceptance = { readonly entry: Accepted; readonly expired: boolean };

/** The entry that covers this resource, if any; one that still holds is preferred to an expired one. */
export function findAccepted(accepted: readonly Accepted[], urn: string, now: Date): Acceptance | undefined {
  const today = now.toISOString().slice(0, 10);
  const matching = accepted
    .filter((entry) => wildcard(entry.urn).test(urn))
    .map((entry) => ({ entry, expired: entry.expires < today }));
  return matching.find(({ expired }) => !expired) ?? matching[0];
}
