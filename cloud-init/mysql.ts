import { createHash } from "node:crypto";
import { addressNumber, formsGroup, groupPorts, type Machine, machinesWith, type Topology } from "../topology";
import { fixedFile, type MachineFile, program, renderedFile } from "./file";
import { bufferPool, databaseConnections, hasPerformanceSchema } from "./sizing";

/** MySQL 9.7: sized for the machine, read-only until the database agent says otherwise, TLS for everybody. */
export function mysqlFiles(topology: Topology, machine: Machine): MachineFile[] {
  if (!machine.roles.includes("database")) return [];
  return [
    renderedFile("/etc/mysql/mysql.conf.d/zz-machine.cnf", {
      // members of a group reach each other by what they report
      reportHost: formsGroup(topology.machines) ? machine.address : machine.name,
      // stable, and unique in the network, whatever machines come and go
      serverId: addressNumber(machine.address),
      bufferPool: bufferPool(machine),
      performanceSchema: hasPerformanceSchema(machine) ? "ON" : "OFF",
      maxConnections: databaseConnections(topology),
    }),
    ...(formsGroup(topology.machines)
      ? [
          renderedFile("/etc/mysql/mysql.conf.d/zz-group.cnf", groupValues(topology)),
          renderedFile("/etc/sysctl.d/90-group.conf", { groupPorts }),
        ]
      : [
          fixedFile("/etc/mysql/mysql.conf.d/zz-semi-synchronous.cnf"),
          fixedFile("/etc/systemd/system/mysql.service.d/quick-stop.conf"),
        ]),
    fixedFile("/etc/systemd/system/mysql.service.d/machine.conf"),
    program("/usr/local/lib/machine/setup.d/20-mysql"),
    program("/usr/local/lib/machine/database-leave"),
  ];
}

function groupValues(topology: Topology) {
  return {
    groupName: groupName(topology.stack),
    allowed: machinesWith(topology, "database")
      .map(({ address }) => address)
      .join(","),
  };
}

/** A UUID (version 8: made by a rule of one's own) that a stack always gets, and no other stack. */
function groupName(stack: string): string {
  const hash = createHash("sha256").update(`web-infrastructure ${stack}`).digest("hex");
  return `${hash.slice(0, 8)}-${hash.slice(8, 12)}-8${hash.slice(13, 16)}-8${hash.slice(17, 20)}-${hash.slice(20, 32)}`;
}
