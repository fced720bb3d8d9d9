export const STACK_TYPE = "pulumi:pulumi:Stack";

/** The URN of a resource as Pulumi makes it: with the types of all ancestors but the stack. */
export function makeUrn(stack: string, project: string, parent: string, type: string, name: string): string {
  const ancestors = parent === "" ? "" : qualifiedType(parent);
  const prefix = ancestors === "" || ancestors === STACK_TYPE ? "" : `${ancestors}$`;
  return `urn:pulumi:${stack}::${project}::${prefix}${type}::${name}`;
}

/** The name a program gave to a resource. */
export function nameOf(urn: string): string {
  return urn.split("::").slice(3).join("::");
}

/** A resource's type in a person's words: `random:index/randomPassword:RandomPassword` is a "random password". */
export function kindOf(type: string): string {
  const last = type.split(":").at(-1) ?? type;
  return last.replace(/(?<=[a-z0-9])(?=[A-Z])/g, " ").toLowerCase();
}

function qualifiedType(urn: string): string {
  return urn.split("::")[2] ?? "";
}
