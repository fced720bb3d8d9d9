import { z } from "zod";
import { number, structured, wholeNumber } from "./config-machines";
import { DEFAULT_LIMITS, DEFAULT_OUTGOING_PORTS } from "./topology/types";

const PORTS = "TCP ports such as [80, 443]";

/** Settings of every target about what visitors and machines may do; see docs/security.md. */
export const protectionSettings = {
  /** Requests of one client address in ten seconds at each load balancer; more are answered with 429. */
  requestsPerAddress: wholeNumber(0, 1_000_000, "requests in ten seconds (0: any number)").default(
    DEFAULT_LIMITS.requests,
  ),
  /** Connections of one client address at a time at each load balancer; more are refused. */
  connectionsPerAddress: wholeNumber(0, 1_000_000, "connections at a time (0: any number)").default(
    DEFAULT_LIMITS.connections,
  ),
  /** TCP ports that machines may connect to outside their network. Updates and backups need 80 and 443. */
  outgoingPorts: structured(PORTS, z.array(number(1, 65535, "a TCP port"), `takes ${PORTS}`)).default([
    ...DEFAULT_OUTGOING_PORTS,
  ]),
};
