import * as ebs from "@pulumi/aws/ebs";
import * as ec2 from "@pulumi/aws/ec2";
import * as iam from "@pulumi/aws/iam";
import * as ssm from "@pulumi/aws/ssm";
import * as pulumi from "@pulumi/pulumi";
import type { SecretFile, TargetMachine } from "../target";
import { policy, type Statement, TAG, tags, trust } from "./names";
import { Readiness } from "./readiness";

export interface AwsMachineArgs {
  /** Host name of the machine, such as `web-1`. */
  readonly hostname: string;
  /** Roles of the machine, for the tag that policies and people read. */
  readonly roles: readonly string[];
  readonly region: string;
  /** Profile of the aws provider. @default none */
  readonly profile?: string;
  /** Id of the image (AMI). */
  readonly image: pulumi.Input<string>;
  /** Such as `t3.small`. */
  readonly instanceType: pulumi.Input<string>;
  readonly subnetId: pulumi.Input<string>;
  /** Name of the subnet's availability zone. */
  readonly zone: pulumi.Input<string>;
  /** Fixed private IPv4 address in the subnet. */
  readonly address: pulumi.Input<string>;
  /** Fixed IPv6 address in the subnet. @default none */
  readonly ipv6Address?: pulumi.Input<string>;
  /** Gets a public address of its own, as its way out. */
  readonly isPublic: boolean;
  /** Private addresses that public ones of the site may lead to, and the allocations of these. @default none */
  readonly entry?: {
    readonly addresses: readonly pulumi.Input<string>[];
    readonly allocationIds: readonly pulumi.Input<string>[];
  };
  readonly securityGroupIds: readonly pulumi.Input<string>[];
  /** The cloud-init user-data, gzip in base64. Holds no secret. */
  readonly userDataBase64: pulumi.Input<string>;
  /** What the machine may do at AWS. */
  readonly permissions: readonly Statement[];
  /** Files with secrets; the machine reads them at its first boot. */
  readonly secretFiles: readonly SecretFile[];
  /** Path of the machine's parameters. */
  readonly parameters: string;
  /** Size of its own disk, in GiB. */
  readonly rootVolume: pulumi.Input<number>;
  /** Size of the volume that outlives the machine, in GiB. @default none */
  readonly dataVolume?: pulumi.Input<number>;
  /** Nobody terminates the machine or its data by accident. A planned replacement still works. */
  readonly isProtected: boolean;
}

/** Seconds a machine may take to its first readiness: packages are installed in that time. */
const READINESS_TIMEOUT = 1200;

/** An EC2 instance that boots a Debian image with cloud-init and reports when it is ready. */
export class AwsMachine extends pulumi.ComponentResource implements TargetMachine {
  readonly instanceId: pulumi.Output<string>;
  readonly details: TargetMachine["details"];

  constructor(
    private readonly name: string,
    private readonly args: AwsMachineArgs,
    opts?: pulumi.ComponentResourceOptions,
  ) {
    super("web-infrastructure:aws:Machine", name, withoutSecrets(args), opts);
    const { hostname, isProtected } = args;
    const child = { parent: this };
    const needs: pulumi.Resource[] = [];

    const profile = this.profile(needs);
    const secrets = this.secrets(needs);
    const report = new ssm.Parameter(
      `${name}-ready`,
      { name: `${args.parameters}/ready`, type: "String", value: "not made yet" },
      // the machine writes it
      { ...child, ignoreChanges: ["value"] },
    );
    needs.push(report);

    const volume =
      args.dataVolume !== undefined
        ? new ebs.Volume(
            `${name}-data`,
            {
              availabilityZone: args.zone,
              size: args.dataVolume,
              type: "gp3",
              encrypted: true,
              tags: tags(`${hostname}-data`, { [TAG.machine]: hostname, [TAG.snapshots]: pulumi.getStack() }),
            },
            // The data outlives the stack; protected, it also refuses what would replace it: another zone.
            { ...child, retainOnDelete: true, protect: isProtected },
          )
        : undefined;

    const instance = new ec2.Instance(
      `${name}-instance`,
      {
        ami: args.image,
        instanceType: args.instanceType,
        subnetId: args.subnetId,
        privateIp: args.address,
        secondaryPrivateIps: args.entry && [...args.entry.addresses],
        // The machine gets it by DHCPv6 (Amazon EC2 User Guide, "IPv6 addresses"): cloud-init asks for it where AWS says so.
        ipv6Addresses: args.ipv6Address === undefined ? undefined : [args.ipv6Address],
        associatePublicIpAddress: args.isPublic,
        vpcSecurityGroupIds: [...args.securityGroupIds],
        iamInstanceProfile: profile.name,
        userDataBase64: args.userDataBase64,
        userDataReplaceOnChange: true,
        // Amazon EC2 User Guide, "Configure the Instance Metadata Service options": sessions only, and none from containers
        metadataOptions: {
          httpEndpoint: "enabled",
          httpTokens: "required",
          httpPutResponseHopLimit: 1,
          instanceMetadataTags: "enabled",
        },
        rootBlockDevice: {
          volumeType: "gp3",
          volumeSize: args.rootVolume,
          encrypted: true,
          deleteOnTermination: true,
          tags: tags(hostname),
        },
        maintenanceOptions: { autoRecovery: "default" },
        disableApiTermination: isProtected,
        // lets a planned replacement lift the protection
        forceDestroy: isProtected,
        tags: tags(hostname, {
          [TAG.machine]: hostname,
          [TAG.roles]: args.roles.join(","),
          ...(volume ? { [TAG.dataVolume]: volume.id } : {}),
          ...(args.entry
            ? { [TAG.entryAddress]: pulumi.all([...args.entry.allocationIds]).apply((ids) => ids.join(" ")) }
            : {}),
        }),
      },
      {
        ...child,
        // The address is fixed, so the old machine has to go before the new one comes.
        deleteBeforeReplace: true,
        // What it reads at its first boot: another secret needs another machine.
        replacementTrigger: pulumi.all(secrets.map(({ version }) => version)),
        dependsOn: needs,
      },
    );
    if (args.entry) {
      // The machine's role may bring the site's address to an interface that says whose it is. Not an interface made
      // beforehand: to such a one AWS gives no public address of its own (Amazon EC2 User Guide, "Assign a public IPv4
      // address at launch"), which would cost one more Elastic IP for each load balancer.
      for (const [suffix, key, value] of [
        ["stack", TAG.stack, pulumi.getStack()],
        ["machine", TAG.machine, hostname],
      ] as const) {
        new ec2.Tag(
          `${name}-interface-${suffix}`,
          { resourceId: instance.primaryNetworkInterfaceId, key, value },
          child,
        );
      }
    }
    const attached = volume
      ? [
          new ec2.VolumeAttachment(
            `${name}-data`,
            {
              instanceId: instance.id,
              volumeId: volume.id,
              // Nitro instances go by the volume's id; a name is asked for all the same
              deviceName: "/dev/sdf",
              // a volume that is in use is not torn away
              stopInstanceBeforeDetaching: true,
            },
            { ...child, deleteBeforeReplace: true },
          ),
        ]
      : [];
    new Readiness(
      `${name}-readiness`,
      {
        instanceId: instance.id,
        parameter: report.name,
        region: args.region,
        ...(args.profile ? { profile: args.profile } : {}),
        timeout: READINESS_TIMEOUT,
      },
      { ...child, dependsOn: attached },
    );

    this.instanceId = instance.id;
    this.details = {
      instance: instance.id,
      session: pulumi.interpolate`aws ssm start-session --region ${args.region} --target ${instance.id}`,
    };
    this.registerOutputs({ instanceId: this.instanceId });
  }

  private profile(needs: pulumi.Resource[]): iam.InstanceProfile {
    const { hostname, permissions } = this.args;
    const child = { parent: this };
    const role = new iam.Role(
      `${this.name}-role`,
      { assumeRolePolicy: trust("ec2.amazonaws.com"), tags: tags(hostname) },
      child,
    );
    needs.push(new iam.RolePolicy(`${this.name}-role`, { role: role.id, policy: policy([...permissions]) }, child));
    return new iam.InstanceProfile(`${this.name}-profile`, { role: role.name, tags: tags(hostname) }, child);
  }

  private secrets(needs: pulumi.Resource[]): ssm.Parameter[] {
    return this.args.secretFiles.map(({ path, content }) => {
      const file = path.slice(path.lastIndexOf("/") + 1);
      const parameter = new ssm.Parameter(
        `${this.name}-secret-${file}`,
        {
          name: `${this.args.parameters}/secrets/${file}`,
          type: "SecureString",
          // larger than 4 KiB only when it has to be: that costs
          tier: "Intelligent-Tiering",
          value: pulumi.secret(content),
        },
        { parent: this },
      );
      needs.push(parameter);
      return parameter;
    });
  }
}

/** A component's inputs are shown to policies, which see secrets in clear: they get the paths only. */
function withoutSecrets(args: AwsMachineArgs): pulumi.Inputs {
  return { ...args, secretFiles: args.secretFiles.map(({ path }) => path) };
}
