import { type Machine, type MachineSize, planTopology, type Topology } from "../../topology";

export const smallMachine: MachineSize = { memory: 1024, cores: 2 };

export const distributed: Topology = planTopology({
  preset: "distributed",
  stack: "test",
  domain: "www.foobar.com",
  addressRange: "172.30.0.0/24",
  size: smallMachine,
  publishedPorts: { http: 8080, https: 8443 },
});

export const highlyAvailable: Topology = planTopology({
  preset: "highly-available",
  stack: "test",
  domain: "www.foobar.com",
  addressRange: "172.30.0.0/24",
  size: smallMachine,
  publishedPorts: { http: 8080, https: 8443 },
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
