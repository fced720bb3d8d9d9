import { formsGroup } from "./databases";
import { applicationIsApart, isMonitored, machinesWith } from "./machines";
import { type Flow, type Role, roles, type Topology } from "./types";

/** Ports that machines talk to each other on. Ports that only the machine itself uses are no flow. */
export const ports = {
  http: 80,
  https: 443,
  certificate: 8444,
  web: 8080,
  application: 9000,
  applicationHealth: 9001,
  database: 3306,
  // a member takes another one of these each time it joins (group_port.py)
  group: 33061,
  groupLast: 33064,
  databaseRole: 9200,
  // the exporters' and Prometheus' own usual ports (the list of the Prometheus project)
  nodeMetrics: 9100,
  haproxyMetrics: 8405,
  nginxMetrics: 9113,
  mysqlMetrics: 9104,
  prometheus: 9090,
  alertmanager: 9093,
  alertmanagerPeers: 9094,
} as const;

const tcp = "tcp" as const;

const always: readonly Flow[] = [
  { from: "internet", to: "load-balancer", protocol: tcp, port: ports.http, purpose: "redirect to HTTPS" },
  { from: "internet", to: "load-balancer", protocol: tcp, port: ports.https, purpose: "the site, over HTTPS" },
  { from: "load-balancer", to: "web", protocol: tcp, port: ports.web, purpose: "requests and health checks to Nginx" },
  { from: "application", to: "database", protocol: tcp, port: ports.database, purpose: "SQL over TLS" },
  {
    from: "application",
    to: "database",
    protocol: tcp,
    port: ports.databaseRole,
    purpose: "which database is primary or replica",
  },
  { from: "database", to: "database", protocol: tcp, port: ports.database, purpose: "replication over TLS" },
  {
    from: "database",
    to: "database",
    protocol: tcp,
    port: ports.databaseRole,
    purpose: "database agents compare their states",
  },
];

/** Of PHP on machines of its own. */
const applicationApart: readonly Flow[] = [
  {
    from: "web",
    to: "application",
    protocol: tcp,
    port: ports.application,
    purpose: "FastCGI to PHP-FPM, over TLS",
  },
  { from: "web", to: "application", protocol: tcp, port: ports.applicationHealth, purpose: "health checks of PHP" },
];

/** Of load balancers that hold a write until there is a primary, and aren't application servers, which ask anyway. */
const waitingForPrimary: Flow = {
  from: "load-balancer",
  to: "database",
  protocol: tcp,
  port: ports.databaseRole,
  purpose: "whether there is a primary to write to",
};

/** Of load balancers that share virtual IPs. */
const sharingAddress: Flow = {
  from: "load-balancer",
  to: "load-balancer",
  protocol: "vrrp",
  purpose: "which load balancer holds which virtual IP",
};

/** Of load balancers that get the site's certificate by themselves: one asks for it, the others take it over. */
const sharingCertificate: Flow = {
  from: "load-balancer",
  to: "load-balancer",
  protocol: tcp,
  port: ports.certificate,
  purpose: "certificate and key of the site, over TLS",
};

/** Of databases that form a group. */
const groupReplication: Flow = {
  from: "database",
  to: "database",
  protocol: tcp,
  port: ports.group,
  lastPort: ports.groupLast,
  purpose: "group replication over TLS",
};

const measure = (to: Role, port: number, purpose: string): Flow => ({
  from: "monitor",
  to,
  protocol: tcp,
  port,
  purpose,
});

/** Of a stack with monitors: they alone may ask the exporters. */
const monitoring: readonly Flow[] = [
  ...roles.map((role) => measure(role, ports.nodeMetrics, "measures of the machine")),
  measure("load-balancer", ports.haproxyMetrics, "measures of HAProxy"),
  measure("application", ports.haproxyMetrics, "measures of HAProxy and PHP-FPM"),
  measure("web", ports.nginxMetrics, "measures of Nginx"),
  measure("database", ports.mysqlMetrics, "measures of MySQL"),
  measure("database", ports.databaseRole, "measures of the database agent"),
  measure("monitor", ports.prometheus, "monitors watch each other"),
  measure("monitor", ports.alertmanager, "alerts go to every Alertmanager"),
  measure("monitor", ports.alertmanagerPeers, "Alertmanagers agree on who tells people, over TLS"),
];

/** Those that members of a group listen on, such as `33061-33064`. */
export const groupPorts = portRange(groupReplication);

/** Such as `8080` or, of several ports in a row, `33061-33064`. */
export function portRange({ port, lastPort }: Flow): string {
  return lastPort === undefined ? String(port) : `${port}-${lastPort}`;
}

/** Who may talk to whom. All else is refused, by the firewall of each machine and by the security groups of the target. */
export function flows(topology: Topology): Flow[] {
  const isGroup = formsGroup(topology.machines);
  const asksAnyway = machinesWith(topology, "load-balancer").every(({ roles }) => roles.includes("application"));
  const planned = [
    ...always,
    ...(applicationIsApart(topology) ? applicationApart : []),
    ...(isGroup && !asksAnyway ? [waitingForPrimary] : []),
    ...(topology.virtualIps.length > 0 ? [sharingAddress] : []),
    ...(topology.acme && machinesWith(topology, "load-balancer").length > 1 ? [sharingCertificate] : []),
    ...(isGroup ? [groupReplication] : []),
    ...(isMonitored(topology) ? monitoring : []),
  ];
  return planned.filter(
    ({ from, to }) =>
      machinesWith(topology, to).length > 0 && (from === "internet" || machinesWith(topology, from).length > 0),
  );
}
