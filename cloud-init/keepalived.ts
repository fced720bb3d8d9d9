import { addressNumber, type Machine, machinesWith, type Topology } from "../topology";
import { fixedFile, type MachineFile, renderedFile } from "./file";
import { STATISTICS_PORT } from "./haproxy";

/** The first load balancer's priority; each further one's is a step lower, so that two never take over at once. */
const highestPriority = 240;
const priorityStep = 20;

/** keepalived: the virtual IP, which load balancers that share it pass on to each other. */
export function keepalivedFiles(topology: Topology, machine: Machine): MachineFile[] {
  const { virtualIp, domain } = topology;
  if (!virtualIp || !machine.roles.includes("load-balancer")) return [];
  const loadBalancers = machinesWith(topology, "load-balancer");
  return [
    renderedFile("/etc/keepalived/keepalived.conf", {
      name: machine.name,
      address: machine.address,
      virtualIp,
      // from 1 to 255, the same on all
      routerId: (addressNumber(virtualIp) % 255) + 1,
      priority: highestPriority - loadBalancers.indexOf(machine) * priorityStep,
      peers: loadBalancers.filter(({ name }) => name !== machine.name),
      statisticsPort: STATISTICS_PORT,
    }),
    fixedFile("/etc/systemd/system/keepalived.service.d/machine.conf"),
    // where a public address leads to one of the machine's own, clients come by that one, and the virtual IP, which no
    // router knows, only says whose turn it is
    renderedFile(
      "/usr/local/lib/machine/drain.d/30-virtual-ip",
      { virtualIp, clientsComeBy: machine.entryAddress ?? virtualIp },
      "0755",
    ),
    ...(machine.entryAddress
      ? []
      : [renderedFile("/usr/local/lib/machine/ready.d/60-virtual-ip", { domain, virtualIp }, "0755")]),
  ];
}
