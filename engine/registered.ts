import type { Plan, Registration } from "./plan";
import type { Properties, ResourceProvider } from "./provider";
import type { ResourceState } from "./state";
import { kindOf } from "./urn";
import { pack, UNKNOWN, unpack } from "./values";

/** A resource as the program gets it back. */
export interface Registered {
  readonly registration: Registration;
  /** Empty in a preview for what doesn't exist yet, and for components. */
  readonly id: string;
  /** Checked inputs in wire form. */
  readonly inputs: Properties;
  /** Outputs in wire form. */
  readonly outputs: Properties;
}

/** Components and the stack: they only group others. */
export function group(registration: Registration): Registered {
  return { registration, id: "", inputs: registration.properties, outputs: registration.properties };
}

/** What a program sees in a preview: outputs are unknown for what will be made. */
export function preview(
  registration: Registration,
  { action, inputs, secrets }: Plan,
  old: ResourceState | undefined,
  provider: ResourceProvider,
): Registered {
  const packed = pack(inputs, secrets);
  if (old && (action === "same" || action === "update")) {
    const outputs = unpack(old.outputs).plain;
    const merged = action === "same" ? outputs : { ...outputs, ...inputs };
    return { registration, id: old.id, inputs: packed, outputs: pack(merged, secrets) };
  }
  // Outputs that aren't here are unknown to the SDK by themselves; those that are secret need their mark.
  const unknown = [...registration.additionalSecretOutputs, ...(provider.secretOutputs ?? [])].filter(
    (key) => !(key in inputs),
  );
  const outputs = { ...Object.fromEntries(unknown.map((key) => [key, UNKNOWN])), ...inputs };
  return { registration, id: "", inputs: packed, outputs: pack(outputs, secrets) };
}

/** What a person calls a resource. A machine goes by its name alone. */
export function label({
  name,
  type,
  ...rest
}: {
  name: string;
  type: string;
  inputs?: Properties;
  properties?: Properties;
}): string {
  const properties = rest.inputs ?? rest.properties;
  return properties?.wait === true ? String(properties.hostname ?? name) : `${kindOf(type)} ${name}`;
}
