import { machinesWith } from "./machines";
import type { Role, Topology } from "./types";

/** A machine whose loss takes a part of the service with it, because no other machine can do the same. */
export interface SinglePointOfFailure {
  readonly machine: string;
  readonly role: Role;
  /** What people notice while the machine is gone. */
  readonly consequence: string;
}

const consequences: Partial<Record<Role, string>> = {
  "load-balancer": "the site cannot be reached",
  web: "the site answers with an error",
  application: "only static files are served",
  database: "nothing can be read or written",
};

/** Every role that only one machine can do. A lost monitor takes nothing from the people who use the site. */
export function singlePointsOfFailure(topology: Topology): SinglePointOfFailure[] {
  const points: SinglePointOfFailure[] = [];
  for (const [role, consequence] of Object.entries(consequences) as [Role, string][]) {
    const machines = machinesWith(topology, role);
    const primaries = machines.filter(({ databaseRole }) => databaseRole === "primary");
    const [only] = machines;
    const [primary] = primaries;
    if (only && machines.length === 1) {
      points.push({ machine: only.name, role, consequence });
    } else if (role === "database" && primary && primaries.length === 1) {
      // a fixed primary: nobody takes its place by itself
      points.push({ machine: primary.name, role, consequence: "the site can be read, but nothing can be written" });
    }
  }
  return points;
}
