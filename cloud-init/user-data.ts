import { Document } from "yaml";
import { isMonitored, type Machine, type Topology } from "../topology";
import { applicationFiles, applicationFromDirectory } from "./application";
import {
  type AwsPlaces,
  awsBootFiles,
  awsFiles,
  awsPackages,
  awsServices,
  type ProgramsPlace,
  START_COMMAND,
} from "./aws";
import { backupFiles } from "./backup";
import { certificateFiles } from "./certificate";
import { databaseAgentFiles } from "./database-agent";
import { exporterFiles } from "./exporters";
import { fixedFile, type MachineFile } from "./file";
import { haproxyFiles } from "./haproxy";
import { keepalivedFiles } from "./keepalived";
import { monitorFiles } from "./monitor";
import { mysqlFiles } from "./mysql";
import { nftablesFiles } from "./nftables";
import { nginxFiles } from "./nginx";
import { packageSources, packages } from "./packages";
import { phpFpmFiles } from "./php-fpm";
import { sandboxed } from "./sandbox";
import { SETUP_COMMAND, systemFiles } from "./system";

/** The firewall stands before anything else is fetched or started. No reload: machine-setup makes systemd read its files anew. */
const ENABLE_FIREWALL: string[] = ["systemctl", "enable", "--no-reload", "--now", "nftables.service"];

export interface UserDataOptions {
  /** What cloud-init writes itself; the programs come beside it. */
  readonly inUserData: readonly MachineFile[];
  /** The image has every package already, none of its services enabled: nothing is installed at boot. */
  readonly packagesInstalled: boolean;
}

/**
 * Every file of a machine, but for its secrets, which the target delivers. `documentRoot` is the part of the application
 * that is served, relative to it: `""` (all of it) or a directory such as `public`.
 */
export function machineFiles(
  topology: Topology,
  machine: Machine,
  documentRoot: string,
  moreServices: readonly string[] = [],
): MachineFile[] {
  return sandboxed([
    ...systemFiles(topology, machine, moreServices),
    ...nftablesFiles(topology, machine),
    ...mysqlFiles(topology, machine),
    ...databaseAgentFiles(topology, machine),
    ...backupFiles(topology, machine),
    ...haproxyFiles(topology, machine),
    ...certificateFiles(topology, machine),
    ...keepalivedFiles(topology, machine),
    ...applicationFiles(topology, machine),
    ...phpFpmFiles(topology, machine),
    ...nginxFiles(topology, machine, documentRoot),
    ...exporterFiles(topology, machine),
    ...monitorFiles(topology, machine),
  ]);
}

/** Programs, units, users and the kernel's settings, what monitoring and PHP are configured by; what is left is the configuration that policies judge. */
const PROGRAMS = [
  "/usr/local/",
  "/etc/systemd/",
  "/etc/sysctl.d/",
  "/etc/modprobe.d/",
  "/etc/security/",
  "/etc/issue",
  "/etc/apt/apt.conf.d/",
  "/etc/sysusers.d/",
  "/etc/prometheus/",
  "/etc/default/prometheus",
  "/etc/php/",
];

/**
 * Those that stand in user-data, and those that come as an archive: EC2 takes 16 KiB of user-data only, and cloud-init reads
 * all of it a dozen times, which at a machine's boot takes longer than anything else.
 */
function split(files: readonly MachineFile[]) {
  const isProgram = ({ path }: MachineFile) => PROGRAMS.some((beginning) => path.startsWith(beginning));
  return { inUserData: files.filter((file) => !isProgram(file)), programs: files.filter(isProgram) };
}

/** The files of a machine on Docker. */
export function dockerMachineFiles(topology: Topology, machine: Machine, documentRoot: string) {
  return split([...machineFiles(topology, machine, documentRoot), ...applicationFromDirectory(machine)]);
}

/** The files of a machine on AWS. */
export function awsMachineFiles(topology: Topology, machine: Machine, documentRoot: string) {
  return split([
    ...machineFiles(topology, machine, documentRoot, awsServices(machine)),
    ...sandboxed(awsFiles(topology, machine)),
  ]);
}

/** Where the Docker target puts the archive of programs before a machine boots. */
export const PROGRAMS_ARCHIVE = "/var/lib/machine/programs.tar.gz";

/** The `#cloud-config` that makes a machine on Docker what its roles say; without secrets, readable. */
export function renderUserData(topology: Topology, machine: Machine, options: UserDataOptions): string {
  const { inUserData, packagesInstalled } = options;
  // one command: none of them goes on after one that failed
  const start = [
    `tar --extract --gzip --file ${PROGRAMS_ARCHIVE} --directory / --no-same-owner`,
    ENABLE_FIREWALL.join(" "),
    SETUP_COMMAND.join(" "),
  ];
  return cloudConfig({
    ...(packagesInstalled ? { write_files: inUserData } : installing(topology, machine, inUserData, [])),
    runcmd: [start.join(" && ")],
  });
}

/** The same machine by a Debian image of AWS: packages are installed at boot, programs and secrets are fetched. */
export function renderAwsUserData(
  topology: Topology,
  machine: Machine,
  options: UserDataOptions & { places: AwsPlaces; programs: ProgramsPlace },
): string {
  const files = [...awsBootFiles(topology, machine, options.places, options.programs), ...options.inUserData];
  return cloudConfig({
    // AWS would name it after its address
    hostname: machine.name,
    ...(options.packagesInstalled ? { write_files: files } : installing(topology, machine, files, awsPackages)),
    runcmd: [ENABLE_FIREWALL, START_COMMAND],
  });
}

function cloudConfig(config: Record<string, unknown>): string {
  // nobody signs in by password, and no user is made
  const document = new Document({ users: [], ssh_pwauth: false, ...config }, { aliasDuplicateObjects: false });
  return `#cloud-config\n${document.toString({ blockQuote: "literal", lineWidth: 0 })}`;
}

/** Packages first, their services kept from starting (machine-setup ends that), then the files, over the packages' own. */
function installing(topology: Topology, machine: Machine, files: readonly MachineFile[], more: readonly string[]) {
  const startNothing = {
    path: "/usr/sbin/policy-rc.d",
    content: "#!/bin/sh\nexit 101\n",
    owner: "root:root",
    permissions: "0755",
  };
  const sources = packageSources(machine.roles);
  const hasSources = Object.keys(sources).length > 0;
  return {
    package_update: true,
    packages: [...packages(machine.roles, isMonitored(topology)), ...more].sort(),
    apt: {
      // unattended upgrades may hold apt's lock at boot: wait for it, in seconds
      conf: 'DPkg::Lock::Timeout "300";\n',
      ...(hasSources ? { sources } : {}),
    },
    write_files: [
      startNothing,
      ...(hasSources ? [fixedFile("/etc/apt/preferences.d/mysql")] : []),
      ...files.map((file) => ({ ...file, defer: true })),
    ],
  };
}
