import { text, UNKNOWN, type Value } from "./values";

/** What a rule of a cloud firewall is about: a range of ports, every port, or nothing that listens (ping). */
export interface Reach {
  readonly protocol: "tcp" | "udp" | "any" | "none" | `protocol ${string}`;
  readonly first: number;
  readonly last: number;
}

const NAMES: Record<string, Reach["protocol"]> = { "6": "tcp", tcp: "tcp", "17": "udp", udp: "udp" };
const EVERY_PORT = { first: 0, last: 65535 } as const;

/** Reads protocol and ports as AWS takes them (`tcp`, `TCP`, `6`, `-1`, `all`); undefined while they aren't known. */
export function readReach(protocol: Value, from: Value, to: Value): Reach | undefined {
  if (protocol === UNKNOWN) return undefined;
  const given = text(protocol)?.trim().toLowerCase() || "-1";
  if (/^(?:-1|all)$/.test(given)) return { protocol: "any", ...EVERY_PORT };
  if (/^(?:icmp|icmpv6|ipv6-icmp|1|58)$/.test(given)) return { protocol: "none", first: 0, last: -1 };
  const name = NAMES[given];
  if (!name) return { protocol: `protocol ${given}`, ...EVERY_PORT };
  if (from === UNKNOWN || to === UNKNOWN) return undefined;
  const first = number(from);
  const last = number(to) ?? first;
  // Without ports, or with -1, AWS means all of them.
  if (first === undefined || last === undefined || first < 0) return { protocol: name, ...EVERY_PORT };
  return { protocol: name, first: Math.min(first, last), last: Math.max(first, last) };
}

function number(value: Value): number | undefined {
  const given = text(value);
  return given === undefined || given.trim() === "" || !Number.isInteger(Number(given)) ? undefined : Number(given);
}

/** Whether every port of a range is one of these. */
export function onlyAllowed({ protocol, first, last }: Reach, allowed: ReadonlySet<number>): boolean {
  if (protocol === "none") return true;
  if (protocol !== "tcp" && protocol !== "udp") return false;
  return last >= first && rangeWithin(first, last, allowed);
}

export function rangeWithin(first: number, last: number, allowed: ReadonlySet<number>): boolean {
  const inside = [...allowed].filter((port) => port >= first && port <= last);
  return first <= last && inside.length === last - first + 1;
}

/** Whether one rule holds for every packet that another one is about. */
export function covers(one: Reach, other: Reach): boolean {
  return (
    (one.protocol === "any" || one.protocol === other.protocol) && one.first <= other.first && one.last >= other.last
  );
}

export function describeReach({ protocol, first, last }: Reach): string {
  if (protocol !== "tcp" && protocol !== "udp") return protocol === "any" ? "every port" : protocol;
  if (first <= 1 && last === 65535) return `every ${protocol.toUpperCase()} port`;
  return first === last ? `port ${first}` : `ports ${first} to ${last}`;
}
