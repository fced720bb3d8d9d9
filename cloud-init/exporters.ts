import {
  applicationIsApart,
  entryAddresses,
  isMonitored,
  type Machine,
  machinesWith,
  ports,
  type Topology,
} from "../topology";
import { servedCertificate } from "./certificate";
import { fixedFile, jsonFile, type MachineFile, program, renderedFile } from "./file";
import { STATUS_PORTS } from "./haproxy";

/** An exporter: what it tells Prometheus, where, and on which machines it runs. */
interface Exporter {
  /** Prometheus' job, and the value of the label `job` in rules and dashboards. */
  readonly job: string;
  readonly port: number;
  readonly path: string;
  /** Regular expression of the measures that rules and dashboards use. @default all are kept */
  readonly keeps?: string;
  /** Debian's service, where it is a process of its own. */
  readonly service?: string;
  /** Loopback port of a pool of PHP-FPM that says this; HAProxy passes it on. */
  readonly poolPort?: number;
  readonly runsOn: (machine: Machine, topology: Topology) => boolean;
}

const has =
  (...roles: Machine["roles"]) =>
  (machine: Machine) =>
    roles.some((role) => machine.roles.includes(role));

/** Everything that is asked for measures: services, firewall (topology/flows.ts) and Prometheus' targets follow from it. */
export const exporters: readonly Exporter[] = [
  { job: "node", port: ports.nodeMetrics, path: "/metrics", service: "prometheus-node-exporter", runsOn: () => true },
  {
    job: "haproxy",
    port: ports.haproxyMetrics,
    path: "/metrics",
    keeps:
      "haproxy_process_(start_time_seconds|current_connections)" +
      "|haproxy_frontend_(http_(requests|responses)_total|current_sessions|bytes_(in|out)_total)" +
      "|haproxy_backend_(active_servers|current_queue|http_responses_total|(response|total|queue)_time_average_seconds)" +
      "|haproxy_server_(status|http_responses_total|current_sessions|connection_errors_total|(response|total)_time_average_seconds)",
    runsOn: has("load-balancer", "application"),
  },
  {
    job: "php-fpm",
    port: ports.haproxyMetrics,
    path: "/php-fpm",
    poolPort: STATUS_PORTS.php,
    runsOn: has("application"),
  },
  {
    job: "php-fpm-writing",
    port: ports.haproxyMetrics,
    path: "/php-fpm-writing",
    poolPort: STATUS_PORTS.phpWriting,
    runsOn: (machine, topology) => has("application")(machine) && !applicationIsApart(topology),
  },
  {
    job: "nginx",
    port: ports.nginxMetrics,
    path: "/metrics",
    service: "prometheus-nginx-exporter",
    runsOn: has("web"),
  },
  {
    job: "mysql",
    port: ports.mysqlMetrics,
    path: "/metrics",
    keeps:
      "mysql_up|mysql_global_variables_(max_connections|innodb_buffer_pool_size)" +
      "|mysql_global_status_(threads_(connected|running)|queries|slow_queries|uptime|bytes_(received|sent)" +
      "|innodb_(buffer_pool_(reads|read_requests)|row_ops_total|log_waits)|aborted_(connects|clients))",
    service: "prometheus-mysqld-exporter",
    runsOn: has("database"),
  },
  { job: "database", port: ports.databaseRole, path: "/metrics", runsOn: has("database") },
  {
    job: "prometheus",
    port: ports.prometheus,
    path: "/metrics",
    keeps: "prometheus_(build_info|tsdb_head_series|notifications_.*|rule_evaluation_failures_total)|process_.*",
    service: "prometheus",
    runsOn: has("monitor"),
  },
  {
    job: "alertmanager",
    port: ports.alertmanager,
    path: "/metrics",
    keeps:
      "alertmanager_(alerts|cluster_(members|failed_peers)|notifications_(failed_)?total|notification_.*_failed_total)|process_.*",
    service: "prometheus-alertmanager",
    runsOn: has("monitor"),
  },
];

/** Debian's services that measure this machine, and those of a monitor. */
export function monitoringServices(topology: Topology, machine: Machine): string[] {
  if (!isMonitored(topology)) return [];
  const own = exporters
    .filter(({ service, runsOn }) => service && runsOn(machine, topology))
    .map(({ service }) => `${service}.service`);
  return [
    "machine-measure.timer",
    ...own,
    ...(machine.roles.includes("monitor") ? ["prometheus-blackbox-exporter.service", "alerts-ended.timer"] : []),
  ];
}

/** What makes a machine measurable; nothing in a stack without a monitor. */
export function exporterFiles(topology: Topology, machine: Machine): MachineFile[] {
  if (!isMonitored(topology)) return [];
  const { address } = machine;
  const options = (service: string) => renderedFile(`/etc/default/${service}`, { address, ports });
  const limits = (service: string) => fixedFile(`/etc/systemd/system/${service}.service.d/machine.conf`);
  const isDatabase = machine.roles.includes("database");
  const isEdge = machine.roles.includes("load-balancer");
  const isApplication = machine.roles.includes("application");
  return [
    options("prometheus-node-exporter"),
    limits("prometheus-node-exporter"),
    jsonFile("/etc/machine/measure.json", {
      memory: machine.size.memory,
      certificates: certificates(topology, machine),
    }),
    program("/usr/local/sbin/machine-measure"),
    fixedFile("/etc/systemd/system/machine-measure.service"),
    fixedFile("/etc/systemd/system/machine-measure.timer"),
    ...(isEdge || isApplication
      ? [
          renderedFile("/etc/haproxy/conf.d/30-metrics.cfg", {
            address,
            port: ports.haproxyMetrics,
            phpPools: exporters.filter(({ poolPort, runsOn }) => poolPort && runsOn(machine, topology)),
          }),
        ]
      : []),
    ...(isEdge && topology.virtualIps.length > 0 ? [program("/usr/local/lib/machine/keepalived-state")] : []),
    ...(machine.roles.includes("web")
      ? [
          renderedFile("/etc/default/prometheus-nginx-exporter", { address, ports, statusPort: STATUS_PORTS.nginx }),
          limits("prometheus-nginx-exporter"),
        ]
      : []),
    ...(isDatabase
      ? [
          options("prometheus-mysqld-exporter"),
          limits("prometheus-mysqld-exporter"),
          fixedFile("/etc/prometheus/mysqld-exporter.cnf"),
        ]
      : []),
  ];
}

/** Certificates that end one day, by the name that alerts give them. */
function certificates(topology: Topology, { roles }: Machine): Record<string, string> {
  return {
    ...(roles.includes("load-balancer") ? { site: servedCertificate(topology) } : {}),
    machine: "/var/lib/machine/secrets/machine.pem",
    authority: "/var/lib/machine/secrets/ca.pem",
  };
}

/** Prometheus' targets by job: each exporter on each machine that has it. */
export function scrapeJobs(topology: Topology) {
  return exporters
    .map(({ job, port, path, keeps, runsOn }) => ({
      job,
      keeps: keeps ?? false,
      path,
      isNode: job === "node",
      targets: topology.machines
        .filter((machine) => runsOn(machine, topology))
        .map(({ name, address, roles }) => ({
          name,
          address: `${address}:${port}`,
          isEdge: job === "haproxy" && roles.includes("load-balancer"),
        })),
    }))
    .filter(({ targets }) => targets.length > 0);
}

/** Where the public site is asked for, as a visitor does. */
export function probedAddresses(topology: Topology): string[] {
  // on AWS visitors come by an address that only the name tells
  const hasPublicAddresses = machinesWith(topology, "load-balancer").some(({ entryAddresses }) => entryAddresses);
  return hasPublicAddresses ? [topology.domain] : entryAddresses(topology);
}
