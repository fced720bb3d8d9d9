import type { Machine, Role, Topology } from "./types";

/** The machines with a role, in the order a person lists them. */
export function machinesWith(topology: Topology, role: Role): Machine[] {
  return topology.machines.filter((machine) => machine.roles.includes(role));
}

/** Whether PHP runs on machines of its own: then web servers reach it through the network, all of it. */
export function applicationIsApart(topology: Topology): boolean {
  return machinesWith(topology, "web").some(({ roles }) => !roles.includes("application"));
}

/** Whether somebody watches: without a monitor there are no exporters either. */
export function isMonitored(topology: Topology): boolean {
  return machinesWith(topology, "monitor").length > 0;
}

/** The machine that the host's published ports lead to: the first load balancer. */
export function publishedMachine(topology: Topology): Machine | undefined {
  return machinesWith(topology, "load-balancer")[0];
}

/** Where the site is reached: the virtual IPs, or else the only load balancer's own address. */
export function entryAddresses(topology: Topology): string[] {
  if (topology.virtualIps.length > 0) return topology.virtualIps.map(({ address }) => address);
  return machinesWith(topology, "load-balancer").map(({ address }) => address);
}

/**
 * The order in which machines are made and replaced, each after the one before is ready: what others need comes first
 * (databases, the primary before its replicas), what lets people in comes last.
 */
export function creationOrder({ machines }: Topology): Machine[] {
  const { order, stuck } = ordered(machines);
  return [...order, ...stuck];
}

type Ordered = Pick<Machine, "roles" | "databaseRole">;

/** Machines in the order of their creation, and those that would wait for ever for one that waits for them. */
export function ordered<Each extends Ordered>(machines: readonly Each[]): { order: Each[]; stuck: Each[] } {
  // Array.sort is stable: machines that are equal in this stay in the order a person lists them
  const stuck = [...machines].sort((one, other) => rank(one) - rank(other));
  const order: Each[] = [];
  for (;;) {
    const next = stuck.findIndex((machine) => lacks(machine, order).length === 0);
    if (next < 0) return { order, stuck };
    order.push(...stuck.splice(next, 1));
  }
}

/** What the work of a role needs before it is ready. */
const needs: Partial<Record<Role, Role>> = { "load-balancer": "web", web: "application", application: "database" };

/** The roles that neither this machine has nor one that was made before it, and that it can't be ready without. */
export function lacks({ roles, databaseRole }: Ordered, before: readonly Ordered[]): Role[] {
  const has = (role: Role) => roles.includes(role) || before.some((each) => each.roles.includes(role));
  const missing = roles.flatMap((role) => needs[role] ?? []).filter((role) => !has(role));
  const hasPrimary = databaseRole !== "replica" || before.some((each) => each.databaseRole === "primary");
  return hasPrimary ? missing : [...missing, "database"];
}

const layers: readonly Role[] = ["database", "application", "web", "load-balancer", "monitor"];

/** A machine with several roles goes with the first layer that it belongs to; within the databases the primary first. */
function rank(machine: Ordered): number {
  const layer = layers.findIndex((role) => machine.roles.includes(role));
  return layer * 2 + (machine.databaseRole === "replica" ? 1 : 0);
}
