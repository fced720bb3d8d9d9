import type { Machine, Topology } from "../topology";
import { applicationSource, servesApplication } from "./application";
import { fixedFile, type MachineFile, program, renderedFile } from "./file";
import { DATA_DIRECTORY } from "./secrets";

/** Where a machine on AWS finds what is its own. All known before anything exists, so that user-data can be judged. */
export interface AwsPlaces {
  readonly stack: string;
  readonly region: string;
  /** Path of this machine's parameters: `…/secrets/NAME` are its secrets, `…/ready` is its report. */
  readonly parameters: string;
  /** Parameter that names the wanted version of the application: `s3://bucket/key SHA-256`. */
  readonly application: string;
}

/** Where the programs lie, which don't stand in user-data. */
export interface ProgramsPlace {
  /** `s3://bucket/key` */
  readonly address: string;
  readonly sha256: string;
}

/** What cloud-init runs on AWS, instead of the set-up itself. */
export const START_COMMAND: string[] = ["/usr/local/sbin/machine-start"];

/** Debian packages that a machine on AWS needs beside those of its roles. */
export const awsPackages = ["apparmor", "awscli", "e2fsprogs", "unattended-upgrades"];

/** Minutes between the upgrades of two machines: more than one takes, its restart included. */
const UPGRADE_PAUSE = 30;
/** When the first machine upgrades: 3 o'clock, UTC. */
const FIRST_UPGRADE = 180;

/** What a machine does on AWS beside its roles: fetch, mount, report, keep the public address. */
export function awsFiles({ domain, machines }: Topology, machine: Machine): MachineFile[] {
  const serves = servesApplication(machine);
  return [
    program("/usr/local/sbin/machine-report"),
    fixedFile("/etc/systemd/system/machine-report.service"),
    program("/usr/local/sbin/machine-metrics"),
    fixedFile("/etc/systemd/system/machine-metrics.service"),
    fixedFile("/etc/systemd/system/machine-metrics.timer"),
    program("/usr/local/sbin/machine-upgrade"),
    fixedFile("/etc/systemd/system/machine-upgrade.service"),
    renderedFile("/etc/systemd/system/machine-upgrade.timer", { time: upgradeTime(machines.indexOf(machine)) }),
    fixedFile("/etc/apt/apt.conf.d/60-machine"),
    program("/usr/local/lib/machine/setup.d/06-own-ways"),
    program("/usr/local/lib/machine/setup.d/01-session-manager"),
    program("/usr/local/lib/machine/setup.d/02-secrets"),
    ...(machine.roles.includes("database")
      ? [
          program("/usr/local/lib/machine/setup.d/03-data-volume"),
          fixedFile("/etc/systemd/system/mysql.service.d/data-volume.conf"),
        ]
      : []),
    ...(serves
      ? [
          program("/usr/local/lib/machine/setup.d/04-application"),
          applicationSource("s3"),
          fixedFile("/etc/systemd/system/application-update.service"),
          fixedFile("/etc/systemd/system/application-update.timer"),
        ]
      : []),
    ...(machine.entryAddresses
      ? [
          program("/usr/local/sbin/entry-address"),
          fixedFile("/etc/systemd/system/entry-address@.service"),
          program("/usr/local/lib/machine/setup.d/05-entry-address"),
          renderedFile(
            "/usr/local/lib/machine/ready.d/60-entry-address",
            { domain, numbers: numbers(machine).join(" ") },
            "0755",
          ),
        ]
      : []),
  ];
}

/** What a machine needs to fetch everything else. */
export function awsBootFiles(
  topology: Topology,
  machine: Machine,
  places: AwsPlaces,
  programs: ProgramsPlace,
): MachineFile[] {
  return [
    program(START_COMMAND[0] as string),
    fixedFile("/usr/local/lib/machine/aws.sh"),
    renderedFile("/etc/machine/aws", {
      ...places,
      programs: programs.address,
      programsSha256: programs.sha256,
      servesApplication: servesApplication(machine),
      dataDirectory: machine.roles.includes("database") && DATA_DIRECTORY,
    }),
    ...(machine.entryAddresses ?? []).map((address, index) => {
      const values = { address, virtualIp: topology.virtualIps[index]?.address ?? "" };
      return { ...renderedFile("/etc/machine/entry", values), path: `/etc/machine/entry-${index + 1}` };
    }),
  ];
}

/** Services of a machine on AWS, beside those of its roles. */
export function awsServices(machine: Machine): string[] {
  return [
    "machine-metrics.timer",
    "machine-upgrade.timer",
    ...numbers(machine).map((number) => `entry-address@${number}.service`),
  ];
}

/** A time of day that no other machine has, such as `03:30`. */
function upgradeTime(index: number): string {
  const minutes = (FIRST_UPGRADE + index * UPGRADE_PAUSE) % (24 * 60);
  return [Math.floor(minutes / 60), minutes % 60].map((number) => String(number).padStart(2, "0")).join(":");
}

/** The numbers of the site's public addresses, on machines that may have them. */
function numbers({ entryAddresses = [] }: Machine): number[] {
  return entryAddresses.map((_, index) => index + 1);
}
