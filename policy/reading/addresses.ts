import ipaddr from "ipaddr.js";

interface Interval {
  readonly version: 4 | 6;
  readonly first: bigint;
  readonly last: bigint;
}

/** Address space that isn't the internet: private, shared, loopback, link-local, benchmarking, multicast, reserved. */
const NOT_THE_INTERNET = [
  ...["0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12"],
  ...["192.0.0.0/24", "192.0.2.0/24", "192.168.0.0/16", "198.18.0.0/15", "224.0.0.0/3"],
  // Of IPv6 only 2000::/3 is handed out.
  ...["::/3", "4000::/2", "8000::/1"],
].map((range) => interval(range) as Interval);

/**
 * From how many public addresses on a set of ranges counts as "anybody": an IPv4 /8, an IPv6 /16. An office, a provider or
 * a partner is far below it; `0.0.0.0/1` with `128.0.0.0/1`, or the world in sixteen pieces, is far above.
 */
const ANYBODY = { 4: 2n ** 24n, 6: 2n ** 112n } as const;

/** Reads `10.0.0.0/8`, `10.0.0.1` or `10.0.0.1-10.0.0.9`, IPv4 or IPv6; undefined when it is none of them. */
function interval(range: string): Interval | undefined {
  try {
    const [from = "", to] = range.trim().split("-");
    if (to !== undefined) {
      const [first, last] = [ipaddr.parse(from.trim()), ipaddr.parse(to.trim())];
      const upward = version(first) === version(last) && toNumber(first) <= toNumber(last);
      return upward ? { version: version(first), first: toNumber(first), last: toNumber(last) } : undefined;
    }
    const [address, bits] = from.includes("/") ? ipaddr.parseCIDR(from) : [ipaddr.parse(from), undefined];
    const width = version(address) === 4 ? 32 : 128;
    const size = 2n ** BigInt(width - (bits ?? width));
    const first = (toNumber(address) / size) * size;
    return { version: version(address), first, last: first + size - 1n };
  } catch {
    return undefined;
  }
}

function version(address: ipaddr.IPv4 | ipaddr.IPv6): 4 | 6 {
  return address.kind() === "ipv4" ? 4 : 6;
}

function toNumber(address: ipaddr.IPv4 | ipaddr.IPv6): bigint {
  return address.toByteArray().reduce((sum, byte) => sum * 256n + BigInt(byte), 0n);
}

/** Whether the text is an address, a range of addresses or a network in CIDR notation. */
export function isAddressRange(range: string): boolean {
  return interval(range) !== undefined;
}

/**
 * Whether these ranges together let in the internet: anybody, not just a known place. What is no address range is left
 * out; ask `isAddressRange` for it first.
 */
export function openToInternet(ranges: readonly string[]): boolean {
  const intervals = readAll(ranges);
  return ([4, 6] as const).some((family) => publicAddresses(intervals, family) >= ANYBODY[family]);
}

/** How many addresses of the internet are among these ranges. */
export function countPublic(ranges: readonly string[]): bigint {
  const intervals = readAll(ranges);
  return publicAddresses(intervals, 4) + publicAddresses(intervals, 6);
}

function readAll(ranges: readonly string[]): Interval[] {
  return ranges.map(interval).filter((one) => one !== undefined);
}

function publicAddresses(intervals: readonly Interval[], family: 4 | 6): bigint {
  let total = 0n;
  for (const { first, last } of merge(intervals.filter(({ version }) => version === family))) {
    total += last - first + 1n;
    for (const outside of NOT_THE_INTERNET) {
      if (outside.version !== family) continue;
      const from = larger(first, outside.first);
      const to = smaller(last, outside.last);
      if (from <= to) total -= to - from + 1n;
    }
  }
  return total;
}

// Math.max and Math.min don't take these numbers.
function larger(a: bigint, b: bigint): bigint {
  if (a > b) return a;
  return b;
}

function smaller(a: bigint, b: bigint): bigint {
  if (a < b) return a;
  return b;
}

function merge(intervals: readonly Interval[]): Interval[] {
  const merged: Interval[] = [];
  for (const next of [...intervals].sort((a, b) => (a.first < b.first ? -1 : 1))) {
    const previous = merged.at(-1);
    if (previous && next.first <= previous.last + 1n) {
      merged[merged.length - 1] = { ...previous, last: larger(next.last, previous.last) };
    } else {
      merged.push(next);
    }
  }
  return merged;
}

/** Whether a service that listens on this address of the machine is reachable by the machine itself only. */
export function isLoopback(address: string): boolean {
  const bare = address.replace(/^\[|\]$/g, "");
  return bare === "localhost" || (ipaddr.isValid(bare) && ipaddr.process(bare).range() === "loopback");
}

/** Whether what listens on this address of a host can be reached from other networks: any address, or a public one. */
export function isPublicListener(address: string): boolean {
  const bare = address.replace(/^\[|\]$/g, "");
  if (bare === "" || bare === "*") return true;
  if (!ipaddr.isValid(bare)) return bare !== "localhost";
  return ["unspecified", "unicast"].includes(ipaddr.process(bare).range());
}
