import { applicationIsApart, type Machine, ports, type Topology } from "../topology";
import { fixedFile, type MachineFile, program, renderedFile } from "./file";

/** The application on the machines that serve it: unpacked, its secrets, its migrations and its health. */
export function applicationFiles(topology: Topology, { roles }: Machine): MachineFile[] {
  const isApplication = roles.includes("application");
  if (!isApplication && !roles.includes("web")) return [];
  return [
    program("/usr/local/lib/machine/setup.d/30-application-files"),
    program("/usr/local/sbin/application-install"),
    ...(isApplication
      ? [
          program("/usr/local/lib/machine/setup.d/40-application-secrets"),
          renderedFile(
            "/usr/local/lib/machine/ready.d/40-application",
            {
              healthPort: applicationIsApart(topology) ? ports.applicationHealth : ports.web,
              webPort: roles.includes("web") && ports.web,
            },
            "0755",
          ),
          // a web server brings it along
          ...(roles.includes("web") ? [] : [program("/usr/local/lib/machine/drain.d/20-web")]),
          program("/usr/local/sbin/application-migrate"),
          fixedFile("/etc/systemd/system/application-migrate.service"),
          fixedFile("/usr/local/share/machine/health/health.php"),
        ]
      : []),
  ];
}
