import { z } from "zod";
import { backupProblems, backupStatus } from "./backup-status";
import type { MachineContainer } from "./containers";

/** What `machine-status` prints on a machine. */
export const machineStatus = z.object({
  ready: z.object({ exit: z.number(), says: z.string() }),
  /** Services that systemd gave up. */
  failed: z.array(z.string()),
  /** Somebody took it out of balancing. */
  drained: z.boolean().optional(),
  /** The virtual IP is among them while the machine holds it. */
  addresses: z.array(z.string()),
  /** What the machine's HAProxy thinks of its servers: backend → server → UP, DOWN, DRAIN … */
  backends: z.record(z.string(), z.record(z.string(), z.string())).default({}),
  database: z
    .looseObject({
      reason: z.string(),
      settled: z.boolean(),
      /** What its agent knows of it: of a member of a group, or of one of two databases. */
      database: z
        .looseObject({
          group: z.string().optional(),
          /** The group's primary, as this member sees it. */
          primary: z.string().optional(),
          /** Who is the primary where there is no group: of all machines', the one of the highest term holds. */
          record: z.looseObject({ term: z.number(), primary: z.string() }).optional(),
          /** Seconds that a replica is behind; null when that isn't known. */
          lag: z.number().nullable().optional(),
          source: z.string().optional(),
        })
        .optional(),
    })
    .optional(),
  /** On the machine whose turn it is. */
  backup: backupStatus.optional(),
  /** Of a load balancer that gets the site's certificate from an ACME directory. */
  certificate: z
    .object({
      fromDirectory: z.boolean(),
      /** Why the last attempt to get a new one failed. */
      problem: z.string().nullable(),
      /** Since when every attempt fails. */
      since: z.string().nullable(),
    })
    .optional(),
  /** Of a monitor. */
  monitor: z
    .object({
      /** Alerts that fire; absent when Prometheus doesn't answer. */
      alerts: z
        .array(
          z.object({
            name: z.string(),
            severity: z.string(),
            summary: z.string(),
            runbook: z.string(),
            since: z.string(),
            /** Nothing else here would show it. */
            degrades: z.boolean(),
          }),
        )
        .optional(),
      receivers: z.array(z.looseObject({ name: z.string(), problem: z.string() })),
    })
    .optional(),
});
export type MachineStatus = z.infer<typeof machineStatus>;
export type DatabaseStatus = NonNullable<MachineStatus["database"]>;

/** A machine, and what it says of itself; nothing when it doesn't run or doesn't answer. */
export interface KnownMachine extends MachineContainer {
  readonly status?: MachineStatus;
}

/** What the site answered, as a visitor sees it. */
export interface SiteAnswer {
  readonly url: string;
  readonly answer: string;
  readonly ok: boolean;
  readonly certificateBegins?: Date;
  readonly certificateExpires?: Date;
  /** The setting `certificate`: who has to renew it. */
  readonly certificate?: string;
}

/** What helps against a certificate that ends soon, by where it comes from. */
const RENEWALS: Record<string, string> = {
  "self-signed": "`npm start` makes a new one",
  provided: "put a new one into its files, then `npm start`",
  acme: "the load balancers don't get a new one: docs/runbooks/certificate-expiring.md",
};

/** ACME clients renew 30 days before the end, or with a third of a shorter lifetime left: with half of that it doesn't work. */
const CERTIFICATE_DAYS = 15;
const CERTIFICATE_SHARE = 1 / 6;

/**
 * Everything that isn't as it should be, in words a person can act on; empty when the stack is whole.
 * @param missing machines that the stack should have and that are gone
 * @param entryAddresses where visitors come in: addresses of load balancers, or the virtual IP
 */
export function problems(
  machines: readonly KnownMachine[],
  missing: readonly string[],
  entryAddresses: readonly string[],
  site: SiteAnswer,
  now = new Date(),
): string[] {
  const drained = new Set(machines.filter(({ status }) => status?.drained).map(({ name }) => name));
  const found = [
    ...missing.map((name) => `${name} is gone; \`npm start\` makes it anew`),
    ...machines.flatMap((machine) => problemsOfMachine(machine, drained)),
    ...entryAddresses.flatMap((address) => problemsOfEntry(address, machines)),
    ...problemsSeenByMonitoring(machines),
    ...problemsOfMonitoring(machines),
  ];
  const writes = machines.flatMap(({ status }) => Object.values(status?.backends["database-write"] ?? {}));
  if (writes.length > 0 && !writes.includes("UP")) found.push("there is no primary database: nothing can be written");
  found.push(...backupProblems(machines.find(({ status }) => status?.backup)?.status?.backup, now));
  if (!site.ok) found.push(`${site.url || "the site"}: ${site.answer}`);
  found.push(...problemsOfCertificate(site, now));
  return found;
}

function problemsOfCertificate(
  { certificate, certificateBegins, certificateExpires }: SiteAnswer,
  now: Date,
): string[] {
  if (!certificateExpires) return [];
  const daysUntil = (date: Date) => (certificateExpires.getTime() - date.getTime()) / 86_400_000;
  const lifetime = certificateBegins ? daysUntil(certificateBegins) : Number.POSITIVE_INFINITY;
  const days = daysUntil(now);
  if (days >= Math.min(CERTIFICATE_DAYS, lifetime * CERTIFICATE_SHARE)) return [];
  return [`the site's certificate ends in ${Math.floor(days)} days; ${RENEWALS[certificate ?? "self-signed"]}`];
}

/** How it gets the site's certificate from an ACME directory. */
function problemsOfRenewal(name: string, { certificate }: MachineStatus): string[] {
  if (!certificate) return [];
  const { fromDirectory, problem, since } = certificate;
  const shown = fromDirectory ? "the certificate isn't renewed" : "no browser trusts its certificate yet";
  if (problem) return [`${name}: ${shown}, since ${since}; ${problem} (docs/runbooks/certificate-expiring.md)`];
  return fromDirectory ? [] : [`${name}: ${shown}; it asks the directory within a minute`];
}

function problemsOfMachine({ name, state, health, status }: KnownMachine, drained: ReadonlySet<string>): string[] {
  if (state !== "running") return [`${name} is ${state}; \`npm start\` starts it again`];
  if (!status) return [`${name} runs, but doesn't answer`];
  const found = [];
  if (status.ready.exit !== 0) found.push(`${name} is not ready: ${status.ready.says}`);
  else if (health !== "healthy") found.push(`${name} is ${health} to Docker, and ready since a moment ago`);
  for (const service of status.failed) found.push(`${name}: ${service} failed (\`systemctl status ${service}\` there)`);
  for (const [server, condition] of Object.entries(status.backends.web ?? {}))
    if (condition !== "UP" && !drained.has(server)) found.push(`${name} sends no requests to ${server}: ${condition}`);
  found.push(...problemsOfRenewal(name, status));
  if (status.database && !status.database.settled) found.push(`${name}, database: ${status.database.reason}`);
  return found;
}

/** An alert that fires, as one of the monitors or several say. */
export type Alert = NonNullable<NonNullable<MachineStatus["monitor"]>["alerts"]>[number];

/** All alerts that fire, each once, the worst first. */
export function alertsOf(machines: readonly KnownMachine[]): Alert[] {
  const all = machines.flatMap(({ status }) => status?.monitor?.alerts ?? []);
  const once = [...new Map(all.map((alert) => [`${alert.name} ${alert.summary}`, alert])).values()];
  return once.sort((one, other) => one.severity.localeCompare(other.severity) || one.name.localeCompare(other.name));
}

/**
 * What only the monitoring sees, as it was within the last minutes. Other alerts are shown, but what they tell is looked at
 * here anew: an alert goes on for a while after its cause has gone.
 */
export function problemsSeenByMonitoring(machines: readonly KnownMachine[]): string[] {
  return alertsOf(machines).flatMap(({ degrades, summary, runbook }) => (degrades ? [`${summary} (${runbook})`] : []));
}

/** What is wrong with the monitoring itself. */
function problemsOfMonitoring(machines: readonly KnownMachine[]): string[] {
  const monitors = machines.flatMap(({ name, status }) => (status?.monitor ? [{ name, ...status.monitor }] : []));
  return [
    ...monitors.flatMap(({ name, alerts }) => (alerts ? [] : [`${name}: Prometheus doesn't answer`])),
    ...monitors.flatMap(({ name, receivers }) =>
      receivers.flatMap((each) =>
        each.problem ? [`${name} can't send alerts by ${each.name}: ${each.problem}; see the settings alert…`] : [],
      ),
    ),
  ];
}

/** A monitor that has nobody to tell. */
export function tellsNobody(machines: readonly KnownMachine[]): boolean {
  const monitors = machines.flatMap(({ status }) => status?.monitor ?? []);
  return monitors.length > 0 && monitors.every(({ receivers }) => receivers.length === 0);
}

function problemsOfEntry(address: string, machines: readonly KnownMachine[]): string[] {
  const holders = machines.filter(({ status }) => status?.addresses.includes(address)).map(({ name }) => name);
  if (holders.length === 0) return [`nobody holds the address ${address}: visitors don't reach the site`];
  return holders.length > 1 ? [`${holders.join(" and ")} both hold the address ${address}`] : [];
}
