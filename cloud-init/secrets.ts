import type { Machine, Role } from "../topology";

/** Where a target puts secret files before the machine boots: 0600, owned by root, one value per file. */
export const SECRETS_DIRECTORY = "/var/lib/machine/secrets";

/** Where a target puts the application, a tar archive, on machines that serve it. */
export const APPLICATION_ARCHIVE = "/var/lib/machine/application.tar";

/** Where a target mounts the volume that outlives a database machine. */
export const DATA_DIRECTORY = "/var/lib/mysql";

export type SecretName =
  | "ca.pem"
  | "site.pem"
  | "site-ca.pem"
  | "machine.pem"
  | "machine.key"
  | "database-application-password"
  | "database-migration-password"
  | "database-replication-password"
  | "backup-password"
  | "session-key";

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
  monitor: [],
};

/** What every machine gets: its own certificate, by which others know it, and that of the stack's CA, by which it knows others. */
const always: readonly SecretName[] = ["ca.pem", "machine.pem", "machine.key"];

/** The secret files a machine needs, for its roles and for all. */
export function secretNames(machine: Machine): SecretName[] {
  return [...new Set([...always, ...machine.roles.flatMap((role) => byRole[role])])];
}
