import type { Role, Topology } from "./types";

/** A TCP port of the internet that machines may connect to. */
export interface Outgoing {
  readonly port: number;
  /** In a few words a person understands. */
  readonly purpose: string;
}

const PURPOSES: Readonly<Record<number, string>> = { 443: "AWS, packages", 80: "Debian packages, which are signed" };

/**
 * What machines with a role may ask of the internet: the setting `outgoingPorts`, and by which alerts leave and certificates
 * come. Name servers, clocks and who lends addresses are no part of it.
 */
export function outgoing(
  { outgoingPorts, alerts, acme }: Pick<Topology, "outgoingPorts" | "alerts" | "acme">,
  role: Role,
): Outgoing[] {
  const asked = [
    ...outgoingPorts.map((port) => ({ port, purpose: PURPOSES[port] ?? "what the application asks for" })),
    ...(role === "monitor"
      ? [alerts?.email?.port, alerts?.webhook?.port].map((port) => ({ port, purpose: "alerts" }))
      : []),
    ...(role === "load-balancer" && acme
      ? [{ port: Number(new URL(acme.directory).port || 443), purpose: "certificates" }]
      : []),
  ];
  const known = asked.flatMap(({ port, purpose }) => (port === undefined ? [] : [{ port, purpose }]));
  // the first purpose of a port is the one that is told
  return [...new Map(known.reverse().map((each) => [each.port, each])).values()].reverse();
}
