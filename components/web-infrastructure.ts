import * as docker from "@pulumi/docker";
import * as pulumi from "@pulumi/pulumi";
import {
  APPLICATION_ARCHIVE,
  DATA_DIRECTORY,
  READINESS_COMMAND,
  renderUserData,
  SECRETS_DIRECTORY,
  secretNames,
} from "../cloud-init";
import { creationOrder, type Machine, machinesWith, type Topology } from "../topology";
import type { ApplicationArchive } from "./application-archive";
import { DockerMachine, dockerLabels, LABEL } from "./docker/machine";
import { Secrets } from "./secrets";

export interface MachineOutputs {
  readonly address: string;
  readonly roles: string[];
  /** Name of the machine's container. */
  readonly container: string;
}

export interface WebInfrastructureArgs {
  /** The machines and what each does, from `planTopology`. */
  readonly topology: Topology;
  /** The application that the web servers serve, from `packApplication`. */
  readonly application: ApplicationArchive;
  /** Id (`sha256:…`) of the machine image, as `npm run image` makes it. */
  readonly machineImage: pulumi.Input<string>;
}

/** A website on machines of its own: load balancing, web and application servers, database, all behind HTTPS. */
export class WebInfrastructure extends pulumi.ComponentResource {
  /** The address of the site, such as `https://www.foobar.com`. */
  readonly url: pulumi.Output<string>;
  /** Certificate of the stack's CA in PEM format; what a client has to trust. */
  readonly certificateAuthority: pulumi.Output<string>;
  /** Addresses of the load balancers, which serve the site. */
  readonly entryAddresses: pulumi.Output<string[]>;
  /** The machines by name. */
  readonly machines: pulumi.Output<Record<string, MachineOutputs>>;

  constructor(name: string, args: WebInfrastructureArgs, opts?: pulumi.ComponentResourceOptions) {
    super("web-infrastructure:index:WebInfrastructure", name, args, opts);
    const { topology } = args;
    const prefix = `${pulumi.getProject()}-${pulumi.getStack()}`;
    const labels = { [LABEL.stack]: pulumi.getStack() };

    const secrets = new Secrets(`${name}-secrets`, { topology }, { parent: this });
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
      { parent: this, deleteBeforeReplace: true },
    );

    const entry = machinesWith(topology, "load-balancer")[0];
    const containers: Record<string, pulumi.Output<string>> = {};
    let previous: DockerMachine | undefined;
    for (const machine of creationOrder(topology)) {
      const containerName = `${prefix}-${machine.name}`;
      previous = new DockerMachine(
        `${name}-${machine.name}`,
        {
          containerName,
          hostname: machine.name,
          roles: machine.roles,
          image: args.machineImage,
          userData: renderUserData(topology, machine, {
            packagesInstalled: true,
            documentRoot: args.application.documentRoot,
          }),
          secretFiles: secretNames(machine).map((secret) => ({
            path: `${SECRETS_DIRECTORY}/${secret}`,
            content: secrets.content(machine, secret),
          })),
          archive: servesApplication(machine)
            ? { path: APPLICATION_ARCHIVE, source: args.application.path, sha256: args.application.sha256 }
            : undefined,
          networkName: network.name,
          address: machine.address,
          publishedPorts: machine === entry ? publishedPorts(topology) : undefined,
          dataVolume: machine.roles.includes("database")
            ? { name: `${containerName}-data`, path: DATA_DIRECTORY }
            : undefined,
          size: machine.size,
          readiness: READINESS_COMMAND,
          labels,
        },
        // Only dependsOn between machines, never an Output: with one, a replacement would take all of them down at once.
        { parent: this, dependsOn: previous ? [previous] : [] },
      );
      containers[machine.name] = previous.containerName;
    }

    this.url = pulumi.output(`https://${topology.domain}`);
    this.certificateAuthority = secrets.certificateAuthority.certificate;
    this.entryAddresses = pulumi.output(machinesWith(topology, "load-balancer").map(({ address }) => address));
    const outputs = topology.machines.map(({ name: machine, address, roles }) => {
      const container = containers[machine] as pulumi.Output<string>;
      return [machine, { address, roles: [...roles] as string[], container }] as const;
    });
    this.machines = pulumi.output(Object.fromEntries(outputs));
    this.registerOutputs({
      url: this.url,
      certificateAuthority: this.certificateAuthority,
      entryAddresses: this.entryAddresses,
      machines: this.machines,
    });
  }
}

function servesApplication(machine: Machine): boolean {
  return machine.roles.includes("web") || machine.roles.includes("application");
}

function publishedPorts({ publishedPorts: ports }: Topology): { internal: number; external: number }[] {
  if (!ports) return [];
  return [
    { internal: 80, external: ports.http },
    { internal: 443, external: ports.https },
  ].filter(({ external }) => external > 0);
}
