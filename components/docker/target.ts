import { dirname, resolve } from "node:path";
import * as docker from "@pulumi/docker";
import * as pulumi from "@pulumi/pulumi";
import { dockerMachineFiles, renderUserData } from "../../cloud-init";
import { entryAddresses, LABEL, machinesWith } from "../../topology";
import { packPrograms } from "../programs";
import type { MachineArgs, NetworkArgs, Target, TargetNetwork } from "../target";
import { DockerMachine, dockerLabels } from "./machine";

export interface DockerTargetArgs {
  /** Id (`sha256:…`) of the machine image, as `npm run image` makes it. */
  readonly machineImage: pulumi.Input<string>;
  /** Whether there are machines of the stack. @default true */
  readonly inService?: boolean;
  /** Since when the application's version is the wanted one, from `offerApplication`. */
  readonly applicationOffered: number;
  /** Directory of this computer, as an absolute path, where database machines keep their backups. @default none */
  readonly backupDirectory?: string;
}

/** Machines as containers on this computer, in a network of their own. */
export class DockerTarget implements Target {
  readonly inputs: pulumi.Inputs;
  readonly inService: boolean;

  constructor(private readonly args: DockerTargetArgs) {
    this.inputs = { machineImage: args.machineImage };
    this.inService = args.inService ?? true;
  }

  createNetwork(name: string, { topology, application }: NetworkArgs, parent: pulumi.Resource): TargetNetwork {
    const prefix = `${pulumi.getProject()}-${pulumi.getStack()}`;
    const labels = { [LABEL.stack]: pulumi.getStack() };
    const network = new docker.Network(
      `${name}-network`,
      {
        name: prefix,
        driver: "bridge",
        ipamConfigs: [
          {
            subnet: topology.network.addressRange,
            gateway: topology.network.gateway,
            ipRange: topology.network.dynamicRange,
          },
        ],
        labels: dockerLabels(labels),
      },
      { parent, deleteBeforeReplace: true },
    );

    const databases = machinesWith(topology, "database").map(({ name }) => name);
    const { backupDirectory, applicationOffered: offered } = this.args;
    const directory = resolve(dirname(application.path));
    const createMachine = (machineName: string, args: MachineArgs, opts: pulumi.ComponentResourceOptions) => {
      const { machine, servesApplication, dataDirectory, ...more } = args;
      const containerName = `${prefix}-${machine.name}`;
      const { programs, inUserData } = dockerMachineFiles(topology, machine, application.documentRoot);
      return new DockerMachine(
        machineName,
        {
          ...more,
          hostname: machine.name,
          roles: machine.roles,
          address: machine.address,
          size: machine.size,
          userData: renderUserData(topology, machine, { inUserData, packagesInstalled: true }),
          programsBase64: Buffer.from(packPrograms(programs).archive).toString("base64"),
          containerName,
          image: this.args.machineImage,
          application: servesApplication ? { directory, sha256: application.sha256, offered } : undefined,
          networkName: network.name,
          backupDirectory: machine.roles.includes("database") ? backupDirectory : undefined,
          dataVolume: dataDirectory ? { name: `${containerName}-data`, path: dataDirectory } : undefined,
          labels,
          databases: machine.roles.includes("database") ? databases : undefined,
        },
        opts,
      );
    };
    return { entryAddresses: entryAddresses(topology), createMachine };
  }
}
