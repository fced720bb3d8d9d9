import { hasUnknown, isRecord, list, record, text, UNKNOWN, type Value } from "./values";

export interface PlannedMachine {
  readonly name: string;
  readonly roles: readonly string[];
  readonly zone: string | undefined;
}

/** A list of machines is near the top of a component's inputs, such as `{ topology: { machines: [{ name, roles }] } }`. */
const DEPTH = 3;

/**
 * The machines that a component is given, as a list or by name, each with `roles` or a `role`: known from its inputs
 * before any of them exists. Undefined when there is no such list among them.
 */
export function plannedMachines(properties: Value, depth = DEPTH): PlannedMachine[] | undefined {
  if (depth === 0 || typeof properties !== "object" || properties === null) return undefined;
  const entries = Object.entries(properties);
  const planned = entries.map(([key, value]) =>
    readMachine(Array.isArray(properties) ? `machine ${Number(key) + 1}` : key, value),
  );
  if (planned.length > 0 && planned.every((machine) => machine !== undefined)) return planned;
  for (const value of Array.isArray(properties) ? [] : Object.values(properties)) {
    const found = plannedMachines(value, depth - 1);
    if (found) return found;
  }
  return undefined;
}

function readMachine(fallback: string, given: Value): PlannedMachine | undefined {
  if (!isRecord(given)) return undefined;
  const { name, roles, role, zone, availabilityZone } = record(given);
  const wanted = roles ?? (text(role) === undefined ? undefined : [role]);
  if (!Array.isArray(wanted) || hasUnknown(wanted) || role === UNKNOWN) return undefined;
  return {
    name: text(name) ?? fallback,
    roles: list(wanted).flatMap((one) => text(one) ?? []),
    zone: text(zone) ?? text(availabilityZone),
  };
}
