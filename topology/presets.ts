import type { Machine, Preset, Role } from "./types";

/** A machine before it has an address and a size. */
export type PlannedMachine = Pick<Machine, "name" | "roles" | "databaseRole">;

const everyRole: readonly Role[] = ["load-balancer", "web", "application", "database"];

/**
 * The machines of each preset, in the order a person lists them. This table is the only place that knows the name of a
 * machine; everything else asks for roles.
 */
export const presets: Record<Preset, readonly PlannedMachine[]> = {
  "highly-available": [
    { name: "web-1", roles: everyRole },
    { name: "web-2", roles: everyRole },
    { name: "web-3", roles: everyRole },
  ],
  distributed: [
    { name: "lb-1", roles: ["load-balancer"] },
    { name: "web-1", roles: ["web", "application", "database"], databaseRole: "primary" },
    { name: "web-2", roles: ["web", "application", "database"], databaseRole: "replica" },
  ],
};
