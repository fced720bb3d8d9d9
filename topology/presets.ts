import type { Algorithm, Machine, Preset, Role } from "./types";

/** A machine before it has an address, and a size where it has none of its own. */
export interface PlannedMachine extends Pick<Machine, "name" | "roles" | "instanceType" | "weight" | "backup"> {
  /** MiB. @default that of all machines */
  readonly memory?: number;
  /** @default that of all machines */
  readonly cores?: number;
  /** Number of its availability zone, from 1 as people count. @default spread over all */
  readonly zone?: number;
}

const serving: readonly Role[] = ["web", "application", "database"];
const everyRole: readonly Role[] = ["load-balancer", ...serving];

/** So many machines alike: `web-1`, `web-2` … */
const several = (count: number, name: string, roles: readonly Role[]): PlannedMachine[] =>
  Array.from({ length: count }, (_, index) => ({ name: `${name}-${index + 1}`, roles }));

/**
 * The machines of each preset, in the order a person lists them. This table is the only place that knows the name of a
 * machine; everything else asks for roles.
 */
export const presets: Record<Preset, readonly PlannedMachine[]> = {
  simple: several(1, "web", everyRole),
  distributed: [...several(1, "lb", ["load-balancer"]), ...several(2, "web", serving)],
  "load-balanced": [...several(1, "lb", ["load-balancer"]), ...several(3, "web", serving)],
  // monitors: not the first machine, which holds the address and the primary as long as nothing happens
  "highly-available": several(3, "web", everyRole).map((machine, index) =>
    index === 0 ? machine : { ...machine, roles: [...machine.roles, "monitor"] },
  ),
  "scale-up": [
    ...several(2, "lb", ["load-balancer"]),
    ...several(2, "web", ["web"]),
    ...several(2, "app", ["application"]),
    ...several(3, "db", ["database"]),
    ...several(1, "monitor", ["monitor"]),
  ],
};

/** How a preset balances unless somebody says otherwise: requests of very different length fit many small machines badly in turn. */
export const presetAlgorithms: Partial<Record<Preset, Algorithm>> = { "scale-up": "leastconn" };
