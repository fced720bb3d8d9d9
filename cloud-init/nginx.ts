import { type Machine, machinesWith, ports, type Topology } from "../topology";
import { fixedFile, type MachineFile, program, renderedFile } from "./file";
import { DOCUMENT_DIRECTORY, uploadLimit } from "./php-fpm";

/**
 * Nginx: static files, and PHP through PHP-FPM's socket.
 * @param documentRoot the part of the application that is served, relative to it; `""` for all of it
 */
export function nginxFiles(topology: Topology, machine: Machine, documentRoot: string): MachineFile[] {
  if (!machine.roles.includes("web")) return [];
  return [
    renderedFile("/etc/nginx/nginx.conf", {
      workers: machine.size.cores,
      port: ports.web,
      domain: topology.domain,
      root: documentRoot ? `${DOCUMENT_DIRECTORY}/${documentRoot}` : DOCUMENT_DIRECTORY,
      servesWholeApplication: documentRoot === "",
      loadBalancers: machinesWith(topology, "load-balancer"),
      uploadLimit,
    }),
    fixedFile("/etc/systemd/system/nginx.service.d/machine.conf"),
    program("/usr/local/lib/machine/ready.d/30-web"),
    program("/usr/local/lib/machine/drain.d/20-web"),
  ];
}
