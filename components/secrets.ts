import * as pulumi from "@pulumi/pulumi";
import * as random from "@pulumi/random";
import type { AlertSecrets } from "../alerts";
import type { SecretName } from "../cloud-init";
import type { Machine, Topology } from "../topology";
import { entryAddresses, machinesWith } from "../topology";
import { AcmeAccount } from "./acme-account";
import { CertificateAuthority } from "./certificates";
import type { SiteCertificate } from "./site-certificate";

export interface SecretsArgs {
  readonly topology: Topology;
  /** @default issued by the stack's own authority */
  readonly siteCertificate?: SiteCertificate;
  /** Authorities of a private ACME directory, in PEM format. @default public ones are all that is needed */
  readonly directoryAuthorities?: string;
  /** Opens the backups. @default generated */
  readonly backupPassword?: pulumi.Input<string>;
  /** What only the person who set the stack up knows. @default alerts need no secret */
  readonly alertSecrets?: AlertSecrets;
}

/** All secrets of a stack: generated, kept in its state, delivered as files to the machines that need them. */
export class Secrets extends pulumi.ComponentResource {
  readonly certificateAuthority: CertificateAuthority;
  /** What clients of the site trust, in PEM format. */
  readonly siteAuthority: pulumi.Output<string>;
  readonly backupPassword: pulumi.Output<string>;
  private readonly values = new Map<SecretName, pulumi.Output<string>>();
  private readonly machineCertificates = new Map<
    string,
    { certificate: pulumi.Output<string>; key: pulumi.Output<string> }
  >();

  constructor(name: string, args: SecretsArgs, opts?: pulumi.ComponentResourceOptions) {
    const { topology, siteCertificate, directoryAuthorities = "", alertSecrets = {} } = args;
    // a component's inputs are shown
    super("web-infrastructure:index:Secrets", name, { topology }, opts);

    this.certificateAuthority = new CertificateAuthority(
      `${name}-authority`,
      { organization: `web-infrastructure ${pulumi.getStack()}`.slice(0, 50) },
      { parent: this },
    );
    this.values.set("ca.pem", this.certificateAuthority.certificate);

    const site = siteCertificate ?? this.issueSiteCertificate(name, topology);
    // with ACME the stack's own authority stands in until the first certificate is there
    this.siteAuthority = pulumi.interpolate`${site.authority}${directoryAuthorities}`;
    this.values.set("site.pem", pulumi.secret(pulumi.interpolate`${site.certificate}${site.key}`));
    this.values.set("site-ca.pem", this.siteAuthority);
    if (topology.acme) {
      const account = new AcmeAccount(`${name}-acme`, topology.acme, { parent: this });
      this.values.set("acme-account.key", account.key);
      this.values.set("acme-thumbprint", account.thumbprint);
    }

    for (const machine of topology.machines) {
      // 127.0.0.1: applications reach every database through the endpoints on their own machine.
      const addresses = [machine.address, "127.0.0.1"];
      this.machineCertificates.set(
        machine.name,
        this.certificateAuthority.issue(`${name}-${machine.name}`, "machine", [machine.name], addresses, this),
      );
    }

    const passwords = [
      "database-application-password",
      "database-migration-password",
      "database-replication-password",
    ] as const;
    for (const password of passwords) {
      // 32 characters of 62: 190 bits. No special characters, so that no file format on the way has to quote it.
      const options = { length: 32, special: false };
      this.values.set(password, new random.RandomPassword(`${name}-${password}`, options, { parent: this }).result);
    }
    this.backupPassword = pulumi.secret(
      args.backupPassword ??
        new random.RandomPassword(`${name}-backup-password`, { length: 32, special: false }, { parent: this }).result,
    );
    this.values.set("backup-password", this.backupPassword);
    for (const [secret, value] of Object.entries(alertSecrets) as [SecretName, string][]) {
      this.values.set(secret, pulumi.secret(value));
    }
    const sessionKey = new random.RandomBytes(`${name}-session-key`, { length: 32 }, { parent: this });
    this.values.set("session-key", sessionKey.hex);
    this.registerOutputs({});
  }

  private issueSiteCertificate(name: string, topology: Topology) {
    const balancers = machinesWith(topology, "load-balancer").map(({ address }) => address);
    const issued = this.certificateAuthority.issue(
      `${name}-site`,
      "site",
      [topology.domain, "localhost"],
      [...new Set([...entryAddresses(topology), ...balancers]), "127.0.0.1"],
      this,
    );
    return { ...issued, authority: this.certificateAuthority.certificate };
  }

  /** The content of one secret file of one machine, as a secret. */
  content(machine: Machine, secret: SecretName): pulumi.Output<string> {
    const own = this.machineCertificates.get(machine.name);
    const value =
      secret === "machine.pem" ? own?.certificate : secret === "machine.key" ? own?.key : this.values.get(secret);
    if (!value)
      throw new Error(`There is no secret ${secret} for ${machine.name}: cloud-init asks for one nobody makes.`);
    return pulumi.secret(value);
  }
}
