import { applicationIsApart, type Machine, ports, type Topology } from "../topology";
import { fixedFile, type MachineFile, program, renderedFile } from "./file";
import { CANDIDATE_PORT } from "./nginx";

/** Whether the application's files are on a machine: those of a web server, the programs of an application server. */
export function servesApplication({ roles }: Machine): boolean {
  return roles.includes("web") || roles.includes("application");
}

/** Where versions of the application come from: a bucket on AWS, a directory of this computer on Docker. */
export function applicationSource(from: "s3" | "directory"): MachineFile {
  const path = "/usr/local/lib/machine/application-source";
  return { ...fixedFile(`${path}-${from}`), path };
}

/** What brings the application to a machine whose computer has it in a directory. */
export function applicationFromDirectory(machine: Machine): MachineFile[] {
  if (!servesApplication(machine)) return [];
  return [applicationSource("directory"), program("/usr/local/lib/machine/setup.d/04-application-from-directory")];
}

/** The application on the machines that serve it: fetched, tried, unpacked, its secrets, its migrations and its health. */
export function applicationFiles(topology: Topology, machine: Machine): MachineFile[] {
  if (!servesApplication(machine)) return [];
  const { roles } = machine;
  const isApplication = roles.includes("application");
  return [
    program("/usr/local/lib/machine/setup.d/30-application-files"),
    program("/usr/local/sbin/application-install"),
    program("/usr/local/sbin/application-update"),
    ...(isApplication && roles.includes("web")
      ? [renderedFile("/usr/local/sbin/application-try", { candidatePort: CANDIDATE_PORT }, "0755")]
      : []),
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
