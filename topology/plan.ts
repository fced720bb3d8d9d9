import { requireQuorum } from "./group";
import { planNetwork } from "./network";
import { presets } from "./presets";
import type { MachineSize, Preset, PublishedPorts, Topology } from "./types";
import { planZones } from "./zones";

export interface TopologyPlan {
  readonly preset: Preset;
  /** Name of the stack. */
  readonly stack: string;
  readonly domain: string;
  /** A private IPv4 range from /16 to /27, such as `172.30.0.0/24`. */
  readonly addressRange: string;
  readonly size: MachineSize;
  readonly publishedPorts?: PublishedPorts;
  /** Availability zones that the machines are spread over. @default none: all are in one network */
  readonly zones?: number;
}

/**
 * Gives every machine of a preset its address and size.
 * @throws Error, for a person, when the preset is unknown or the address range cannot hold it.
 */
export function planTopology(plan: TopologyPlan): Topology {
  const { preset, stack, domain, addressRange, size, publishedPorts, zones } = plan;
  const planned = presets[preset];
  if (!planned) {
    throw new Error(`topology "${preset}" is unknown. Use one of: ${Object.keys(presets).join(", ")}.`);
  }
  requireQuorum(planned);
  const { network, virtualIp, addresses } = planNetwork(addressRange, planned.length);
  const spread = zones === undefined ? undefined : planZones(addressRange, planned, zones);
  const loadBalancers = planned.filter(({ roles }) => roles.includes("load-balancer"));
  return {
    preset,
    stack,
    domain,
    network: spread ? { ...network, subnets: spread.subnets } : network,
    ...(publishedPorts ? { publishedPorts } : {}),
    ...(loadBalancers.length > 1 ? { virtualIp } : {}),
    machines: planned.map((machine, index) => ({
      ...machine,
      address: addresses[index] as string,
      size,
      ...spread?.places[index],
    })),
  };
}
