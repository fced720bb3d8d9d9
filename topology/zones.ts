import { addressAt, parseRange } from "./network";
import type { Machine, Network, Subnet } from "./types";

/** The first machine of a subnet; below it are the virtual IP (10), entry addresses (4 to 9) and what AWS keeps (0 to 3). */
const firstMachine = 11;
const firstEntry = 4;
const entryCount = 6;
/** Four subnets for machines that face the internet, four for the others; the fourth of each is kept for a fourth zone. */
const parts = 8;
/** The smallest subnet of a cloud (AWS: /28) that still has room for machines. */
const smallestSubnet = 28;

type Place = Pick<Machine, "address" | "subnet" | "entryAddress">;

/**
 * Spreads machines over availability zones: each zone has a subnet for load balancers, which the internet reaches, and one
 * for all others; the machines of each kind go to the zones in turn.
 * @throws Error, for a person, when the range can't hold them.
 */
export function planZones(
  addressRange: string,
  machines: readonly Pick<Machine, "roles">[],
  zones: number,
): { subnets: Network["subnets"]; places: Place[] } {
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
  const placed = [0, 0];
  const places = machines.map(({ roles }) => {
    const kind = roles.includes("load-balancer") ? 0 : 1;
    const zone = (placed[kind] as number) % zones;
    placed[kind] = (placed[kind] as number) + 1;
    const subnet = kind * zones + zone;
    const index = taken[subnet] as number;
    taken[subnet] = index + 1;
    const isEntry = kind === 0;
    const isFull = firstMachine + index > size - 3 || prefix + Math.log2(parts) > smallestSubnet;
    if (isFull || (isEntry && index >= entryCount)) {
      throw new Error(
        `addressRange ${addressRange} is too small for ${machines.length} machines in ${zones} availability zones` +
          (isEntry && !isFull ? ` (${entryCount} load balancers a zone at most).` : ".") +
          " Use a larger range, such as 10.20.0.0/16.",
      );
    }
    const first = start + (kind * (parts / 2) + zone) * size;
    return {
      address: addressAt(first, firstMachine + index),
      subnet,
      ...(isEntry ? { entryAddress: addressAt(first, firstEntry + index) } : {}),
    };
  });
  return { subnets, places };
}
