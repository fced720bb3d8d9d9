import type { Role } from "../topology";

const always = ["nftables", "curl"];

const byRole: Record<Role, readonly string[]> = {
  "load-balancer": ["haproxy", "iproute2", "keepalived"],
  web: ["nginx"],
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
  database: ["mysql-client", "mysql-server", "python3"],
  monitor: [],
};

/** Debian packages that machines with any of these roles need, sorted. */
export function packages(roles: readonly Role[]): string[] {
  return [...new Set([...always, ...roles.flatMap((role) => byRole[role])])].sort();
}
