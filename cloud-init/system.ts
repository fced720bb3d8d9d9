import { applicationIsApart, formsGroup, type Machine, ports, type Topology } from "../topology";
import { monitoringServices } from "./exporters";
import { fixedFile, type MachineFile, program, renderedFile } from "./file";
import { STATISTICS_PORT, STATUS_PORTS } from "./haproxy";

/** Exit 0: the machine is ready; 1: not yet (one line says why); 2: it never will be without a person's help. */
export const READINESS_COMMAND: string[] = ["/usr/local/sbin/machine-ready-watch"];

export const SETUP_COMMAND: string[] = ["/usr/local/sbin/machine-setup"];

/** The set-up of a machine and the question whether it is ready; each service adds steps of its own to both. */
export function systemFiles(topology: Topology, machine: Machine, moreServices: readonly string[]): MachineFile[] {
  return [
    program("/usr/local/sbin/machine-setup"),
    program("/usr/local/sbin/machine-ready"),
    program("/usr/local/sbin/machine-ready-watch"),
    program("/usr/local/sbin/machine-status"),
    program("/usr/local/sbin/machine-drain"),
    fixedFile("/etc/systemd/system/machine-drain.service"),
    ...[
      "sysctl.d/90-machine.conf",
      "modprobe.d/machine.conf",
      "security/limits.d/machine.conf",
      "systemd/coredump.conf.d/machine.conf",
      "issue",
      "issue.net",
    ].map((name) => fixedFile(`/etc/${name}`)),
    program("/usr/local/lib/machine/setup.d/15-users-and-kernel"),
    program("/usr/local/sbin/machine-watchdog"),
    fixedFile("/usr/local/lib/machine/service_manager.py"),
    fixedFile("/etc/systemd/system/machine-watchdog.service"),
    renderedFile("/etc/machine/watchdog.conf", {
      ...watched(topology, machine),
      statisticsPort: STATISTICS_PORT,
      phpStatusPort: STATUS_PORTS.php,
      webPort: ports.web,
    }),
    {
      path: "/usr/local/lib/machine/services",
      content: [...services(topology, machine), ...moreServices].map((service) => `${service}\n`).join(""),
      owner: "root:root",
      permissions: "0644",
    },
    ...(machine.roles.includes("load-balancer")
      ? ["50-load-balancer", ...(topology.network.hasIpv6 ? ["55-ipv6"] : [])].map((step) =>
          renderedFile(
            `/usr/local/lib/machine/ready.d/${step}`,
            { domain: topology.domain, acme: topology.acme !== undefined },
            "0755",
          ),
        )
      : []),
  ];
}

/** The services of a machine that others made and that may hang. */
function watched(topology: Topology, { roles }: Machine) {
  return {
    mysql: roles.includes("database"),
    haproxy: usesHaproxy(topology, roles),
    phpFpm: roles.includes("application"),
    nginx: roles.includes("web"),
    keepalived: roles.includes("load-balancer") && topology.virtualIps.length > 0,
  };
}

/** In the order they are started; none waits for the one before. */
function services(topology: Topology, machine: Machine): string[] {
  const { mysql, haproxy, phpFpm, nginx, keepalived } = watched(topology, machine);
  const own = [
    ...(mysql ? ["mysql", "database-agent"] : []),
    ...(mysql && formsGroup(topology.machines) ? ["group-watch"] : []),
    ...(haproxy ? ["haproxy"] : []),
    ...(topology.acme && machine.roles.includes("load-balancer") ? ["machine-certificate.timer"] : []),
    ...(phpFpm ? ["php8.4-fpm", "application-migrate"] : []),
    ...(nginx ? ["nginx"] : []),
    ...(keepalived ? ["keepalived", "processor-watch"] : []),
    "machine-drain",
    "machine-watchdog",
    ...(mysql && topology.backups ? ["machine-backup.timer"] : []),
  ].map((name) => (name.endsWith(".timer") ? name : `${name}.service`));
  return [...own, ...monitoringServices(topology, machine)];
}

/** At the edge, on the way to databases, and on the way to PHP on other machines. */
function usesHaproxy(topology: Topology, roles: Machine["roles"]): boolean {
  const isWay = roles.includes("web") && applicationIsApart(topology);
  return roles.includes("load-balancer") || roles.includes("application") || isWay;
}
