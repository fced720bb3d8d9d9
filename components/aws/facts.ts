import { getAmi } from "@pulumi/aws/ec2/getAmi";
import { getEips } from "@pulumi/aws/ec2/getEips";
import { getInstanceType } from "@pulumi/aws/ec2/getInstanceType";
import { getAvailabilityZones } from "@pulumi/aws/getAvailabilityZones";
import { getCallerIdentity } from "@pulumi/aws/getCallerIdentity";
import { getZone } from "@pulumi/aws/route53/getZone";
import { getServiceQuota } from "@pulumi/aws/servicequotas/getServiceQuota";
import { getParameter } from "@pulumi/aws/ssm/getParameter";
import * as pulumi from "@pulumi/pulumi";
import { type AwsConfig, ConfigError, key } from "../../config";
import { type Machine, type MachineSize, machinesWith, type Topology } from "../../topology";
import { TAG } from "./names";

/** What has to be known of AWS before anything is planned. */
export interface AwsFacts {
  readonly account: string;
  /** `aws`, or another part of AWS such as `aws-cn`. */
  readonly partition: string;
  /** Names of as many availability zones as the stack uses. */
  readonly zones: readonly string[];
  /** Of an instance type, or of the configured one. */
  readonly sizeOf: (instanceType?: string) => MachineSize;
  readonly hostedZoneId?: string;
}

/** Whose Debian images are: wiki.debian.org/Cloud/AmazonEC2Image/Trixie. */
const DEBIAN = "136693071363";

/** "EC2-VPC Elastic IPs" (Amazon EC2 User Guide, "Elastic IP address quota"). */
const ELASTIC_IP_QUOTA = { serviceCode: "ec2", quotaCode: "L-0263D0A3" };

/**
 * Looks up what the plan depends on.
 * @param config the stack's settings
 * @param outline the machines, whose sizes aren't known yet
 * @param addresses how many Elastic IPs the stack takes in all
 * @throws ConfigError, with the key and what to do, where a setting doesn't fit what AWS has
 */
export async function lookUp(config: AwsConfig, outline: Topology, addresses: number): Promise<AwsFacts> {
  const typeOf = (machine: Machine) => machine.instanceType ?? config.instanceType;
  const wanted = [...new Set(outline.machines.map(typeOf))];
  const [identity, zones, types] = await Promise.all([
    ask("aws:region", getCallerIdentity({})),
    // local and wavelength zones have to be opted in to, and lack most services
    ask(
      "aws:region",
      getAvailabilityZones({
        state: "available",
        filters: [{ name: "opt-in-status", values: ["opt-in-not-required"] }],
      }),
    ),
    Promise.all(wanted.map((instanceType) => ask(key("instanceType"), getInstanceType({ instanceType })))),
  ]);
  if (zones.names.length < config.zones) {
    throw new ConfigError(
      `${config.region} has ${zones.names.length} availability zones, fewer than ${config.zones}. ` +
        `Set ${key("zones")} to ${zones.names.length}, or aws:region to another region.`,
    );
  }
  const [hostedZoneId] = await Promise.all([
    hostedZone(config),
    ...types.map(({ instanceType, supportedArchitectures }) =>
      checkImage(
        { ...config, instanceType },
        supportedArchitectures,
        machinesWith(outline, "database").some((machine) => typeOf(machine) === instanceType),
      ),
    ),
    checkQuota(config, addresses),
  ]);
  return {
    account: identity.accountId,
    partition: identity.arn.split(":")[1] ?? "aws",
    zones: [...zones.names].sort().slice(0, config.zones),
    sizeOf: (instanceType = config.instanceType) => {
      const type = types.find((each) => each.instanceType === instanceType);
      if (!type) throw new Error(`${instanceType} was not looked up`);
      return { memory: type.memorySize, cores: type.defaultVcpus };
    },
    ...(hostedZoneId === undefined ? {} : { hostedZoneId }),
  };
}

/** The image must be Debian's or one's own, and made for the instance type of some machines. */
async function checkImage(config: AwsConfig, architectures: string[], hasDatabase: boolean): Promise<void> {
  const architecture = architectures.includes("x86_64") ? "x86_64" : "arm64";
  if (!architectures.includes(architecture)) {
    throw new ConfigError(`${key("instanceType")} ${config.instanceType} is neither x86_64 nor arm64. Use t3.small.`);
  }
  if (hasDatabase && architecture !== "x86_64") {
    throw new ConfigError(
      `${key("instanceType")} ${config.instanceType} is arm64, but Oracle makes no MySQL packages for Debian on arm64. ` +
        "Use an x86_64 type such as t3.small.",
    );
  }
  const name = `/aws/service/debian/release/13/latest/${architecture === "x86_64" ? "amd64" : "arm64"}`;
  if (config.image === undefined) {
    const { value } = await ask("aws:region", getParameter({ name }));
    throw new ConfigError(
      `${key("image")} is missing: machines are made from one image until you decide on another. The newest Debian 13 in ` +
        `${config.region} is taken by\n  pulumi config set ${key("image")} ${value} --stack ${pulumi.getStack()}`,
    );
  }
  const image = await ask(
    key("image"),
    getAmi({ owners: [DEBIAN, "self"], filters: [{ name: "image-id", values: [config.image] }] }),
  );
  if (image.architecture !== architecture) {
    throw new ConfigError(
      `${key("image")} ${config.image} is for ${image.architecture}, ${key("instanceType")} ${config.instanceType} is ` +
        `${architecture}. The newest Debian 13 for it is in the parameter ${name}.`,
    );
  }
}

async function hostedZone({ hostedZone: name, domain }: AwsConfig): Promise<string | undefined> {
  if (name === undefined) return undefined;
  const zone = await ask(key("hostedZone"), getZone({ name }));
  const end = zone.name.replace(/\.$/, "");
  if (domain !== end && !domain.endsWith(`.${end}`)) {
    throw new ConfigError(
      `${key("domain")} ${domain} is no name in ${key("hostedZone")} ${name}. Correct one of them.`,
    );
  }
  return zone.zoneId;
}

async function checkQuota({ region }: AwsConfig, wanted: number): Promise<void> {
  const stack = { name: `tag:${TAG.stack}`, values: [pulumi.getStack()] };
  const [quota, all, own] = await Promise.all([
    ask("aws:region", getServiceQuota(ELASTIC_IP_QUOTA)),
    ask("aws:region", getEips({})),
    ask("aws:region", getEips({ filters: [stack] })),
  ]);
  const others = all.allocationIds.length - own.allocationIds.length;
  if (others + wanted > quota.value) {
    throw new ConfigError(
      `The stack takes ${wanted} Elastic IPs, others in ${region} take ${others}, and the account may have ${quota.value}. ` +
        `Set ${key("nat")} to single, release one, or ask AWS for more (Service Quotas, ${ELASTIC_IP_QUOTA.quotaCode}).`,
    );
  }
}

/** AWS's answer, or an error that names the setting it is about. */
async function ask<T>(setting: string, answer: Promise<T>): Promise<T> {
  try {
    return await answer;
  } catch (error) {
    const reason = error instanceof Error ? error.message.split("\n", 1)[0] : String(error);
    throw new ConfigError(`AWS can't answer what ${setting} asks: ${reason}`);
  }
}
