import { type Machine, machinesWith, ports, type Topology } from "../topology";
import { fixedFile, jsonFile, type MachineFile, program, renderedFile } from "./file";
import { SECRETS_DIRECTORY } from "./secrets";

/** The site's certificate, its chain and its key, as HAProxy shows them; with ACME the machine itself renews it. */
export function servedCertificate({ acme }: Topology): string {
  return acme ? "/var/lib/machine/certificate/site.pem" : `${SECRETS_DIRECTORY}/site.pem`;
}

/** A load balancer that gets the site's certificate by itself, from an ACME directory or from a neighbour that has it. */
export function certificateFiles(topology: Topology, machine: Machine): MachineFile[] {
  const { acme, domain } = topology;
  if (!acme || !machine.roles.includes("load-balancer")) return [];
  const balancers = machinesWith(topology, "load-balancer");
  const neighbours = balancers.filter(({ name }) => name !== machine.name);
  const settings = {
    domain,
    directory: acme.directory,
    email: acme.email,
    neighbours: Object.fromEntries(
      neighbours.map(({ name, address }) => [name, `https://${address}:${ports.certificate}/`]),
    ),
  };
  return [
    jsonFile("/etc/machine/certificate.json", settings),
    program("/usr/local/sbin/machine-certificate"),
    program("/usr/local/lib/machine/setup.d/26-certificate"),
    fixedFile("/etc/systemd/system/machine-certificate.service"),
    renderedFile("/etc/systemd/system/machine-certificate.timer", {
      firstLook: 20 + 30 * balancers.findIndex(({ name }) => name === machine.name),
    }),
    fixedFile("/etc/systemd/system/haproxy.service.d/acme.conf"),
    ...(neighbours.length > 0
      ? [
          renderedFile("/etc/haproxy/conf.d/12-certificate.cfg", {
            address: machine.address,
            port: ports.certificate,
            authority: `${SECRETS_DIRECTORY}/ca.pem`,
            certificate: servedCertificate(topology),
            neighbours: neighbours.map(({ name }) => name).join(" "),
          }),
        ]
      : []),
  ];
}
