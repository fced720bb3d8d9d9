import type { Properties } from "../../engine/provider";

const SIGNATURE = "4dabf18193072939515e22adb298388d";
const SECRET = "1b47061264138c4ac30d75fd1eb44270";

/** Takes the marks off secrets, and leaves everything else of Pulumi's wire format as it is (assets, unknown values). */
export function unpackLoosely(value: Properties): Properties {
  return strip(value) as Properties;
}

function strip(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(strip);
  if (typeof value !== "object" || value === null) return value;
  const record = value as Properties;
  if (record[SIGNATURE] === SECRET) return strip(record.value);
  return Object.fromEntries(Object.entries(record).map(([key, each]) => [key, strip(each)]));
}
