import {
  applicationIsApart,
  entryAddresses,
  formsGroup,
  type Machine,
  machinesWith,
  ports,
  publishedMachine,
  type Topology,
} from "../topology";
import { servedCertificate } from "./certificate";
import { fixedFile, type MachineFile, program, renderedFile } from "./file";
import { SECRETS_DIRECTORY } from "./secrets";

/**
 * Loopback ports where an application finds the database that accepts writes, and one that can be read; at the third, by
 * HTTP, the name of the one that accepts writes.
 */
export const endpoints = { write: 6446, read: 6447, primary: 6448 } as const;

/** Loopback port of HAProxy's statistics, and of its own sign of life. */
export const STATISTICS_PORT = 8404;

/** Loopback ports of what Nginx (in a stack that has a monitor) and the pools of PHP-FPM say of themselves. */
export const STATUS_PORTS = { nginx: 8081, php: 9002, phpWriting: 9004 } as const;

/** Loopback port of PHP-FPM where web servers on other machines use it too: they come by HAProxy, which ends TLS. */
export const FPM_PORT = 9003;

/** How long a write waits for a primary before the application gets it all the same. Elections take up to 7 s. */
const holdSeconds = 10;

/**
 * HAProxy: as load balancer at the edge, as the way from an application to its databases and, where PHP is on machines of
 * its own, as the way there. One process for all of it.
 */
export function haproxyFiles(topology: Topology, machine: Machine): MachineFile[] {
  const isEdge = machine.roles.includes("load-balancer");
  const isApplication = machine.roles.includes("application");
  const isApart = applicationIsApart(topology);
  const isWebApart = isApart && machine.roles.includes("web");
  if (!isEdge && !isApplication && !isWebApart) return [];
  const databases = {
    databasePort: ports.database,
    rolePort: ports.databaseRole,
    databases: machinesWith(topology, "database"),
  };
  const application = { applicationPort: ports.application, healthPort: ports.applicationHealth };
  const authority = `${SECRETS_DIRECTORY}/ca.pem`;
  return [
    fixedFile("/etc/default/haproxy"),
    fixedFile("/etc/systemd/system/haproxy.service.d/machine.conf"),
    program("/usr/local/lib/machine/haproxy-leave"),
    program("/usr/local/lib/machine/setup.d/25-haproxy"),
    renderedFile("/etc/haproxy/haproxy.cfg", { threads: machine.size.cores }),
    ...(isEdge
      ? [
          renderedFile("/etc/haproxy/conf.d/10-edge.cfg", edgeValues(topology, machine)),
          fixedFile("/etc/systemd/system/haproxy.service.d/edge.conf"),
          renderedFile(
            "/usr/local/lib/machine/haproxy-ended",
            { httpPort: ports.http, httpsPort: ports.https, virtualIps: virtualIpPattern(topology) },
            "0755",
          ),
        ]
      : []),
    ...(holdsWrites(topology, machine)
      ? [
          fixedFile("/etc/haproxy/wait-for-primary.lua"),
          // an application server asks anyway
          ...(isApplication ? [] : [renderedFile("/etc/haproxy/conf.d/15-primary.cfg", databases)]),
        ]
      : []),
    ...(isApplication
      ? [
          renderedFile("/etc/haproxy/conf.d/20-database.cfg", {
            ...databases,
            writePort: endpoints.write,
            readPort: endpoints.read,
            primaryPort: endpoints.primary,
            isGroup: formsGroup(topology.machines),
          }),
        ]
      : []),
    ...(isWebApart
      ? [
          renderedFile("/etc/haproxy/conf.d/30-application.cfg", {
            ...application,
            authority,
            ...serversWith(topology, "application"),
          }),
        ]
      : []),
    ...(isApart && isApplication
      ? [
          renderedFile("/etc/haproxy/conf.d/40-application-health.cfg", { ...application, fpmPort: FPM_PORT }),
          renderedFile("/etc/haproxy/conf.d/45-fastcgi.cfg", {
            ...application,
            fpmPort: FPM_PORT,
            address: machine.address,
            authority,
            clients: machinesWith(topology, "web")
              .map(({ name }) => name)
              .join(" "),
          }),
        ]
      : []),
  ];
}

/** Matches the virtual IPs in what `ip address show` says. */
export function virtualIpPattern({ virtualIps }: Topology): string {
  return virtualIps.map(({ address }) => address.replaceAll(".", "\\.")).join("|");
}

/** Waiting pays where the primary is replaced within seconds. */
function holdsWrites(topology: Topology, { roles }: Machine): boolean {
  return roles.includes("load-balancer") && formsGroup(topology.machines);
}

/** The servers of a tier as HAProxy has them, and how it chooses among them. */
function serversWith(topology: Topology, role: "web" | "application") {
  const servers = machinesWith(topology, role);
  return {
    balancing: topology.balancing,
    hasBackups: servers.some(({ backup }) => backup),
    [role === "web" ? "webServers" : "applicationServers"]: servers.map(
      ({ name, address, weight = false, backup = false }) => ({ name, address, weight, backup }),
    ),
  };
}

function edgeValues(topology: Topology, machine: Machine) {
  const published = machine === publishedMachine(topology) ? topology.publishedPorts : undefined;
  const askers = topology.machines.filter(({ roles }) => roles.includes("load-balancer") || roles.includes("monitor"));
  // the standard port isn't written in an address
  const suffix = published?.https && published.https !== 443 ? `:${published.https}` : "";
  return {
    name: machine.name,
    domain: topology.domain,
    servedHosts: [topology.domain, machine.address, ...entryAddresses(topology), "localhost", "127.0.0.1"].join(" "),
    holdSeconds: holdsWrites(topology, machine) && holdSeconds,
    limits: (topology.limits.requests > 0 || topology.limits.connections > 0) && topology.limits,
    neighbours: ["127.0.0.0/8", ...askers.map(({ address }) => address)].join(" "),
    hasIpv6: topology.network.hasIpv6 ?? false,
    httpPort: ports.http,
    httpsPort: ports.https,
    certificate: servedCertificate(topology),
    acme: topology.acme !== undefined,
    publishedHttpPort: published?.http && suffix ? published.http : false,
    publishedHttpsSuffix: suffix,
    authority: `${SECRETS_DIRECTORY}/ca.pem`,
    webPort: ports.web,
    ...serversWith(topology, "web"),
  };
}
