import { readFileSync } from "node:fs";
import path from "node:path";
import { parse } from "yaml";
import { z } from "zod";
import { messageOf, UserError } from "./errors";

/** A project on disk and one of its stacks, as `Pulumi.yaml` and `Pulumi.<stack>.yaml` say. */
export interface Project {
  /** Directory of `Pulumi.yaml`. */
  readonly root: string;
  readonly name: string;
  readonly stack: string;
  /** The program, relative to the root. */
  readonly main: string;
  /** The stack's configuration as the SDK takes it: `namespace:key` → text, structured values as JSON. */
  readonly config: Readonly<Record<string, string>>;
}

const projectFile = z.looseObject({ name: z.string(), main: z.string().default("index.ts") });
const stackFile = z.looseObject({ config: z.record(z.string(), z.unknown()).nullish() });

/** Reads both files. Throws a UserError when one is missing, isn't YAML or holds what only the Pulumi CLI can read. */
export function readProject(root: string, stack: string): Project {
  if (!/^[A-Za-z0-9][A-Za-z0-9_.-]{0,99}$/.test(stack)) {
    throw new UserError(`"${stack}" can't be the name of a stack: letters, digits, "-", "_" and "." only.`);
  }
  const { name, main } = projectFile.parse(readYaml(path.join(root, "Pulumi.yaml")));
  const file = path.join(root, `Pulumi.${stack}.yaml`);
  const parsed = stackFile.safeParse(readYaml(file) ?? {});
  if (!parsed.success) throw new UserError(`${file}: "config" must be a list of "key: value" lines.`);
  // Pulumi's own keys have no namespace; it skips what it doesn't know
  const outside = Object.keys(parsed.data).find((key) => key.includes(":"));
  if (outside)
    throw new UserError(`${file}: ${outside} isn't below "config:": indent it by two spaces, with its lines.`);

  const config: Record<string, string> = {};
  for (const [key, value] of Object.entries(parsed.data.config ?? {})) {
    const secret = typeof value === "object" && value !== null && "secure" in value;
    if (secret) throw new UserError(`${file}: ${key} is encrypted: only the Pulumi CLI can read it.`);
    // A key without a namespace belongs to the project.
    const qualified = key.includes(":") ? key : `${name}:${key}`;
    config[qualified] = typeof value === "object" ? JSON.stringify(value) : String(value);
  }
  return { root, name, stack, main, config };
}

function readYaml(file: string): unknown {
  let text: string;
  try {
    text = readFileSync(file, "utf8");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ENOENT") throw error;
    throw new UserError(
      `${file} doesn't exist. Each stack has such a file: copy Pulumi.local.yaml and change what differs.`,
    );
  }
  try {
    return parse(text);
  } catch (error) {
    throw new UserError(`${file} is not valid YAML: ${messageOf(error)}`);
  }
}
