import { databaseRoles } from "./databases";
import { lacks, ordered } from "./machines";
import type { PlannedMachine } from "./presets";
import type { Role } from "./types";

/** What a site can't do without, and what the role does. */
const needed: Partial<Record<Role, string>> = {
  "load-balancer": "lets people in",
  web: "serves pages",
  application: "runs PHP",
  database: "keeps the data",
};

/** Roles that requests are spread over. */
const balanced: readonly Role[] = ["web", "application"];

/**
 * Everything that keeps these machines from serving a site, each with what to do; empty when they can.
 * @param source the setting that the machines are from
 */
export function problemsOf(machines: readonly PlannedMachine[], source: "topology" | "machines"): string[] {
  const withRole = (role: Role) => machines.filter(({ roles }) => roles.includes(role));
  const problems: string[] = [];
  for (const [role, what] of Object.entries(needed) as [Role, string][]) {
    if (withRole(role).length > 0) continue;
    problems.push(`${source} has no machine with the role ${role}: nobody ${what}. Add it to the roles of a machine.`);
  }
  const names = machines.map(({ name }) => name);
  for (const name of new Set(names.filter((each, index) => names.indexOf(each) < index))) {
    problems.push(`${source} has two machines of the name ${name}. Give each a name of its own.`);
  }
  const databases = withRole("database").length;
  if (databases > 2 && databases % 2 === 0) {
    problems.push(
      `${source} has a group of ${databases} databases, which survives no more failures than one of ${databases - 1}: it goes on ` +
        "only while more than half of them see each other. Give the role database to an odd number of machines, such as " +
        `${databases + 1}, or to two, a primary and its replica.`,
    );
  }
  for (const { name, roles, weight, backup } of machines) {
    if (roles.some((role) => balanced.includes(role))) continue;
    for (const [setting, value] of Object.entries({ weight, backup })) {
      if (value === undefined || value === false) continue;
      problems.push(
        `${source} gives ${name} a ${setting}, but requests are spread over machines with the role web or application, and it ` +
          `has neither. Remove its ${setting}.`,
      );
    }
  }
  for (const role of balanced) {
    const all = withRole(role);
    if (all.length === 0 || !all.every(({ backup }) => backup)) continue;
    problems.push(
      `${source} makes every machine with the role ${role} a backup, so nobody is left for them to stand in for. Remove backup ` +
        `from one of ${all.map(({ name }) => name).join(", ")}.`,
    );
  }
  return problems;
}

/** What keeps machines, each of which is made when those before are ready, from ever getting ready. */
export function problemsOfOrder(machines: readonly PlannedMachine[], source: "topology" | "machines"): string[] {
  const roles = databaseRoles(machines);
  const { order, stuck } = ordered(machines.map((machine, index) => ({ ...machine, databaseRole: roles[index] })));
  return stuck.slice(0, 1).map((machine) => {
    const missing = lacks(machine, order);
    return (
      `${source} gives ${machine.name} the roles ${machine.roles.join(", ")}: it can't be ready before a machine with the role ` +
      `${missing.join(" and one with ")} is, and that one can't before ${machine.name}. Give ${machine.name} that role as well, or ` +
      "its other roles to another machine."
    );
  });
}

/** What is wrong with a list of weights by machine. */
export function problemsOfWeights(
  weights: Readonly<Record<string, number>>,
  machines: readonly PlannedMachine[],
): string[] {
  const names = machines.map(({ name }) => name);
  return Object.keys(weights)
    .filter((name) => !names.includes(name))
    .map((name) => `weights names ${name}, which is no machine of this topology. There are: ${names.join(", ")}.`);
}
