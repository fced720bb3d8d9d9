import { addressNumber, type Machine, type Topology } from "../topology";
import { fixedFile, type MachineFile, program, renderedFile } from "./file";
import { bufferPool, databaseConnections, hasPerformanceSchema } from "./sizing";

/** MySQL 9.7: sized for the machine, read-only until the database agent says otherwise, TLS for everybody. */
export function mysqlFiles(topology: Topology, machine: Machine): MachineFile[] {
  if (!machine.roles.includes("database")) return [];
  return [
    renderedFile("/etc/mysql/mysql.conf.d/zz-machine.cnf", {
      name: machine.name,
      // stable, and unique in the network, whatever machines come and go
      serverId: addressNumber(machine.address),
      bufferPool: bufferPool(machine),
      performanceSchema: hasPerformanceSchema(machine) ? "ON" : "OFF",
      maxConnections: databaseConnections(topology),
      isPrimary: machine.databaseRole === "primary" ? "ON" : "OFF",
      isReplica: machine.databaseRole === "replica" ? "ON" : "OFF",
    }),
    fixedFile("/etc/systemd/system/mysql.service.d/machine.conf"),
    program("/usr/local/lib/machine/setup.d/20-mysql"),
  ];
}
