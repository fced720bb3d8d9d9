import { Document } from "yaml";
import type { Machine, Topology } from "../topology";
import { applicationFiles } from "./application";
import { databaseAgentFiles } from "./database-agent";
import type { MachineFile } from "./file";
import { haproxyFiles } from "./haproxy";
import { keepalivedFiles } from "./keepalived";
import { mysqlFiles } from "./mysql";
import { nftablesFiles } from "./nftables";
import { nginxFiles } from "./nginx";
import { packages } from "./packages";
import { phpFpmFiles } from "./php-fpm";
import { SETUP_COMMAND, systemFiles } from "./system";

export interface UserDataOptions {
  /** The image has every package already, none of its services enabled: nothing is installed at boot. */
  readonly packagesInstalled: boolean;
  /** The part of the application that is served, relative to it: `""` (all of it) or a directory such as `public`. */
  readonly documentRoot: string;
}

/** Every file that cloud-init writes on a machine. Secrets are none of them: the target delivers those. */
export function machineFiles(topology: Topology, machine: Machine, documentRoot: string): MachineFile[] {
  return [
    ...systemFiles(topology, machine),
    ...nftablesFiles(topology, machine),
    ...mysqlFiles(topology, machine),
    ...databaseAgentFiles(topology, machine),
    ...haproxyFiles(topology, machine),
    ...keepalivedFiles(topology, machine),
    ...applicationFiles(machine),
    ...phpFpmFiles(topology, machine),
    ...nginxFiles(topology, machine, documentRoot),
  ];
}

/** The `#cloud-config` that makes a machine what its roles say; without secrets, readable, the same for every target. */
export function renderUserData(topology: Topology, machine: Machine, options: UserDataOptions): string {
  const files = machineFiles(topology, machine, options.documentRoot);
  const config = {
    // nobody signs in by password, and no user is made
    users: [],
    ssh_pwauth: false,
    ...(options.packagesInstalled ? { write_files: files } : installing(machine, files)),
    runcmd: [SETUP_COMMAND],
  };
  const document = new Document(config, { aliasDuplicateObjects: false });
  return `#cloud-config\n${document.toString({ blockQuote: "literal", lineWidth: 0 })}`;
}

/** Packages first, their services kept from starting (machine-setup ends that), then the files, over the packages' own. */
function installing(machine: Machine, files: MachineFile[]) {
  const startNothing = {
    path: "/usr/sbin/policy-rc.d",
    content: "#!/bin/sh\nexit 101\n",
    owner: "root:root",
    permissions: "0755",
  };
  return {
    package_update: true,
    packages: packages(machine.roles),
    // unattended upgrades may hold apt's lock at boot: wait for it, in seconds
    apt: { conf: 'DPkg::Lock::Timeout "300";\n' },
    write_files: [startNothing, ...files.map((file) => ({ ...file, defer: true }))],
  };
}
