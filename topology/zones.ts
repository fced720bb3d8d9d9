import { addressAt, parseRange, virtualIpsFrom } from "./network";
import type { PlannedMachine } from "./presets";
import type { Machine, Network, Subnet } from "./types";

/** The first machine of a subnet; below it are entry addresses (4 to 9), and what AWS keeps (0 to 3). */
const firstMachine = 11;
const firstEntry = 4;
const entryCount = 6;
/** Four subnets for machines that face the internet, four for the others; the fourth of each is kept for a fourth zone. */
const parts = 8;
/** The smallest subnet of a cloud (AWS: /28) that still has room for machines. */
const smallestSubnet = 28;

type Place = Pick<Machine, "address" | "subnet" | "zone" | "entryAddresses">;

/**
 * Spreads machines over availability zones: each zone has a subnet for load balancers, which the internet reaches, and one
 * for all others. A machine goes to the zone that it names, or else to where there are the fewest of its like.
 * @param entries how many public addresses the site has; each load balancer may have any of them
 * @throws Error, for a person, when the range can't hold them or a zone isn't there.
 */
export function planZones(
  addressRange: string,
  machines: readonly PlannedMachine[],
  zones: number,
  entries: number,
): { subnets: Network["subnets"]; virtualIps: string[]; places: Place[] } {
  const [start, prefix] = parseRange(addressRange);
  const size = 2 ** (32 - prefix) / parts;
  const subnets: Subnet[] = [true, false].flatMap((isPublic, kind) =>
    Array.from({ length: zones }, (_, zone) => {
      const first = start + (kind * (parts / 2) + zone) * size;
      // the last address is the broadcast address
      return {
        range: `${addressAt(first, 0)}/${prefix + Math.log2(parts)}`,
        gateway: addressAt(first, size - 2),
        zone,
        isPublic,
      };
    }),
  );
  const taken = subnets.map(() => 0);
  const spread = spreadOver(machines, zones);
  const places = machines.map((machine, which) => {
    const kind = kindOf(machine);
    const zone = spread[which] as number;
    const subnet = kind * zones + zone;
    const index = taken[subnet] as number;
    taken[subnet] = index + 1;
    const isEntry = kind === 0;
    const isFull = firstMachine + index > size - 3 || prefix + Math.log2(parts) > smallestSubnet;
    if (isFull || (isEntry && (index + 1) * entries > entryCount)) {
      throw new Error(
        `addressRange ${addressRange} is too small for ${machines.length} machines in ${zones} availability zones` +
          (isEntry && !isFull ? ` (${Math.floor(entryCount / entries)} load balancers a zone at most).` : ".") +
          " Use a larger range, such as 10.20.0.0/16.",
      );
    }
    const first = start + (kind * (parts / 2) + zone) * size;
    return {
      address: addressAt(first, firstMachine + index),
      subnet,
      zone,
      ...(isEntry
        ? {
            entryAddresses: Array.from({ length: entries }, (_, which) =>
              addressAt(first, firstEntry + index * entries + which),
            ),
          }
        : {}),
    };
  });
  // nobody looks for these: they only say whose turn it is, and machines of the private subnets need none so low
  return { subnets, virtualIps: virtualIpsFrom(start + (parts / 2) * size), places };
}

/** Which of the two subnets of its zone a machine stands in: 0 the public, 1 the private. */
function kindOf({ roles }: PlannedMachine): 0 | 1 {
  return roles.includes("load-balancer") ? 0 : 1;
}

/** The zone of each machine: where the fewest share a role with it, among these where the fewest of its subnet's kind are. */
function spreadOver(machines: readonly PlannedMachine[], zones: number): number[] {
  const chosen = machines.map(({ name, zone }) => {
    if (zone === undefined || zone <= zones) return zone === undefined ? undefined : zone - 1;
    throw new Error(
      `machines puts ${name} into zone ${zone}, but there ${zones === 1 ? "is" : "are"} ${zones}. Use 1 to ${zones}, or set zones to more.`,
    );
  });
  for (const [index, machine] of machines.entries()) {
    if (chosen[index] !== undefined) continue;
    const count = (zone: number, isLike: (other: PlannedMachine) => boolean) =>
      machines.filter((other, which) => chosen[which] === zone && isLike(other)).length;
    const costs = Array.from({ length: zones }, (_, zone) => {
      const alike = count(zone, ({ roles }) => roles.some((role) => machine.roles.includes(role)));
      return alike * machines.length + count(zone, (other) => kindOf(other) === kindOf(machine));
    });
    chosen[index] = costs.indexOf(Math.min(...costs));
  }
  return chosen as number[];
}
