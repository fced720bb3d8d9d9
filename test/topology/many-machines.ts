import type { Role } from "../../topology";
import type { PlannedMachine } from "../../topology/presets";

/** What planning a topology at AWS takes beside its machines or its preset. */
export const planOnAws = {
  stack: "unit",
  domain: "www.foobar.com",
  addressRange: "10.20.0.0/16",
  size: { memory: 2048, cores: 2 },
  zones: 3,
};

const several = (count: number, name: string, roles: readonly Role[]): PlannedMachine[] =>
  Array.from({ length: count }, (_, index) => ({ name: `${name}-${index + 1}`, roles }));

/** A topology of so many machines (at least 6), each with one thing to do, in the shares that a large site has. */
export function manyMachines(count: number): PlannedMachine[] {
  const loadBalancers = Math.max(2, Math.floor(count / 15));
  // A group of databases is odd in number, and MySQL has nine at most.
  const databases = Math.min(9, 1 + 2 * Math.floor(count / 14));
  return [
    ...several(loadBalancers, "lb", ["load-balancer"]),
    ...several(count - loadBalancers - databases - 1, "web", ["web", "application"]),
    ...several(databases, "db", ["database"]),
    ...several(1, "monitor", ["monitor"]),
  ];
}
