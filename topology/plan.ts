import { planNetwork } from "./network";
import { presets } from "./presets";
import type { MachineSize, Preset, PublishedPorts, Topology } from "./types";

export interface TopologyPlan {
  readonly preset: Preset;
  readonly domain: string;
  /** A private IPv4 range from /16 to /27, such as `172.30.0.0/24`. */
  readonly addressRange: string;
  readonly size: MachineSize;
  readonly publishedPorts?: PublishedPorts;
}

/**
 * Gives every machine of a preset its address and size.
 * @throws Error, for a person, when the preset is unknown or the address range cannot hold it.
 */
export function planTopology({ preset, domain, addressRange, size, publishedPorts }: TopologyPlan): Topology {
  const planned = presets[preset];
  if (!planned) {
    throw new Error(`topology "${preset}" is unknown. Use one of: ${Object.keys(presets).join(", ")}.`);
  }
  const { network, addresses } = planNetwork(addressRange, planned.length);
  return {
    preset,
    domain,
    network,
    ...(publishedPorts ? { publishedPorts } : {}),
    machines: planned.map((machine, index) => ({ ...machine, address: addresses[index] as string, size })),
  };
}
