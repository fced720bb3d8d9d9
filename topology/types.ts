import type { AlertRoutes } from "../alerts";
import type { Acme } from "../config-certificate";

export const roles = ["load-balancer", "web", "application", "database", "monitor"] as const;
/** What a machine does. A machine may have several roles. */
export type Role = (typeof roles)[number];

export const presetNames = ["highly-available", "distributed", "load-balanced", "simple", "scale-up"] as const;
/** The named topologies a stack can pick. */
export type Preset = (typeof presetNames)[number];

export const algorithms = ["roundrobin", "leastconn", "random"] as const;
/** How the next server for a request is chosen: in turn, the one with the fewest connections, or by chance. */
export type Algorithm = (typeof algorithms)[number];

export const modes = ["active-active", "active-passive"] as const;
/** Whether all machines of a tier work, or one does and the others stand in for it. */
export type Mode = (typeof modes)[number];

/** How requests are spread over web servers, and over application servers where those are on machines of their own. */
export interface Balancing {
  readonly algorithm: Algorithm;
  /** Seconds in which a server that comes back gets to its full share; 0: at once. */
  readonly slowStart: number;
  /** A visitor stays, by a cookie, with the web server of the first answer as long as that one is healthy. */
  readonly sticky: boolean;
}

/** What one client address may do at each load balancer; 0: as much as it likes. */
export interface ClientLimits {
  /** Requests in ten seconds. */
  readonly requests: number;
  /** Connections at a time. */
  readonly connections: number;
}

/**
 * Generous, because many people may share an address (a company, a mobile network): 200 who each open a page of ten files
 * in the same ten seconds, or 500 browsers, which have one connection each. That many connections are a quarter of what
 * a load balancer takes.
 */
export const DEFAULT_LIMITS: ClientLimits = { requests: 2000, connections: 500 };

/** HTTP and HTTPS: what updates, backups and most applications need. */
export const DEFAULT_OUTGOING_PORTS: readonly number[] = [80, 443];

export interface MachineSize {
  /** Memory of the machine, in MiB. */
  readonly memory: number;
  /** Processor cores of the machine. */
  readonly cores: number;
}

export interface Machine {
  /** Host name, unique in the topology, such as `web-1`. */
  readonly name: string;
  readonly roles: readonly Role[];
  /** Fixed private IPv4 address. */
  readonly address: string;
  readonly size: MachineSize;
  /** The kind of machine at the cloud, such as `t3.small`, where it isn't that of all machines. */
  readonly instanceType?: string;
  /** Share of the requests, beside the shares of its like. @default 1 */
  readonly weight?: number;
  /** Gets requests only while none of its like that isn't a backup is healthy. @default false */
  readonly backup?: boolean;
  /** Number of its availability zone, from 0, where the topology knows any. */
  readonly zone?: number;
  /** Index of its subnet in the network, where the network has such. */
  readonly subnet?: number;
  /**
   * Private addresses beside its own that public ones of the site lead to, where the network has such: one for each virtual
   * IP, in their order, or one where there is a single load balancer.
   */
  readonly entryAddresses?: readonly string[];
  /**
   * What a machine with the role `database` is at first, where there are one or two such. Absent where the databases form a
   * group, which elects its primary itself, and on every other machine.
   */
  readonly databaseRole?: "primary" | "replica";
}

export interface Network {
  /** The private network in CIDR notation, such as `172.30.0.0/24`. */
  readonly addressRange: string;
  /** First usable address; belongs to the host or router, never to a machine. */
  readonly gateway: string;
  /** Part of the range, in CIDR notation, that holds no machine: what the target may hand out by itself. */
  readonly dynamicRange: string;
  /** Parts of the range, each in one availability zone; absent where the network is one. */
  readonly subnets?: readonly Subnet[];
  /** Machines have public IPv6 addresses as well: for visitors and the way out, not for each other. @default false */
  readonly hasIpv6?: boolean;
}

export interface Subnet {
  /** In CIDR notation. */
  readonly range: string;
  /** Address for what leads machines of other subnets to the internet, never of a machine. */
  readonly gateway: string;
  /** Number of its availability zone, from 0. */
  readonly zone: number;
  /** The internet reaches it. */
  readonly isPublic: boolean;
}

/** Ports on the host's loopback that lead to ports 80 and 443 of the first load balancer. */
export interface PublishedPorts {
  readonly http: number;
  readonly https: number;
}

/** An address of the site that one of several load balancers holds at a time. */
export interface VirtualIp {
  readonly address: string;
  /** The load balancers by name, in the order in which they take it over. */
  readonly holders: readonly string[];
  /**
   * Active-active: the first holder takes the address back when it returns, so that each serves one. Otherwise, whoever holds
   * it keeps it: each change is a moment's outage.
   */
  readonly returns: boolean;
}

/** How the databases are backed up, and where to. */
export interface Backups {
  /** As restic names it: a directory of the database machines, or `s3:…`. */
  readonly repository: string;
  /** Where that is a bucket of AWS. */
  readonly region?: string;
  /** When full backups are made, as a calendar expression of systemd, in UTC. */
  readonly schedule: string;
  /** How many days back a point in time can be restored. */
  readonly days: number;
}

export interface Topology {
  /** Where alerts go; absent where nobody is told. */
  readonly alerts?: AlertRoutes;
  /** Where the load balancers get the site's certificate by themselves; absent where they are made with one. */
  readonly acme?: Acme;
  /** The preset that the machines are from; `machines` for a list of one's own. */
  readonly preset: Preset | "machines";
  /** Name of the stack: its data is told apart from that of other stacks by it. */
  readonly stack: string;
  /** The name the site is served under, such as `www.foobar.com`. */
  readonly domain: string;
  readonly network: Network;
  readonly publishedPorts?: PublishedPorts;
  /** @default none: the databases aren't backed up */
  readonly backups?: Backups;
  /** The addresses of the site: one, or one for each load balancer (active-active); none where there is only one balancer. */
  readonly virtualIps: readonly VirtualIp[];
  readonly balancing: Balancing;
  readonly limits: ClientLimits;
  /** TCP ports that machines may connect to outside their network. */
  readonly outgoingPorts: readonly number[];
  /** In the order a person lists them; see `creationOrder` for the order they are made in. */
  readonly machines: readonly Machine[];
}

/** Who may talk to whom: the single source of security groups, host firewalls and the table in the docs. */
export interface Flow {
  readonly from: Role | "internet";
  readonly to: Role;
  /** VRRP is a protocol beside TCP, without ports. */
  readonly protocol: "tcp" | "vrrp";
  readonly port?: number;
  /** The last one of several ports in a row. @default `port` */
  readonly lastPort?: number;
  /** What the flow is for, in a few words a person understands. */
  readonly purpose: string;
}
