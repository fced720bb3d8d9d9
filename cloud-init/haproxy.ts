import { type Machine, machinesWith, ports, type Topology } from "../topology";
import { fixedFile, type MachineFile, renderedFile } from "./file";
import { SECRETS_DIRECTORY } from "./secrets";

/** Loopback ports where an application finds the database that accepts writes, and one that can be read. */
export const endpoints = { write: 6446, read: 6447 } as const;

/** HAProxy, as load balancer at the edge and as the way from an application to its databases: one process for both. */
export function haproxyFiles(topology: Topology, machine: Machine): MachineFile[] {
  const isEdge = machine.roles.includes("load-balancer");
  const isApplication = machine.roles.includes("application");
  if (!isEdge && !isApplication) return [];
  return [
    fixedFile("/etc/default/haproxy"),
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
          }),
        ]
      : []),
  ];
}

function edgeValues(topology: Topology, machine: Machine) {
  const published = topology.publishedPorts;
  // the standard port isn't written in an address
  const suffix = published?.https && published.https !== 443 ? `:${published.https}` : "";
  return {
    name: machine.name,
    domain: topology.domain,
    servedHosts: [topology.domain, machine.address, "localhost", "127.0.0.1"].join(" "),
    httpPort: ports.http,
    httpsPort: ports.https,
    certificate: `${SECRETS_DIRECTORY}/site.pem`,
    publishedHttpPort: published?.http && suffix ? published.http : false,
    publishedHttpsSuffix: suffix,
    webPort: ports.web,
    webServers: machinesWith(topology, "web"),
  };
}
