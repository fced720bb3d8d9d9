import type { PlannedMachine } from "./presets";

/** Whether these machines' databases form a group that elects its primary, rather than having a fixed one. */
export function formsGroup(machines: readonly PlannedMachine[]): boolean {
  const databases = machines.filter(({ roles }) => roles.includes("database"));
  return databases.length > 1 && databases.every(({ databaseRole }) => databaseRole === undefined);
}

/**
 * A group goes on while more than half of its members see each other: two can't afford to lose one, four no more than three.
 * @throws Error, for a person, when the databases form a group of an even number.
 */
export function requireQuorum(machines: readonly PlannedMachine[]): void {
  const count = machines.filter(({ roles }) => roles.includes("database")).length;
  if (!formsGroup(machines) || count % 2 === 1) return;
  throw new Error(
    `topology has a group of ${count} databases, which survives no more failures than one of ${count - 1}: it goes on only ` +
      "while more than half of them see each other. Give the role database to an odd number of machines, such as " +
      `${count + 1}, or make one of two the primary and the other its replica (topology: distributed).`,
  );
}
