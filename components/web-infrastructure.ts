import * as pulumi from "@pulumi/pulumi";
import type { AlertSecrets } from "../alerts";
import { DATA_DIRECTORY, READINESS_COMMAND, SECRETS_DIRECTORY, secretNames, servesApplication } from "../cloud-init";
import { creationOrder, type Machine, publishedMachine, type Topology } from "../topology";
import type { ApplicationArchive } from "./application-archive";
import { Secrets } from "./secrets";
import type { SiteCertificate } from "./site-certificate";
import type { Target, TargetMachine } from "./target";

export interface MachineOutputs {
  readonly address: string;
  readonly roles: string[];
  /** What the target adds, such as the name of the machine's container. */
  readonly [detail: string]: string | string[];
}

export interface WebInfrastructureArgs {
  /** The machines and what each does, from `planTopology`. */
  readonly topology: Topology;
  /** The application that the web servers serve, from `packApplication`. */
  readonly application: ApplicationArchive;
  /** The certificate of the site. @default issued by the stack's own authority */
  readonly siteCertificate?: SiteCertificate;
  /** Authorities of a private ACME directory, in PEM format. @default public ones are all that is needed */
  readonly directoryAuthorities?: string;
  /** Where the machines run. */
  readonly target: Target;
  /** Opens the backups of the databases. @default generated */
  readonly backupPassword?: pulumi.Input<string>;
  /** Passwords and secret addresses of those who get alerts. @default none */
  readonly alertSecrets?: AlertSecrets;
}

/** A website on machines of its own: load balancing, web and application servers, database, all behind HTTPS. */
export class WebInfrastructure extends pulumi.ComponentResource {
  /** The address of the site, such as `https://www.foobar.com`. */
  readonly url: pulumi.Output<string>;
  /** What a client of the site has to trust, in PEM format: the stack's CA, or that of a certificate of yours. */
  readonly certificateAuthority: pulumi.Output<string>;
  /** Addresses of the load balancers, which serve the site. */
  readonly entryAddresses: pulumi.Output<string[]>;
  /** Opens the backups; without it they are lost. */
  readonly backupPassword: pulumi.Output<string>;
  /** The machines by name. */
  readonly machines: pulumi.Output<Record<string, MachineOutputs>>;

  constructor(name: string, args: WebInfrastructureArgs, opts?: pulumi.ComponentResourceOptions) {
    // keys, passwords and secret addresses are nothing for policies to see
    const { target, siteCertificate, directoryAuthorities, backupPassword, alertSecrets, ...inputs } = args;
    super("web-infrastructure:index:WebInfrastructure", name, { ...inputs, ...target.inputs }, opts);
    const { topology, application } = args;

    const secrets = new Secrets(
      `${name}-secrets`,
      { topology, siteCertificate, directoryAuthorities, backupPassword, alertSecrets },
      { parent: this },
    );
    const network = target.createNetwork(name, { topology, application }, this);

    const published = publishedMachine(topology);
    const made = new Map<string, TargetMachine>();
    let previous: TargetMachine | undefined;
    for (const machine of creationOrder(topology)) {
      previous = network.createMachine(
        `${name}-${machine.name}`,
        {
          machine,
          secretFiles: secretNames(topology, machine).map((secret) => ({
            path: `${SECRETS_DIRECTORY}/${secret}`,
            content: secrets.content(machine, secret),
          })),
          servesApplication: servesApplication(machine),
          publishedPorts: machine === published ? publishedPorts(topology) : undefined,
          dataDirectory: machine.roles.includes("database") ? DATA_DIRECTORY : undefined,
          readiness: READINESS_COMMAND,
        },
        // Only dependsOn between machines, never an Output: with one, a replacement would take all of them down at once.
        { parent: this, dependsOn: previous && target.inService ? [previous] : [] },
      );
      made.set(machine.name, previous);
    }
    network.finish?.();

    this.backupPassword = secrets.backupPassword;
    this.url = pulumi.output(`https://${topology.domain}`);
    this.certificateAuthority = secrets.siteAuthority;
    this.entryAddresses = pulumi.output(network.entryAddresses);
    this.machines = pulumi
      .all(topology.machines.map((machine) => pulumi.output({ ...made.get(machine.name)?.details })))
      .apply((details) => Object.fromEntries(topology.machines.map((machine, i) => outputs(machine, details[i]))));
    this.registerOutputs({
      url: this.url,
      certificateAuthority: this.certificateAuthority,
      entryAddresses: this.entryAddresses,
      machines: this.machines,
    });
  }
}

function outputs({ name, address, roles }: Machine, details?: Record<string, string>): [string, MachineOutputs] {
  return [name, { address, roles: [...roles], ...details }];
}

function publishedPorts({ publishedPorts: ports }: Topology): { internal: number; external: number }[] {
  if (!ports) return [];
  return [
    { internal: 80, external: ports.http },
    { internal: 443, external: ports.https },
  ].filter(({ external }) => external > 0);
}
