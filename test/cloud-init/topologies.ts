import {
  BACKUP_DIRECTORY,
  type Machine,
  type MachineSize,
  planTopology,
  type Topology,
  type TopologyPlan,
} from "../../topology";

export const smallMachine: MachineSize = { memory: 1024, cores: 2 };

const planned = (settings: Partial<TopologyPlan>): Topology =>
  planTopology({
    stack: "test",
    domain: "www.foobar.com",
    addressRange: "172.30.0.0/24",
    size: smallMachine,
    backups: { repository: BACKUP_DIRECTORY, schedule: "02:30", days: 14 },
    publishedPorts: { http: 8080, https: 8443 },
    ...settings,
  });

export const distributed = planned({ preset: "distributed" });
export const highlyAvailable = planned({ preset: "highly-available" });
export const scaleUp = planned({ preset: "scale-up" });

/** Few requests and connections for each address. */
export const limited = planned({ preset: "distributed", requestsPerAddress: 20, connectionsPerAddress: 3 });

/** Every way of balancing that has a line of its own somewhere, at once; and IPv6. */
export const balanced = planned({
  preset: "scale-up",
  balance: "random",
  weights: { "web-1": 3, "app-2": 2 },
  webServers: "active-passive",
  loadBalancers: "active-active",
  slowStart: 10,
  stickySessions: true,
  ipv6: true,
});

/** The load balancers get the site's certificate by themselves. */
export const acme = planned({
  preset: "scale-up",
  acme: { directory: "https://127.0.0.1:14000/dir", account: 1, email: "ops@foobar.com" },
});

export function machine(topology: Topology, name: string): Machine {
  const found = topology.machines.find((each) => each.name === name);
  if (!found) throw new Error(`no machine ${name}`);
  return found;
}

/** One large machine with every role: each file beside each other file. */
export const everything: Topology = {
  ...distributed,
  publishedPorts: undefined,
  machines: [
    {
      name: "all-1",
      roles: ["load-balancer", "web", "application", "database"],
      databaseRole: "primary",
      address: "172.30.0.11",
      size: { memory: 8192, cores: 8 },
    },
  ],
};
