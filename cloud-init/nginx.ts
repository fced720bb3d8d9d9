import { applicationIsApart, isMonitored, type Machine, machinesWith, ports, type Topology } from "../topology";
import { fixedFile, type MachineFile, program, renderedFile } from "./file";
import { STATUS_PORTS } from "./haproxy";
import { FPM_SOCKETS, uploadLimit } from "./php-fpm";
import { SECRETS_DIRECTORY } from "./secrets";

/** Loopback port of the version of the application that is to be current next. */
export const CANDIDATE_PORT = 8082;

/**
 * Nginx: static files, and PHP through PHP-FPM, by its socket or on other machines.
 * @param documentRoot the part of the application that is served, relative to it; `""` for all of it
 */
export function nginxFiles(topology: Topology, machine: Machine, documentRoot: string): MachineFile[] {
  if (!machine.roles.includes("web")) return [];
  const isApart = applicationIsApart(topology);
  return [
    renderedFile("/etc/nginx/nginx.conf", {
      name: machine.name,
      // where PHP is elsewhere, HAProxy on this machine knows the way
      php: isApart ? `127.0.0.1:${ports.application}` : "$php",
      sockets: FPM_SOCKETS,
      isApart,
      workers: machine.size.cores,
      address: machine.address,
      port: ports.web,
      secrets: SECRETS_DIRECTORY,
      domain: topology.domain,
      // where PHP is elsewhere, a new version can't be tried before it is current there
      root: ["/srv", isApart ? "www" : "$version", ...(documentRoot ? [documentRoot] : [])].join("/"),
      candidatePort: !isApart && CANDIDATE_PORT,
      servesWholeApplication: documentRoot === "",
      loadBalancers: machinesWith(topology, "load-balancer"),
      uploadLimit,
      statusPort: isMonitored(topology) && STATUS_PORTS.nginx,
    }),
    fixedFile("/etc/systemd/system/nginx.service.d/machine.conf"),
    program("/usr/local/lib/machine/ready.d/30-web"),
    ...(isApart ? [program("/usr/local/lib/machine/ready.d/35-application-servers")] : []),
    program("/usr/local/lib/machine/drain.d/20-web"),
  ];
}
