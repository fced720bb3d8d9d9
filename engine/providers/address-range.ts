import { readFileSync } from "node:fs";
import { networkInterfaces } from "node:os";
import { IPv4, parseCIDR } from "ipaddr.js";

/** A range of addresses that is in use, in CIDR notation, and by what, such as "the network interface eth0". */
export interface UsedRange {
  readonly range: string;
  readonly by: string;
}

/** The first of the used ranges that shares an address with `range` (CIDR notation). Only IPv4 is looked at. */
export function overlapping(range: string, used: readonly UsedRange[]): UsedRange | undefined {
  return used.find((candidate) => overlap(range, candidate.range));
}

function overlap(one: string, other: string): boolean {
  const [first, firstBits] = parseCIDR(one);
  const [second, secondBits] = parseCIDR(other);
  if (!(first instanceof IPv4) || !(second instanceof IPv4)) return false;
  return first.match(second, Math.min(firstBits, secondBits));
}

/**
 * The IPv4 ranges that this host's interfaces and routes lead to, Docker's own bridges among them. A new network with
 * such addresses would cut the host off from the old one.
 */
export function hostRanges(): UsedRange[] {
  return [...interfaceRanges(), ...routedRanges(readRoutes())];
}

function interfaceRanges(): UsedRange[] {
  return Object.entries(networkInterfaces()).flatMap(([name, addresses]) =>
    (addresses ?? []).flatMap(({ family, cidr }) =>
      family === "IPv4" && cidr ? [{ range: cidr, by: `the network interface ${name}` }] : [],
    ),
  );
}

/** Linux only; elsewhere Docker runs in a virtual machine with routes of its own. */
function readRoutes(): string {
  try {
    return readFileSync("/proc/net/route", "utf8");
  } catch {
    return "";
  }
}

/** Parses /proc/net/route; the default route leads everywhere and is left out. */
export function routedRanges(table: string): UsedRange[] {
  return table
    .trim()
    .split("\n")
    .slice(1)
    .flatMap((line) => {
      const [name, destination, , , , , , mask] = line.split("\t");
      if (!destination || !mask || mask === "00000000") return [];
      const bits = littleEndian(mask).prefixLengthFromSubnetMask();
      return [{ range: `${littleEndian(destination)}/${bits}`, by: `a route through ${name}` }];
    });
}

/** The table has addresses as hexadecimal numbers, lowest byte first. */
function littleEndian(hexadecimal: string): IPv4 {
  return new IPv4([...Buffer.from(hexadecimal, "hex")].reverse());
}
