import type { AlertRoutes } from "../alerts";
import type { Acme } from "../config-certificate";
import { problemsOf, problemsOfOrder, problemsOfWeights } from "./checks";
import { databaseRoles } from "./databases";
import { planNetwork } from "./network";
import { type PlannedMachine, presetAlgorithms, presets } from "./presets";
import {
  type Algorithm,
  type Backups,
  DEFAULT_LIMITS,
  DEFAULT_OUTGOING_PORTS,
  type MachineSize,
  type Mode,
  type Preset,
  type PublishedPorts,
  type Topology,
  type VirtualIp,
} from "./types";
import { planZones } from "./zones";

/** What a person says about the machines, by the names of the settings. */
export interface TopologySettings {
  /** The setting `topology`. @default highly-available, unless there are `machines` */
  readonly preset?: Preset;
  /** The machines one by one. */
  readonly machines?: readonly PlannedMachine[];
  readonly domain: string;
  /** A private IPv4 range from /16 to /27, such as `172.30.0.0/24`. */
  readonly addressRange: string;
  /** @default roundrobin, in scale-up leastconn */
  readonly balance?: Algorithm;
  /** Shares of the requests by machine. @default 1 each */
  readonly weights?: Readonly<Record<string, number>>;
  /** active-passive: the first web server (application server) gets all requests, the others stand in for it. @default active-active */
  readonly webServers?: Mode;
  /** active-active: each load balancer has a virtual IP that it serves while it can. @default active-passive */
  readonly loadBalancers?: Mode;
  /** Seconds. @default 0 */
  readonly slowStart?: number;
  /** @default false */
  readonly stickySessions?: boolean;
  /** Requests of one client address in ten seconds; 0: any number. @default 2000 */
  readonly requestsPerAddress?: number;
  /** Connections of one client address at a time; 0: any number. @default 500 */
  readonly connectionsPerAddress?: number;
  /** Machines have IPv6 addresses beside the IPv4 ones, for visitors and the way out. @default false */
  readonly ipv6?: boolean;
  /** TCP ports that machines may connect to outside their network. @default 80, 443 */
  readonly outgoingPorts?: readonly number[];
}

const DEFAULT_PRESET: Preset = "highly-available";

export interface TopologyPlan extends TopologySettings {
  /** Name of the stack. */
  readonly stack: string;
  /** Of each machine that has none of its own, or for each kind of machine at the cloud. */
  readonly size: MachineSize | ((instanceType: string | undefined) => MachineSize);
  readonly publishedPorts?: PublishedPorts;
  /** Where alerts go. @default nobody is told */
  readonly alerts?: AlertRoutes;
  /** @default the load balancers are made with the site's certificate */
  readonly acme?: Acme;
  /** Availability zones that the machines are spread over. @default none: all are in one network */
  readonly zones?: number;
  /** @default none */
  readonly backups?: Backups;
}

/** The machines that the settings ask for, checked. @throws Error, for a person, with all that is wrong. */
function plannedMachines(settings: TopologySettings): readonly PlannedMachine[] {
  const { preset = DEFAULT_PRESET, weights = {}, webServers } = settings;
  const source = settings.machines ? "machines" : "topology";
  const listed = settings.machines ?? presets[preset];
  if (!listed) throw new Error(`topology "${preset}" is unknown. Use one of: ${Object.keys(presets).join(", ")}.`);
  const machines = listed.map((machine) => {
    const { name, backup = webServers === "active-passive" && isStandIn(machine, listed) } = machine;
    const weight = weights[name] ?? machine.weight;
    return { ...machine, ...(weight === undefined ? {} : { weight }), ...(backup ? { backup } : {}) };
  });
  const problems = [...problemsOf(machines, source), ...problemsOfWeights(weights, listed)];
  if (problems.length === 0) problems.push(...problemsOfOrder(machines, source));
  if (problems.length > 0) throw new Error(problems.join("\n"));
  return machines;
}

/** Not the first of its tier. */
function isStandIn(machine: PlannedMachine, all: readonly PlannedMachine[]): boolean {
  const tiers = (["web", "application"] as const).filter((role) => machine.roles.includes(role));
  return tiers.length > 0 && tiers.every((role) => all.find(({ roles }) => roles.includes(role)) !== machine);
}

/**
 * Gives every machine its address, size and place.
 * @throws Error, for a person, when the machines can't serve a site or the address range can't hold them. Each line begins
 *   with a setting's name.
 */
export function planTopology(plan: TopologyPlan): Topology {
  const { preset = DEFAULT_PRESET, stack, domain, addressRange, publishedPorts, zones, loadBalancers, backups } = plan;
  const planned = plannedMachines(plan);
  const { network, virtualIps, addresses } = planNetwork(
    addressRange,
    planned.map(({ name }) => name),
  );
  const balancers = planned.filter(({ roles }) => roles.includes("load-balancer")).map(({ name }) => name);
  const entries = loadBalancers === "active-active" ? balancers.length : 1;
  const spread = zones === undefined ? undefined : planZones(addressRange, planned, zones, entries);
  const roles = databaseRoles(planned);
  return {
    preset: plan.machines ? "machines" : preset,
    stack,
    domain,
    network: { ...network, ...(spread ? { subnets: spread.subnets } : {}), ...(plan.ipv6 ? { hasIpv6: true } : {}) },
    ...(publishedPorts ? { publishedPorts } : {}),
    ...(backups ? { backups } : {}),
    ...(plan.alerts ? { alerts: plan.alerts } : {}),
    ...(plan.acme ? { acme: plan.acme } : {}),
    virtualIps: shareAddresses(spread?.virtualIps ?? virtualIps, balancers, loadBalancers === "active-active"),
    balancing: {
      algorithm: plan.balance ?? (plan.machines ? undefined : presetAlgorithms[preset]) ?? "roundrobin",
      slowStart: plan.slowStart ?? 0,
      sticky: plan.stickySessions ?? false,
    },
    limits: {
      requests: plan.requestsPerAddress ?? DEFAULT_LIMITS.requests,
      connections: plan.connectionsPerAddress ?? DEFAULT_LIMITS.connections,
    },
    outgoingPorts: plan.outgoingPorts ?? DEFAULT_OUTGOING_PORTS,
    machines: planned.map(({ name, roles: its, memory, cores, instanceType, weight, backup, zone }, index) => {
      const usual = typeof plan.size === "function" ? plan.size(instanceType) : plan.size;
      return {
        name,
        roles: its,
        address: addresses[index] as string,
        size: { memory: memory ?? usual.memory, cores: cores ?? usual.cores },
        ...(instanceType ? { instanceType } : {}),
        ...(weight ? { weight } : {}),
        ...(backup ? { backup } : {}),
        ...(zone ? { zone: zone - 1 } : {}),
        ...(roles[index] ? { databaseRole: roles[index] } : {}),
        ...spread?.places[index],
      };
    }),
  };
}

/** One address for all, or one for each, which its neighbours take over in turn. A single load balancer needs none. */
function shareAddresses(free: readonly string[], balancers: readonly string[], isEach: boolean): VirtualIp[] {
  if (balancers.length < 2) return [];
  const owners = isEach ? balancers : balancers.slice(0, 1);
  if (owners.length > free.length) {
    throw new Error(
      `loadBalancers active-active takes ${free.length} load balancers at most, one address each, not ${owners.length}. ` +
        "Use active-passive, or fewer load balancers.",
    );
  }
  return owners.map((_, index) => ({
    address: free[index] as string,
    holders: [...balancers.slice(index), ...balancers.slice(0, index)],
    returns: isEach,
  }));
}
