import { getAmi } from "@pulumi/aws/ec2/getAmi";
import { getInstanceType } from "@pulumi/aws/ec2/getInstanceType";
import { getParameter } from "@pulumi/aws/ssm/getParameter";
import * as pulumi from "@pulumi/pulumi";
import { type AwsConfig, ConfigError, key } from "../../config";
import type { Machine, MachineSize, Role } from "../../topology";
import { ask } from "./ask";

/** What a machine is made of. */
export interface Hardware {
  readonly instanceType: string;
  /** Id of the image (AMI). */
  readonly image: string;
  readonly size: MachineSize;
}

/** Whose Debian images are: wiki.debian.org/Cloud/AmazonEC2Image/Trixie. */
const DEBIAN = "136693071363";

/** AWS's word for an architecture, and Debian's. */
const DEBIAN_NAME = { x86_64: "amd64", arm64: "arm64" } as const;
type Architecture = keyof typeof DEBIAN_NAME;

const setting = { x86_64: "image", arm64: "imageArm64" } as const;

/**
 * The hardware of each machine, by its name.
 * @throws ConfigError, with the key and what to do, where types, images and roles don't fit each other
 */
export async function lookUpHardware(
  config: AwsConfig,
  machines: readonly Pick<Machine, "name" | "roles" | "instanceType">[],
): Promise<Record<string, Hardware>> {
  const wanted = machines.map((machine) => ({ ...machine, ...typeOf(config, machine) }));
  const types = new Map<string, { architecture: Architecture; size: MachineSize }>();
  for (const { type, from } of wanted) {
    if (!types.has(type)) types.set(type, await lookUpType(type, from));
  }
  const architectures = new Map<Architecture, string>();
  for (const { name, roles, type, from } of wanted) {
    const { architecture } = types.get(type) as { architecture: Architecture };
    if (roles.includes("database") && architecture !== "x86_64") {
      throw new ConfigError(
        `${from} ${type} is arm64, but ${name} has a database, and Oracle makes no MySQL packages for Debian on arm64. ` +
          "Use an x86_64 type such as t3.small.",
      );
    }
    architectures.set(architecture, `${from} ${type}`);
  }
  const images = new Map<Architecture, string>();
  for (const [architecture, type] of architectures) {
    images.set(architecture, await checkImage(config, architecture, type));
  }
  return Object.fromEntries(
    wanted.map(({ name, type }) => {
      const { architecture, size } = types.get(type) as { architecture: Architecture; size: MachineSize };
      return [name, { instanceType: type, image: images.get(architecture) as string, size }];
    }),
  );
}

/** The type of a machine, and the setting that it comes from. */
function typeOf(
  { instanceType, instanceTypes }: AwsConfig,
  { name, roles, instanceType: own }: Pick<Machine, "name" | "roles" | "instanceType">,
): { type: string; from: string } {
  if (own) return { type: own, from: `${key("machines")} ${name}` };
  for (const [role, type] of Object.entries(instanceTypes)) {
    if (roles.includes(role as Role) && type) return { type, from: `${key("instanceTypes")} ${role}` };
  }
  return { type: instanceType, from: key("instanceType") };
}

async function lookUpType(
  instanceType: string,
  from: string,
): Promise<{ architecture: Architecture; size: MachineSize }> {
  const type = await ask(from, getInstanceType({ instanceType }));
  const architecture = (["x86_64", "arm64"] as const).find((each) => type.supportedArchitectures.includes(each));
  if (!architecture) throw new ConfigError(`${from} ${instanceType} is neither x86_64 nor arm64. Use t3.small.`);
  return { architecture, size: { memory: type.memorySize, cores: type.defaultVcpus } };
}

/** The image must be Debian's or one's own, and made for the instance type. */
async function checkImage(config: AwsConfig, architecture: Architecture, type: string): Promise<string> {
  const imageKey = key(setting[architecture]);
  const id = config[setting[architecture]];
  const name = `/aws/service/debian/release/13/latest/${DEBIAN_NAME[architecture]}`;
  if (id === undefined) {
    const { value } = await ask("aws:region", getParameter({ name }));
    throw new ConfigError(
      `${imageKey} is missing: machines are made from one image until you decide on another. The newest Debian 13 in ` +
        `${config.region} is taken by\n  pulumi config set ${imageKey} ${value} --stack ${pulumi.getStack()}`,
    );
  }
  const image = await ask(
    imageKey,
    getAmi({ owners: [DEBIAN, "self"], filters: [{ name: "image-id", values: [id] }] }),
  );
  if (image.architecture !== architecture) {
    throw new ConfigError(
      `${imageKey} ${id} is for ${image.architecture}, ${type} is ${architecture}. ` +
        `The newest Debian 13 for it is in the parameter ${name}.`,
    );
  }
  return id;
}
