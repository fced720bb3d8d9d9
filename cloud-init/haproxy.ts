import { entryAddresses, formsGroup, type Machine, machinesWith, ports, type Topology } from "../topology";
import { fixedFile, type MachineFile, renderedFile } from "./file";
import { SECRETS_DIRECTORY } from "./secrets";

/** Loopback ports where an application finds the database that accepts writes, and one that can be read. */
export const endpoints = { write: 6446, read: 6447 } as const;

/** Loopback port of HAProxy's statistics, and of its own sign of life. */
export const STATISTICS_PORT = 8404;

/** How long a write waits for a primary before the application gets it all the same. Elections take up to 7 s. */
const holdSeconds = 10;

/** HAProxy, as load balancer at the edge and as the way from an application to its databases: one process for both. */
export function haproxyFiles(topology: Topology, machine: Machine): MachineFile[] {
  const isEdge = machine.roles.includes("load-balancer");
  const isApplication = machine.roles.includes("application");
  if (!isEdge && !isApplication) return [];
  return [
    fixedFile("/etc/default/haproxy"),
    fixedFile("/etc/systemd/system/haproxy.service.d/machine.conf"),
    renderedFile("/etc/haproxy/haproxy.cfg", { threads: machine.size.cores }),
    ...(isEdge ? [renderedFile("/etc/haproxy/conf.d/10-edge.cfg", edgeValues(topology, machine))] : []),
    ...(isApplication
      ? [
          renderedFile("/etc/haproxy/conf.d/20-database.cfg", {
            writePort: endpoints.write,
            readPort: endpoints.read,
            databasePort: ports.database,
            rolePort: ports.databaseRole,
            databases: machinesWith(topology, "database"),
            isGroup: formsGroup(topology.machines),
          }),
        ]
      : []),
    ...(holdsWrites(topology, machine) ? [fixedFile("/etc/haproxy/wait-for-primary.lua")] : []),
  ];
}

/** Waiting pays where the primary is replaced within seconds, by a load balancer that sees the databases. */
function holdsWrites(topology: Topology, { roles }: Machine): boolean {
  return roles.includes("load-balancer") && roles.includes("application") && formsGroup(topology.machines);
}

function edgeValues(topology: Topology, machine: Machine) {
  const published = topology.publishedPorts;
  // the standard port isn't written in an address
  const suffix = published?.https && published.https !== 443 ? `:${published.https}` : "";
  return {
    name: machine.name,
    domain: topology.domain,
    servedHosts: [topology.domain, machine.address, ...entryAddresses(topology), "localhost", "127.0.0.1"].join(" "),
    holdSeconds: holdsWrites(topology, machine) && holdSeconds,
    httpPort: ports.http,
    httpsPort: ports.https,
    certificate: `${SECRETS_DIRECTORY}/site.pem`,
    publishedHttpPort: published?.http && suffix ? published.http : false,
    publishedHttpsSuffix: suffix,
    webPort: ports.web,
    webServers: machinesWith(topology, "web"),
  };
}
