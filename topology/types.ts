/** What a machine does. A machine may have several roles. */
export type Role = "load-balancer" | "web" | "application" | "database" | "monitor";

/** The named topologies a stack can pick. */
export type Preset = "highly-available" | "distributed";

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
  /** Index of its subnet in the network, where the network has such. */
  readonly subnet?: number;
  /** Private address beside its own that a public address of the site leads to, where the network has such. */
  readonly entryAddress?: string;
  /**
   * What a machine with the role `database` is where that is fixed. Absent where the databases form a group, which elects
   * its primary itself, and on every other machine.
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

export interface Topology {
  readonly preset: Preset;
  /** Name of the stack: its data is told apart from that of other stacks by it. */
  readonly stack: string;
  /** The name the site is served under, such as `www.foobar.com`. */
  readonly domain: string;
  readonly network: Network;
  readonly publishedPorts?: PublishedPorts;
  /** The address of the site, held by one of several load balancers at a time; absent where there is only one. */
  readonly virtualIp?: string;
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
  /** What the flow is for, in a few words a person understands. */
  readonly purpose: string;
}
