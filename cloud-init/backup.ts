import type { Machine, Topology } from "../topology";
import { fixedFile, jsonFile, type MachineFile, program } from "./file";

/** Backups of the databases: on every database machine, so that any of them can make the next one. */
export function backupFiles({ stack, backups }: Topology, { roles }: Machine): MachineFile[] {
  if (!roles.includes("database") || !backups) return [];
  return [
    jsonFile("/etc/machine/backup.json", { stack, ...backups }),
    program("/usr/local/sbin/machine-backup"),
    ...["decision", "dump", "repository", "restore", "scratch"].map((part) =>
      fixedFile(`/usr/local/lib/machine/backup_${part}.py`),
    ),
    fixedFile("/etc/systemd/system/machine-backup.service"),
    fixedFile("/etc/systemd/system/machine-backup.timer"),
  ];
}
