import ipaddr from "ipaddr.js";
import { addressNumber, parseRange } from "./network";
import type { Machine, Subnet } from "./types";

/** Prefixes of what AWS gives a network and a subnet (Amazon VPC User Guide, "VPC CIDR blocks" and "Subnet CIDR blocks"). */
const networkPrefix = 56;
const subnetPrefix = 64;

/**
 * The part of a network's IPv6 range that a subnet gets: it has the same place there as in the IPv4 range, so it stays when
 * other subnets come and go.
 * @param addressRange the network's IPv4 range
 * @param ipv6Range the network's IPv6 range, a /56
 */
export function ipv6RangeOf(subnet: Subnet, addressRange: string, ipv6Range: string): string {
  const [address, prefix] = ipaddr.IPv6.parseCIDR(ipv6Range);
  if (prefix !== networkPrefix) throw new Error(`${ipv6Range} is no /${networkPrefix}, as a network of AWS has it.`);
  const [start] = parseRange(addressRange);
  const size = 2 ** (32 - ipaddr.IPv4.parseCIDR(subnet.range)[1]);
  const bytes = address.toByteArray();
  const last = subnetPrefix / 8 - 1;
  bytes[last] = (bytes[last] as number) + (firstOf(subnet) - start) / size;
  return `${new ipaddr.IPv6(bytes)}/${subnetPrefix}`;
}

/**
 * A machine's IPv6 address: its place in the subnet, as people read it, follows the subnet's range, so that 10.20.0.11 has
 * …::11. A new machine of the same name gets the same address, which name servers know.
 * @param ipv6Range the subnet's, a /64
 */
export function ipv6AddressOf(subnet: Subnet, { address }: Machine, ipv6Range: string): string {
  const [network] = ipaddr.IPv6.parseCIDR(ipv6Range);
  const place = addressNumber(address) - firstOf(subnet);
  const parts = [...network.parts.slice(0, 4), 0, 0, 0, Number.parseInt(String(place), 16)];
  return new ipaddr.IPv6(parts).toString();
}

/** The subnet's first IPv4 address. */
function firstOf({ range }: Subnet): number {
  return addressNumber(range.slice(0, range.indexOf("/")));
}
