import ipaddr from "ipaddr.js";
import type { Network } from "./types";

/** Virtual IPs stand just below the machines, from above: these are the first and the last. */
const firstVirtualIp = 10;
const lastVirtualIp = 4;
/** The first machine gets the eleventh address: those below it belong to routers, and to people. */
const firstMachine = 11;
/** The machines' part of the range ends where the dynamic part, the upper eighth, begins. */
const dynamicShare = 8;
/** What machines are called, by the order of their blocks of addresses, and the most addresses that a block has. */
const kinds = ["web", "lb", "db", "app", "monitor"];
const largestBlock = 40;
const smallestPrefix = 27;
const largestPrefix = 16;

/**
 * Divides a private IPv4 range into gateway, virtual IPs, machines and the part that the target hands out by itself.
 * @throws Error, for a person, when the range is not IPv4 in CIDR notation, not private, too small or too large.
 */
export function planNetwork(
  addressRange: string,
  names: readonly string[],
): {
  network: Network;
  virtualIps: string[];
  addresses: string[];
} {
  const [start, prefix] = parseRange(addressRange);
  const size = 2 ** (32 - prefix);
  const firstDynamic = size - size / dynamicShare;
  if (firstMachine + names.length > firstDynamic) {
    throw new Error(
      `addressRange ${addressRange} is too small for ${names.length} machines. Use a larger range, such as 172.30.0.0/24.`,
    );
  }
  return {
    network: {
      addressRange,
      gateway: addressAt(start, 1),
      dynamicRange: `${addressAt(start, firstDynamic)}/${prefix + Math.log2(dynamicShare)}`,
    },
    virtualIps: virtualIpsFrom(start),
    addresses: placesOf(names, firstDynamic).map((place) => addressAt(start, place)),
  };
}

/**
 * An address follows from the machine's name, so that it stays when other machines come and go: in a range of 256 addresses
 * web-1 is 11, lb-1 51, db-1 91, app-1 131, monitor-1 171. Other names get what is left, from the upper end, in their order.
 */
function placesOf(names: readonly string[], end: number): number[] {
  const share = Math.min(largestBlock, Math.floor((end - firstMachine) / kinds.length));
  const block = share < 10 ? share : share - (share % 10);
  const fixed = names.map((name) => {
    const [, kind = "", number = "0"] = /^([a-z]+)-([1-9]\d*)$/.exec(name) ?? [];
    const isInBlock = kinds.includes(kind) && Number(number) >= 1 && Number(number) <= block;
    return isInBlock ? firstMachine + kinds.indexOf(kind) * block + Number(number) - 1 : undefined;
  });
  const taken = new Set(fixed);
  const free = Array.from({ length: end - firstMachine }, (_, index) => end - 1 - index).filter(
    (place) => !taken.has(place),
  );
  return fixed.map((place) => place ?? (free.shift() as number));
}

/** The addresses that a range has for virtual IPs. */
export function virtualIpsFrom(start: number): string[] {
  return Array.from({ length: firstVirtualIp - lastVirtualIp + 1 }, (_, index) =>
    addressAt(start, firstVirtualIp - index),
  );
}

/** An IPv4 address as a number: stable, and unique in a network. */
export function addressNumber(address: string): number {
  return ipaddr.IPv4.parse(address)
    .toByteArray()
    .reduce((number, byte) => number * 256 + byte, 0);
}

/** First address, as a number, and prefix of a private IPv4 range. */
export function parseRange(addressRange: string): [start: number, prefix: number] {
  if (ipaddr.IPv6.isValidCIDR(addressRange)) {
    throw new Error(`addressRange ${addressRange} is IPv6. Use a private IPv4 range, such as 172.30.0.0/24.`);
  }
  if (!ipaddr.IPv4.isValidCIDRFourPartDecimal(addressRange)) {
    throw new Error(`addressRange "${addressRange}" is not a range in CIDR notation, such as 172.30.0.0/24.`);
  }
  const [, prefix] = ipaddr.IPv4.parseCIDR(addressRange);
  const first = ipaddr.IPv4.networkAddressFromCIDR(addressRange);
  const last = ipaddr.IPv4.broadcastAddressFromCIDR(addressRange);
  if (addressRange !== `${first}/${prefix}`) {
    throw new Error(`addressRange ${addressRange} does not start at its first address. Write ${first}/${prefix}.`);
  }
  if (first.range() !== "private" || last.range() !== "private") {
    throw new Error(
      `addressRange ${addressRange} is not private. Use a part of 10.0.0.0/8, 172.16.0.0/12 or 192.168.0.0/16.`,
    );
  }
  if (prefix > smallestPrefix || prefix < largestPrefix) {
    throw new Error(
      `addressRange ${addressRange} is too ${prefix > smallestPrefix ? "small" : "large"}. ` +
        `Use a range between /${largestPrefix} and /${smallestPrefix}, such as 172.30.0.0/24.`,
    );
  }
  return [addressNumber(first.toString()), prefix];
}

export function addressAt(start: number, offset: number): string {
  const number = start + offset;
  return [24, 16, 8, 0].map((shift) => (number >>> shift) & 255).join(".");
}
