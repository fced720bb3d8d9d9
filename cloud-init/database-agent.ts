import { creationOrder, formsGroup, type Machine, machinesWith, ports, type Role, type Topology } from "../topology";
import { fixedFile, jsonFile, type MachineFile, program } from "./file";

/** Replicas that lag more than this, in seconds, aren't read from. */
const maximumLag = 10;

/** The database agent: gives MySQL its role, and tells everybody what it is good for. */
export function databaseAgentFiles(topology: Topology, machine: Machine): MachineFile[] {
  if (!machine.roles.includes("database")) return [];
  const isGroup = formsGroup(topology.machines);
  const settings = {
    name: machine.name,
    address: machine.address,
    position: creationOrder(topology).indexOf(machine),
    mode: isGroup ? "group" : "primary-replica",
    port: ports.databaseRole,
    databasePort: ports.database,
    ...(isGroup && { groupPorts: { first: ports.group, last: ports.groupLast } }),
    maximumLag,
    // from where each account may come
    accounts: {
      application: addressesOf(topology, "application"),
      migration: addressesOf(topology, "application"),
      replication: addressesOf(topology, "database"),
    },
    peers: machinesWith(topology, "database")
      .filter(({ name }) => name !== machine.name)
      .map((each) => ({
        name: each.name,
        address: each.address,
        position: creationOrder(topology).indexOf(each),
      })),
  };
  return [
    jsonFile("/etc/machine/database-agent.json", settings),
    program("/usr/local/sbin/database-agent"),
    fixedFile("/usr/local/lib/machine/database_metrics.py"),
    fixedFile("/usr/local/lib/machine/empty_database.py"),
    fixedFile("/usr/local/lib/machine/gtid_set.py"),
    fixedFile("/usr/local/lib/machine/hand_over.py"),
    fixedFile("/usr/local/lib/machine/mysql_server.py"),
    fixedFile("/usr/local/lib/machine/primary_record.py"),
    ...(isGroup
      ? [
          fixedFile("/usr/local/lib/machine/group_decision.py"),
          fixedFile("/usr/local/lib/machine/group_state.py"),
          fixedFile("/usr/local/lib/machine/group_force.py"),
          fixedFile("/usr/local/lib/machine/group_member.py"),
          fixedFile("/usr/local/lib/machine/group_port.py"),
          program("/usr/local/sbin/group-watch"),
          fixedFile("/etc/systemd/system/group-watch.service"),
        ]
      : [
          fixedFile("/usr/local/lib/machine/database_decision.py"),
          fixedFile("/usr/local/lib/machine/primary_replica.py"),
        ]),
    fixedFile("/etc/systemd/system/database-agent.service"),
    fixedFile("/etc/systemd/system/database-agent.socket"),
    program("/usr/local/lib/machine/drain.d/10-database"),
    program("/usr/local/lib/machine/ready.d/20-database"),
  ];
}

function addressesOf(topology: Topology, role: Role): string[] {
  return machinesWith(topology, role).map(({ address }) => address);
}
