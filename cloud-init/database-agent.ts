import { type Machine, machinesWith, ports, type Topology } from "../topology";
import { fixedFile, type MachineFile, program } from "./file";

/** Replicas that lag more than this, in seconds, aren't read from. */
const maximumLag = 10;

/** The database agent: gives MySQL its role, and tells everybody what it is good for. */
export function databaseAgentFiles(topology: Topology, machine: Machine): MachineFile[] {
  if (!machine.roles.includes("database")) return [];
  const settings = {
    name: machine.name,
    role: machine.databaseRole,
    port: ports.databaseRole,
    databasePort: ports.database,
    maximumLag,
    peers: machinesWith(topology, "database")
      .filter(({ name }) => name !== machine.name)
      .map(({ name, address, databaseRole }) => ({ name, address, role: databaseRole })),
  };
  return [
    {
      path: "/etc/machine/database-agent.json",
      content: `${JSON.stringify(settings, undefined, 2)}\n`,
      owner: "root:root",
      permissions: "0644",
    },
    program("/usr/local/sbin/database-agent"),
    fixedFile("/usr/local/lib/machine/database_decision.py"),
    fixedFile("/etc/systemd/system/database-agent.service"),
    program("/usr/local/lib/machine/ready.d/20-database"),
  ];
}
