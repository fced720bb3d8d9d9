import { formsGroup } from "../databases";
import { flows, portRange } from "../flows";
import { singlePointsOfFailure } from "../losses";
import type { Flow, Machine, Topology } from "../types";

/** Machines that serve alike: drawn side by side, because the same may talk to them. Whether one also watches makes no other kind. */
export interface Kind {
  readonly id: string;
  readonly machines: readonly Machine[];
  /** What the machines of this kind say to each other. */
  readonly among: readonly Flow[];
  /** What monitors among them ask of all machines: as lines, that would hide the rest. */
  readonly watching: readonly Flow[];
}

/** What machines of one kind say to those of another; `from` is a kind, or visitors. */
export interface Link {
  readonly from: Kind | "visitors";
  readonly to: Kind;
  readonly flows: readonly Flow[];
}

/** What a diagram shows of a topology, before anything has a place. */
export interface Model {
  readonly kinds: readonly Kind[];
  readonly links: readonly Link[];
  /** Names of machines that the site can't do without. */
  readonly singlePoints: readonly string[];
}

export function modelOf(topology: Topology): Model {
  const kinds = kindsOf(topology);
  const all = flows(topology).filter(serves);
  const between = (from: Kind | "visitors", to: Kind): Link => ({
    from,
    to,
    flows: all.filter((flow) => isSentBy(flow, from) && isReceivedBy(flow, to)),
  });
  const links = kinds.flatMap((to) =>
    (["visitors", ...kinds] as const).filter((from) => from !== to).map((from) => between(from, to)),
  );
  return {
    kinds,
    links: links.filter((link) => link.flows.length > 0),
    singlePoints: singlePointsOfFailure(topology).flatMap(({ kind, name }) => (kind === "machine" ? [name] : [])),
  };
}

/** The load balancers of a kind, that visitors come to. */
export function isEntry({ machines }: Kind): boolean {
  return machines.some(({ roles }) => roles.includes("load-balancer"));
}

/** The addresses of visitors' that lead to load balancers: what each is, and who has it. One load balancer has just its own. */
export function addressesOf({ virtualIps, network }: Topology): [title: string, holders: string][] {
  if (virtualIps.length === 0) return [];
  const shared = virtualIps.map(({ address, holders, returns }): [string, string] => [
    // where the network has zones, a public address leads to who holds the virtual IP
    network.subnets ? "virtual IP and its public address" : `virtual IP ${address}`,
    `${holders[0]}, else ${holders.slice(1).join(", ")}${returns ? "" : " · one at a time"}`,
  ]);
  return network.hasIpv6 ? [...shared, ["IPv6", "an address of each one's own"]] : shared;
}

/** Such as `8080` or `VRRP`. */
export function portOf(flow: Flow): string {
  return flow.port === undefined ? flow.protocol.toUpperCase() : portRange(flow);
}

/** Such as `8080, VRRP`. */
export function portsOf(flows: readonly Flow[]): string {
  return [...new Set(flows.map(portOf))].join(", ");
}

/** Such as `database (primary)`; a group elects its primary, so nobody is it for good. */
export function roleNames(topology: Topology, machine: Machine): string[] {
  const isGroup = formsGroup(topology.machines);
  return machine.roles.map((role) => {
    if (role !== "database") return role;
    return machine.databaseRole ? `database · ${machine.databaseRole}` : isGroup ? "database · group" : "database";
  });
}

function kindsOf(topology: Topology): Kind[] {
  const all = flows(topology);
  const ids = [...new Set(topology.machines.map(rolesOf))];
  return ids.map((id) => {
    const machines = topology.machines.filter((machine) => rolesOf(machine) === id);
    const kind = { id, machines, among: [], watching: [] };
    const sent = all.filter((flow) => isSentBy(flow, kind));
    return {
      ...kind,
      among: machines.length < 2 ? [] : sent.filter((flow) => serves(flow) && isReceivedBy(flow, kind)),
      watching: sent.filter((flow) => !serves(flow)),
    };
  });
}

const rolesOf = ({ roles }: Machine) => roles.filter((role) => role !== "monitor").join("+") || "monitor";

const serves = ({ from }: Flow) => from !== "monitor";

function isSentBy({ from }: Flow, kind: Kind | "visitors"): boolean {
  if (from === "internet" || kind === "visitors") return from === "internet" && kind === "visitors";
  return kind.machines.some(({ roles }) => roles.includes(from));
}

function isReceivedBy({ to }: Flow, { machines }: Kind): boolean {
  return machines.some(({ roles }) => roles.includes(to));
}
