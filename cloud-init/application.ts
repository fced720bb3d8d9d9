import type { Machine } from "../topology";
import { fixedFile, type MachineFile, program } from "./file";

/** The application on the machines that serve it: unpacked, its secrets, its migrations and its health. */
export function applicationFiles({ roles }: Machine): MachineFile[] {
  const isApplication = roles.includes("application");
  if (!isApplication && !roles.includes("web")) return [];
  return [
    program("/usr/local/lib/machine/setup.d/30-application-files"),
    program("/usr/local/sbin/application-install"),
    ...(isApplication
      ? [
          program("/usr/local/lib/machine/setup.d/40-application-secrets"),
          program("/usr/local/lib/machine/ready.d/40-application"),
          program("/usr/local/sbin/application-migrate"),
          fixedFile("/etc/systemd/system/application-migrate.service"),
          fixedFile("/usr/local/share/machine/health/health.php"),
        ]
      : []),
  ];
}
