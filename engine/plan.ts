import { UserError } from "./errors";
import type { Properties, ResourceProvider } from "./provider";
import type { ResourceState } from "./state";
import { UNKNOWN, type Unpacked, unpack } from "./values";

/** What a program asked for: one resource with its options. */
export interface Registration {
  readonly urn: string;
  readonly type: string;
  readonly name: string;
  /** URN of the parent; empty for the stack itself. */
  readonly parent: string;
  /** False for components and the stack: they only group others. */
  readonly custom: boolean;
  /** Inputs in wire form: secrets and unknown values are marked. */
  readonly properties: Properties;
  readonly dependencies: readonly string[];
  readonly propertyDependencies: Readonly<Record<string, readonly string[]>>;
  readonly protect: boolean;
  readonly retainOnDelete: boolean;
  readonly deleteBeforeReplace: boolean | undefined;
  readonly ignoreChanges: readonly string[];
  readonly replaceOnChanges: readonly string[];
  readonly additionalSecretOutputs: readonly string[];
  /** Version of the provider's SDK, as the policy pack is told. */
  readonly version: string;
}

export type Action = "same" | "create" | "update" | "replace";

export interface Plan {
  readonly action: Action;
  /** Checked inputs without marks; unknown values (preview only) are the text `UNKNOWN`. */
  readonly inputs: Properties;
  /** Top-level properties that are secret among the inputs and outputs. */
  readonly secrets: ReadonlySet<string>;
  /** Names of the inputs that changed. */
  readonly changed: readonly string[];
}

/** Compares what a program asks for with what exists. Throws when the provider refuses the inputs. */
export function planChange(wanted: Registration, provider: ResourceProvider, old: ResourceState | undefined): Plan {
  const oldInputs = old && unpack(old.inputs).plain;
  const given = withoutIgnored(unpack(wanted.properties), wanted, oldInputs);
  const inputs = check(given, provider, oldInputs);
  const secrets = new Set([...given.secrets, ...wanted.additionalSecretOutputs, ...(provider.secretOutputs ?? [])]);
  if (!old || !oldInputs) return { action: "create", inputs, secrets, changed: [] };

  const oldOutputs = unpack(old.outputs).plain;
  const known = { ...inputs };
  for (const key of given.unknowns) known[key] = oldInputs[key];
  const difference = provider.diff(oldInputs, known, oldOutputs);
  const changed = [...new Set([...difference.changed, ...given.unknowns])];
  const replaces =
    difference.replace.length > 0 ||
    changed.some((key) => wanted.replaceOnChanges.some((path) => path === "*" || topLevel(path) === key)) ||
    given.unknowns.some((key) => wouldReplace(provider, old, key)) ||
    (changed.length > 0 && !provider.update);
  return { action: replaces ? "replace" : changed.length > 0 ? "update" : "same", inputs, secrets, changed };
}

/** Whether a new value of this input would replace the resource. Unknown values count as new ones, as with Pulumi. */
export function wouldReplace(provider: ResourceProvider, old: ResourceState, key: string): boolean {
  const inputs = unpack(old.inputs).plain;
  try {
    return provider.diff(inputs, { ...inputs, [key]: UNKNOWN }, unpack(old.outputs).plain).replace.length > 0;
  } catch {
    // The provider can't compare a value of another form than it expects, so it can't promise an update in place.
    return true;
  }
}

/** Unknown values only occur in a preview: what the provider can't check then, it checks when they are known. */
function check(given: Unpacked, provider: ResourceProvider, oldInputs: Properties | undefined): Properties {
  if (given.unknowns.length === 0) return provider.check(given.plain);
  try {
    return provider.check(given.plain);
  } catch {
    return { ...oldInputs, ...given.plain };
  }
}

function withoutIgnored(given: Unpacked, wanted: Registration, oldInputs: Properties | undefined): Unpacked {
  const nested = wanted.ignoreChanges.find((path) => topLevel(path) !== path || path === "*");
  if (nested !== undefined) {
    throw new UserError(
      `ignoreChanges of ${wanted.name}: "${nested}" isn't known to the built-in engine, only names of properties`,
    );
  }
  if (!oldInputs) return given;
  const plain = { ...given.plain };
  for (const key of wanted.ignoreChanges) {
    if (key in oldInputs) plain[key] = oldInputs[key];
    else delete plain[key];
  }
  return { ...given, plain, unknowns: given.unknowns.filter((key) => !wanted.ignoreChanges.includes(key)) };
}

function topLevel(propertyPath: string): string {
  return propertyPath.split(/[.[]/, 1)[0] ?? propertyPath;
}
