import type { PlannedMachine } from "./presets";
import type { Machine } from "./types";

/** Whether these machines' databases form a group that elects its primary, rather than starting with a fixed one. */
export function formsGroup(machines: readonly Pick<Machine, "roles">[]): boolean {
  return machines.filter(({ roles }) => roles.includes("database")).length > 2;
}

/** What each machine's database is at first: one alone is primary, the second of two its replica, a group elects. */
export function databaseRoles(machines: readonly PlannedMachine[]): Machine["databaseRole"][] {
  const databases = machines.filter(({ roles }) => roles.includes("database"));
  const isGroup = formsGroup(machines);
  return machines.map((machine) => {
    if (isGroup || !databases.includes(machine)) return undefined;
    return machine === databases[0] ? "primary" : "replica";
  });
}
