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

/** Where the site is reached: the virtual IPs, or else the only load balancer's own address. */
export function entryAddresses(topology: Topology): string[] {
  if (topology.virtualIps.length > 0) return topology.virtualIps.map(({ address }) => address);
  return machinesWith(topology, "load-balancer").map(({ address }) => address);
}

/**
 * The order in which machines are made and replaced, each after the one before is ready: what others need comes first
 * (databases, the primary before its replicas), what lets people in comes last.
 */
export function creationOrder(topology: Topology): Machine[] {
  // Array.sort is stable: machines that are equal in this stay in the order a person lists them
  return [...topology.machines].sort((one, other) => rank(one) - rank(other));
}

const layers: readonly Role[] = ["database", "application", "web", "load-balancer", "monitor"];

/** A machine with several roles goes with the first layer that it belongs to; within the databases the primary first. */
function rank(machine: Machine): number {
  const layer = layers.findIndex((role) => machine.roles.includes(role));
  return layer * 2 + (machine.databaseRole === "replica" ? 1 : 0);
}
