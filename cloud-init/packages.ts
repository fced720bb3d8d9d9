import type { Role } from "../topology";

const always = ["nftables", "curl"];

/** What measures a machine, in a stack that has a monitor. */
const measured = ["prometheus-node-exporter", "python3"];
const measuredByRole: Partial<Record<Role, readonly string[]>> = {
  web: ["prometheus-nginx-exporter"],
  database: ["prometheus-mysqld-exporter"],
};

const byRole: Record<Role, readonly string[]> = {
  // acme-tiny, with Python: a certificate from an ACME directory, where the settings want one
  "load-balancer": ["acme-tiny", "haproxy", "iproute2", "keepalived", "python3"],
  // HAProxy: the way to application servers on machines of their own
  web: ["haproxy", "nginx"],
  // HAProxy: the local database endpoints; the PHP modules: those that most applications and frameworks ask for
  application: [
    "haproxy",
    "php8.4-cli",
    "php8.4-curl",
    "php8.4-fpm",
    "php8.4-mbstring",
    "php8.4-mysql",
    "php8.4-opcache",
    "php8.4-xml",
  ],
  database: ["iproute2", "mysql-client", "mysql-server", "python3", "restic"],
  monitor: ["prometheus", "prometheus-alertmanager", "prometheus-blackbox-exporter"],
};

/**
 * Debian packages that machines with any of these roles need, sorted.
 * @param isMonitored the stack has a monitor, so the machines have exporters
 */
export function packages(roles: readonly Role[], isMonitored: boolean): string[] {
  const exporters = [...measured, ...roles.flatMap((role) => measuredByRole[role] ?? [])];
  return [...new Set([...always, ...roles.flatMap((role) => byRole[role]), ...(isMonitored ? exporters : [])])].sort();
}

/** What a Debian AMI lacks: Debian 13 has no MySQL. Oracle's packages have the same names as sid's in the local image. */
export interface PackageSource {
  /** A line of apt's sources; `$KEY_FILE` and `$RELEASE` are filled in by cloud-init. */
  readonly source: string;
  /** Fingerprint of the key, and where it is fetched from: what has another fingerprint is refused. */
  readonly keyid: string;
  readonly keyserver: string;
}

/**
 * Oracle's repository, MySQL 9.7 LTS. The key is the one of "Signature Checking Using GnuPG" in MySQL's manual; on the key
 * server it is kept with its later expiry dates. Oracle makes no arm64 packages for Debian (docker-library/mysql#1109).
 */
const oracleMysql: PackageSource = {
  source: "deb [arch=amd64 signed-by=$KEY_FILE] https://repo.mysql.com/apt/debian $RELEASE mysql-9.7-lts",
  keyid: "BCA43417C3B485DD128EC6D4B7B3B788A8D3785C",
  keyserver: "hkps://keyserver.ubuntu.com",
};

/** Package sources beside Debian's that machines with any of these roles need, by name. */
export function packageSources(roles: readonly Role[]): Record<string, PackageSource> {
  return roles.includes("database") ? { mysql: oracleMysql } : {};
}
