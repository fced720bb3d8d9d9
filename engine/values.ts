import type { Properties } from "./provider";

// How Pulumi's wire format marks what JSON can't say. The values are facts of the protocol.
/** Stands for a value that is known only after the resource it comes from was created. */
export const UNKNOWN = "04da6b54-80e4-46f7-96ec-b56ff0331ba9";
const SIGNATURE = "4dabf18193072939515e22adb298388d";
const SECRET = "1b47061264138c4ac30d75fd1eb44270";
const OUTPUT_VALUE = "d0e6a833031e9bbcd3f4e8bde6ca49a4";
const RESOURCE_REFERENCE = "5cf8f73096256a8f31e491e813e4eb8e";

/** The properties of a resource without their marks, and which of them (top level) carried one somewhere inside. */
export interface Unpacked {
  readonly plain: Properties;
  readonly secrets: readonly string[];
  readonly unknowns: readonly string[];
}

/** Takes the marks off. Unknown values stay as the text `UNKNOWN`. Throws on what this engine doesn't know (assets). */
export function unpack(wire: Properties): Unpacked {
  const plain: Properties = {};
  const secrets: string[] = [];
  const unknowns: string[] = [];
  for (const [key, value] of Object.entries(wire)) {
    const found = { secret: false };
    plain[key] = strip(value, key, found);
    if (found.secret) secrets.push(key);
    if (containsUnknown(plain[key])) unknowns.push(key);
  }
  return { plain, secrets, unknowns };
}

/** Marks whole top-level properties as secret: the form in which the state keeps them and a program gets them. */
export function pack(plain: Properties, secrets: Iterable<string>): Properties {
  const marked = { ...plain };
  for (const key of secrets) {
    if (key in marked) marked[key] = { [SIGNATURE]: SECRET, value: marked[key] };
  }
  return marked;
}

export function containsUnknown(value: unknown): boolean {
  if (value === UNKNOWN) return true;
  return typeof value === "object" && value !== null && Object.values(value).some(containsUnknown);
}

/** Every line of text inside the secret properties that is long enough to recognise, so that it can be kept out of messages. */
export function secretTexts({ plain, secrets }: Pick<Unpacked, "plain" | "secrets">): string[] {
  const texts = (value: unknown): string[] => {
    if (typeof value === "string") {
      // Line by line, for keys that are quoted in part; the lines that frame a PEM block are no secret.
      return value.split("\n").filter((line) => line.length >= 8 && !line.startsWith("-----") && line !== UNKNOWN);
    }
    return typeof value === "object" && value !== null ? Object.values(value).flatMap(texts) : [];
  };
  return secrets.flatMap((key) => texts(plain[key]));
}

function strip(value: unknown, path: string, found: { secret: boolean }): unknown {
  if (Array.isArray(value)) return value.map((item, index) => strip(item, `${path}[${index}]`, found));
  if (typeof value !== "object" || value === null) return value;

  const marked = value as Properties;
  switch (marked[SIGNATURE]) {
    case undefined:
      return Object.fromEntries(
        Object.entries(marked).map(([key, item]) => [key, strip(item, `${path}.${key}`, found)]),
      );
    case SECRET:
      found.secret = true;
      return strip(marked.value, path, found);
    case OUTPUT_VALUE:
      if (marked.secret === true) found.secret = true;
      return "value" in marked ? strip(marked.value, path, found) : UNKNOWN;
    case RESOURCE_REFERENCE:
      return marked.id === "" ? UNKNOWN : (marked.id ?? marked.urn);
    default:
      throw new Error(`${path}: assets and archives are not known to the built-in engine; pass a path or text`);
  }
}
