import { formsGroup } from "./databases";
import { machinesWith } from "./machines";
import type { Machine, Role, Topology } from "./types";

/** What can still be done with a request, each only if the one before it can. */
export interface Abilities {
  /** It reaches a load balancer. */
  readonly balanced: boolean;
  /** A page is made for it: a web server and an application server are there. */
  readonly served: boolean;
  /** It can read from a database. */
  readonly read: boolean;
  /** It can write to a primary. */
  readonly written: boolean;
}

export const abilityNames = ["balanced", "served", "read", "written"] as const satisfies readonly (keyof Abilities)[];

/** Something that is gone, and what is left of the site then. */
export interface Loss {
  readonly kind: "machine" | "zone" | "tier";
  /** Name of the machine, number of the zone from 1, or role of the tier. */
  readonly name: string;
  /** Names of the machines that are gone. */
  readonly machines: readonly string[];
  readonly after: Abilities;
  /** What people notice, in a few words. */
  readonly consequence: string;
}

/** A machine or zone whose loss takes a part of the service with it. */
export type SinglePointOfFailure = Loss & { readonly kind: "machine" | "zone" };

/**
 * What a site can do once these machines are gone and the others have done what they do by themselves: taken an address over,
 * elected a primary. What a person could do then (`npm run promote`) doesn't count.
 */
export function abilitiesWithout({ machines }: Topology, lost: readonly string[]): Abilities {
  return abilitiesOf(
    machines,
    machines.filter(({ name }) => !lost.includes(name)),
  );
}

function abilitiesOf(machines: readonly Machine[], left: readonly Machine[]): Abilities {
  const has = (role: Role) => left.some(({ roles }) => roles.includes(role));
  const balanced = has("load-balancer");
  const served = balanced && has("web") && has("application");
  return { balanced, served, read: served && has("database"), written: served && hasPrimary(machines, left) };
}

/** A group elects a primary while most of it is there; of one or two databases, the second isn't promoted by itself. */
function hasPrimary(machines: readonly Machine[], left: readonly Machine[]): boolean {
  const databases = (among: readonly Machine[]) => among.filter(({ roles }) => roles.includes("database"));
  if (formsGroup(machines)) return databases(left).length * 2 > databases(machines).length;
  return databases(left).some(({ databaseRole }) => databaseRole === "primary");
}

/** Everything that can be lost at once, and what is left then: each machine, each zone where there are such, each tier. */
export function losses(topology: Topology): Loss[] {
  const { machines } = topology;
  const zones = [...new Set(machines.flatMap(({ zone }) => (zone === undefined ? [] : [zone])))].sort();
  const tiers = (["load-balancer", "web", "application", "database", "monitor"] as const).filter(
    (role) => machinesWith(topology, role).length > 0,
  );
  return [
    ...machines.map(({ name }) => lossOf(topology, "machine", name, (each) => each.name === name)),
    ...zones.map((zone) => lossOf(topology, "zone", String(zone + 1), (each) => each.zone === zone)),
    ...tiers.map((role) => lossOf(topology, "tier", role, ({ roles }) => roles.includes(role))),
  ];
}

/** Machines and zones that the site can't do without. */
export function singlePointsOfFailure(topology: Topology): SinglePointOfFailure[] {
  return losses(topology).filter(
    (loss): loss is SinglePointOfFailure => loss.kind !== "tier" && !isHarmless(loss.after),
  );
}

/** How many machines of a tier may be gone at the same time, whichever they are, without the site losing an ability. */
export function spareMachines(topology: Topology, role: Role): number {
  const names = machinesWith(topology, role).map(({ name }) => name);
  for (let count = 1; count <= names.length; count++) {
    if (!subsets(names, count).every((lost) => isHarmless(abilitiesWithout(topology, lost)))) return count - 1;
  }
  return names.length;
}

export function isHarmless(abilities: Abilities): boolean {
  return abilityNames.every((ability) => abilities[ability]);
}

function subsets(names: readonly string[], count: number): string[][] {
  if (count === 0) return [[]];
  return names.flatMap((name, index) => subsets(names.slice(index + 1), count - 1).map((rest) => [name, ...rest]));
}

/** A tier is what its machines do in this role: what else they do goes on. */
function lossOf({ machines }: Topology, kind: Loss["kind"], name: string, isGone: (machine: Machine) => boolean): Loss {
  const gone = machines
    .filter(isGone)
    .map((machine) => (kind === "tier" ? { ...machine, roles: [name as Role] } : machine));
  const left = machines.flatMap((machine) => {
    if (!isGone(machine)) return [machine];
    return kind === "tier" ? [{ ...machine, roles: machine.roles.filter((role) => role !== name) }] : [];
  });
  const after = abilitiesOf(machines, left);
  return {
    kind,
    name,
    machines: gone.map((each) => each.name),
    after,
    consequence: consequenceOf(machines, after, gone, left),
  };
}

function consequenceOf(
  machines: readonly Machine[],
  after: Abilities,
  gone: readonly Machine[],
  left: readonly Machine[],
): string {
  const has = (among: readonly Machine[], role: Role) => among.some(({ roles }) => roles.includes(role));
  if (!after.balanced) return "the site can't be reached";
  if (!has(left, "web")) return "the site answers with an error";
  if (!after.served) return "only static files are served";
  if (!after.read) return "pages without data: nothing can be read or written";
  if (!after.written) {
    return formsGroup(machines)
      ? "read-only until most of the databases are back"
      : "read-only until the primary is back, or `npm run promote`";
  }
  const taken = [
    ...(has(gone, "load-balancer") ? ["the address moves"] : []),
    ...(has(gone, "web") || has(gone, "application") ? ["the others serve"] : []),
    ...(!has(gone, "database")
      ? []
      : formsGroup(machines)
        ? ["writes wait if it was the primary"]
        : ["no second copy of what is written"]),
    ...(has(gone, "monitor") && !has(left, "monitor") ? ["nobody watches"] : []),
  ];
  return taken.join("; ") || "nobody notices";
}
