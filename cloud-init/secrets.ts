import type { AlertSecrets } from "../alerts";
import type { Machine, Role, Topology } from "../topology";

/** Where a target puts secret files before the machine boots: 0600, owned by root, one value per file. */
export const SECRETS_DIRECTORY = "/var/lib/machine/secrets";

/** Where the Docker target mounts the directory with the versions of the application, on machines that serve it. */
export const APPLICATION_DIRECTORY = "/var/lib/machine/application";

/** Where a target mounts the volume that outlives a database machine. */
export const DATA_DIRECTORY = "/var/lib/mysql";

export type SecretName =
  | "ca.pem"
  | "site.pem"
  | "site-ca.pem"
  | "acme-account.key"
  | "acme-thumbprint"
  | "machine.pem"
  | "machine.key"
  | "database-application-password"
  | "database-migration-password"
  | "database-replication-password"
  | "backup-password"
  | "session-key"
  | keyof AlertSecrets;

const byRole: Record<Role, readonly SecretName[]> = {
  "load-balancer": ["site.pem", "site-ca.pem"],
  web: [],
  application: ["database-application-password", "database-migration-password", "session-key"],
  database: [
    "database-application-password",
    "database-migration-password",
    "database-replication-password",
    "backup-password",
  ],
  monitor: ["site-ca.pem"],
};

/** What every machine gets: its own certificate, by which others know it, and that of the stack's CA, by which it knows others. */
const always: readonly SecretName[] = ["ca.pem", "machine.pem", "machine.key"];

/** The secret files a machine needs, for its roles and for all. */
export function secretNames({ acme, alerts }: Topology, { roles }: Machine): SecretName[] {
  const isMonitor = roles.includes("monitor");
  return [
    ...new Set<SecretName>([
      ...always,
      ...roles.flatMap((role) => byRole[role]),
      ...(acme && roles.includes("load-balancer") ? (["acme-account.key", "acme-thumbprint"] as const) : []),
      ...(isMonitor && alerts?.email?.user ? (["alert-smtp-password"] as const) : []),
      ...(isMonitor && alerts?.webhook ? (["alert-webhook-url"] as const) : []),
    ]),
  ];
}
