import {
  flows,
  formsGroup,
  groupPorts,
  type Machine,
  machinesWith,
  outgoing,
  portRange,
  type Topology,
} from "../topology";
import { fixedFile, type MachineFile, program, renderedFile } from "./file";

/** The host firewall: what the topology's flows say may come in, and nothing else. */
export function nftablesFiles(topology: Topology, machine: Machine): MachineFile[] {
  const rules = flows(topology)
    .filter(({ to }) => machine.roles.includes(to))
    .map((flow) => ({
      port: flow.port !== undefined && portRange(flow),
      protocol: flow.protocol,
      purpose: flow.purpose,
      sources:
        flow.from !== "internet" &&
        machinesWith(topology, flow.from)
          .map(({ address }) => address)
          .join(", "),
    }));
  const allowed = machine.roles.flatMap((role) => outgoing(topology, role).map(({ port }) => port));
  const outgoingPorts = [...new Set(allowed)].sort((a, b) => a - b);
  return [
    renderedFile("/etc/nftables.conf", {
      rules,
      hasIpv6: topology.network.hasIpv6 ?? false,
      isEdge: machine.roles.includes("load-balancer"),
      groupPorts: formsGroup(topology.machines) && machine.roles.includes("database") && groupPorts,
      network: topology.network.addressRange,
      outgoingPorts: outgoingPorts.join(", "),
    }),
    fixedFile("/etc/systemd/system/nftables.service.d/machine.conf"),
    program("/usr/local/lib/machine/ready.d/10-firewall"),
  ];
}
