import { abilityNames, type Loss, losses, singlePointsOfFailure, spareMachines } from "./losses";
import { applicationIsApart, entryAddresses, machinesWith } from "./machines";
import type { Machine, Role, Topology } from "./types";

/** The machines, how requests find them, and what each loss would cost: what a person reads before deploying. */
export function report(topology: Topology): string {
  return [
    ...table(["machine", "address", "zone", "size", "roles"], topology.machines.map(describeMachine)),
    "",
    ...wayOfRequests(topology).map((line) => `  ${line}`),
    "",
    "If it is gone, can a request still be …",
    ...table(
      ["", ...abilityNames, ""],
      losses(topology).map((loss) => [
        nameOf(loss),
        ...abilityNames.map((ability) => (loss.after[ability] ? "yes" : "NO")),
        loss.consequence,
      ]),
    ),
    "",
    ...singlePoints(topology),
  ].join("\n");
}

/** What is lost with what, as a table of Markdown. */
export function lossesAsMarkdown(topology: Topology): string {
  const rows = losses(topology).map(
    (loss) =>
      `| ${nameOf(loss)} | ${abilityNames.map((ability) => (loss.after[ability] ? "yes" : "**no**")).join(" | ")} | ${loss.consequence} |`,
  );
  const spare = tiers(topology).map((role) => `${role} ${spareMachines(topology, role)}`);
  return [
    `| gone | ${abilityNames.join(" | ")} | |`,
    `|---|${abilityNames.map(() => "---|").join("")}---|`,
    ...rows,
    "",
    `Machines that may fail at the same time, by tier: ${spare.join(", ")}.`,
  ].join("\n");
}

/** Such as `web-1`, `zone 2`, `every web`. */
function nameOf({ kind, name, machines }: Loss): string {
  if (kind === "machine") return name;
  if (kind === "zone") return `zone ${name}`;
  return machines.length === 1 ? `the only ${name}` : `every ${name}`;
}

function describeMachine({ name, address, zone, size, instanceType, roles, databaseRole }: Machine): string[] {
  const its = roles.map((role) => (role === "database" && databaseRole ? `database (${databaseRole} at first)` : role));
  // before AWS has been asked, nobody knows how large its machines are
  const large = instanceType ?? (size.memory > 0 ? `${size.memory} MiB, ${size.cores} cores` : "");
  return [name, address, zone === undefined ? "" : String(zone + 1), large, its.join(", ")];
}

const inWords = { roundrobin: "in turn", leastconn: "to the one with the fewest connections", random: "by chance" };

function wayOfRequests(topology: Topology): string[] {
  const { virtualIps, balancing } = topology;
  // where the network has zones, a public address leads to who holds the virtual IP
  const isPublic = topology.network.subnets !== undefined;
  const entries =
    virtualIps.length === 0
      ? [
          `Visitors come to ${isPublic ? `a public address of ${machinesWith(topology, "load-balancer")[0]?.name}` : entryAddresses(topology).join(", ")}.`,
        ]
      : virtualIps.map(
          ({ address, holders, returns }) =>
            `Visitors come to ${isPublic ? "a public address" : address}, which ${holders[0]} holds, else ${holders.slice(1).join(", then ")}` +
            `${returns ? `; ${holders[0]} takes it back` : "; who has it keeps it"}.`,
        );
  if (topology.network.hasIpv6) entries.push("By IPv6 they come to any load balancer, at an address of its own.");
  const shares = (applicationIsApart(topology) ? (["web", "application"] as const) : (["web"] as const))
    .filter((role) => machinesWith(topology, role).length > 1)
    .map((role) => `${role}: ${machinesWith(topology, role).map(share).join(", ")}`);
  if (shares.length === 0) return entries;
  const details = [
    ...(balancing.sticky ? ["visitors stay with their server"] : []),
    ...(balancing.slowStart ? [`a server that comes back gets its full share after ${balancing.slowStart} s`] : []),
  ];
  return [...entries, `Requests go ${[inWords[balancing.algorithm], ...details].join("; ")}. ${shares.join(". ")}.`];
}

function share({ name, weight, backup }: Machine): string {
  return `${name}${weight ? ` (weight ${weight})` : ""}${backup ? " (backup)" : ""}`;
}

function singlePoints(topology: Topology): string[] {
  const points = singlePointsOfFailure(topology);
  if (points.length === 0) {
    return [
      `No single point of failure. Machines that may fail at the same time, by tier: ${tiers(topology)
        .map((role) => `${role} ${spareMachines(topology, role)}`)
        .join(", ")}.`,
    ];
  }
  return ["Single points of failure:", ...points.map((loss) => `  ${nameOf(loss)}: ${loss.consequence}`)];
}

/** The tiers that visitors need. */
function tiers(topology: Topology): Role[] {
  return (["load-balancer", "web", "application", "database"] as const).filter(
    (role) => machinesWith(topology, role).length > 0,
  );
}

/** Columns that are empty everywhere are left out. */
function table(head: readonly string[], rows: readonly (readonly string[])[]): string[] {
  const all = [head, ...rows];
  const shown = head.map((_, column) => column).filter((column) => rows.some((row) => row[column] !== ""));
  const widths = shown.map((column) => Math.max(...all.map((row) => (row[column] ?? "").length)));
  return all.map((row) =>
    `  ${shown.map((column, index) => (row[column] ?? "").padEnd(widths[index] as number)).join("  ")}`.trimEnd(),
  );
}
