import { addressNumber, isMonitored, type Machine, machinesWith, type Topology } from "../topology";
import { fixedFile, type MachineFile, program, renderedFile } from "./file";
import { STATISTICS_PORT, virtualIpPattern } from "./haproxy";

/** The priority of who takes an address first; each further one's is a step lower, so that two never take over at once. */
const highestPriority = 240;
const priorityStep = 20;

/** keepalived: the virtual IPs, which load balancers pass on to each other. */
export function keepalivedFiles(topology: Topology, machine: Machine): MachineFile[] {
  const { virtualIps, domain } = topology;
  if (virtualIps.length === 0 || !machine.roles.includes("load-balancer")) return [];
  const addresses = virtualIps.map(({ address }) => address);
  return [
    renderedFile("/etc/keepalived/keepalived.conf", {
      name: machine.name,
      address: machine.address,
      virtualIps: virtualIps.map(({ address, holders, returns }, index) => ({
        number: index + 1,
        name: index === 0 ? "site" : `site-${index + 1}`,
        address,
        returns,
        // from 1 to 255, the same on all
        routerId: (addressNumber(address) % 255) + 1,
        priority: highestPriority - holders.indexOf(machine.name) * priorityStep,
      })),
      peers: machinesWith(topology, "load-balancer").filter(({ name }) => name !== machine.name),
      statisticsPort: STATISTICS_PORT,
      tellsState: isMonitored(topology),
      hasEntries: machine.entryAddresses !== undefined,
    }),
    program("/usr/local/lib/machine/haproxy-answers"),
    program("/usr/local/sbin/processor-watch"),
    renderedFile("/etc/systemd/system/processor-watch.service", { virtualIps: addresses.join(" ") }),
    fixedFile("/etc/systemd/system/keepalived.service.d/machine.conf"),
    // where a public address leads to one of the machine's own, clients come by that one, and the virtual IP, which no
    // router knows, only says whose turn it is
    renderedFile(
      "/usr/local/lib/machine/drain.d/30-virtual-ip",
      {
        virtualIps: virtualIpPattern(topology),
        clientsComeBy: (machine.entryAddresses ?? addresses).join(", "),
        hasIpv6: topology.network.hasIpv6 ?? false,
      },
      "0755",
    ),
    ...(topology.network.hasIpv6
      ? [
          program("/usr/local/lib/machine/keep-ipv6-visitors-off"),
          fixedFile("/etc/systemd/system/nftables.service.d/ipv6.conf"),
        ]
      : []),
    ...(machine.entryAddresses
      ? []
      : [
          renderedFile(
            "/usr/local/lib/machine/ready.d/60-virtual-ip",
            { domain, virtualIps: addresses.join(" ") },
            "0755",
          ),
        ]),
  ];
}
