import { type Resource, refersTo } from "./resource";
import { items, text, UNKNOWN, type Value } from "./values";

/** Availability zones, each once; `UNKNOWN` where some can't be told. */
export type Zones = readonly string[] | typeof UNKNOWN;

const SUBNETS = ["subnetId", "subnets", "subnetMappings", "vpcZoneIdentifiers"] as const;
const SUBNET = /^aws:ec2\/(?:subnet:Subnet|defaultSubnet:DefaultSubnet)$/;

/** The availability zones that a resource stands in, by its own words or by its subnets. */
export function zonesOf(resource: Resource, stack: readonly Resource[]): Zones {
  const { availabilityZone, availabilityZones } = resource.properties;
  const named = [...items(availabilityZone), ...items(availabilityZones)];
  const subnets = stack.filter((one) => SUBNET.test(one.type) && SUBNETS.some((key) => refersTo(resource, key, one)));
  const given = subnetCount(resource);
  const zones = named.length > 0 ? named : subnets.map(({ properties }) => zoneOfSubnet(properties));
  // A subnet that another program made may be in any zone.
  if (named.length === 0 && (given === UNKNOWN || given > subnets.length || given === 0)) return UNKNOWN;
  const known = zones.flatMap((zone) => text(zone) ?? []);
  return known.length < zones.length ? UNKNOWN : [...new Set(known)];
}

function zoneOfSubnet({ availabilityZone, availabilityZoneId }: Resource["properties"]): Value {
  return availabilityZone ?? availabilityZoneId ?? UNKNOWN;
}

function subnetCount({ properties }: Resource): number | typeof UNKNOWN {
  // A single subnet counts though its id isn't known; how long a list is has to be known.
  const lists: Value[] = SUBNETS.filter((key) => key !== "subnetId").map((key) => properties[key]);
  if (lists.includes(UNKNOWN)) return UNKNOWN;
  return lists.reduce<number>((sum, value) => sum + items(value).length, items(properties.subnetId).length);
}
