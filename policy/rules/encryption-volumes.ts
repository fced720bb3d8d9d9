import { items, record, text, UNKNOWN, type Value } from "../reading/values";
import { type Report, type Resource, resourceRule } from "../rule";
import { setting, yesOrNo } from "../settings";

const BY_DEFAULT = yesOrNo("the account encrypts every new EBS volume by itself", false);
const REMEDY = "Set `encrypted: true` there; for the root volume in `rootBlockDevice`.";

/** Where each kind of machine describes its volumes. */
const MACHINES: Record<string, readonly string[]> = {
  "aws:ec2/instance:Instance": ["rootBlockDevice", "ebsBlockDevices"],
  "aws:ec2/spotInstanceRequest:SpotInstanceRequest": ["rootBlockDevice", "ebsBlockDevices"],
  "aws:ec2/launchConfiguration:LaunchConfiguration": ["rootBlockDevice", "ebsBlockDevices"],
  "aws:ec2/launchTemplate:LaunchTemplate": ["blockDeviceMappings"],
};
const VOLUME = "aws:ebs/volume:Volume";

export const encryptionVolumes = resourceRule(
  {
    name: "encryption-volumes",
    displayName: "Volumes are encrypted",
    description: "Every EBS volume is encrypted, the root volume of each machine included: unless said, it isn't.",
    severity: "high",
    enforcementLevel: "mandatory",
    tags: ["ec2", "ebs", "encryption"],
    framework: {
      name: "AWS Foundational Security Best Practices",
      version: "1.0.0",
      reference: "EC2.3",
      specification: "Attached EBS volumes should be encrypted at-rest",
    },
    remediationSteps: `${REMEDY} A volume that exists is replaced by this: copy its data first.`,
    settings: { encryptedByDefault: BY_DEFAULT },
  },
  (resource, report, { encryptedByDefault }) => {
    const assumed = setting<boolean>(BY_DEFAULT, encryptedByDefault);
    for (const { what, encrypted } of volumesOf(resource)) judge(resource.name, what, encrypted, assumed, report);
  },
  (resource, inputs, { encryptedByDefault }) => {
    const assumed = setting<boolean>(BY_DEFAULT, encryptedByDefault);
    const clear = volumesOf(resource).filter(({ encrypted }) => isClear(encrypted, assumed));
    for (const { put } of clear) put(inputs);
    return clear.length > 0;
  },
);

interface Volume {
  /** What a person calls it. */
  readonly what: string;
  readonly encrypted: Value;
  /** Encrypts it in the inputs of its resource. */
  readonly put: (inputs: Inputs) => void;
}

/** The inputs of a resource, to be changed. */
// biome-ignore lint/suspicious/noExplicitAny: what a program gives a resource has any shape
type Inputs = Record<string, any>;

function judge(name: string, what: string, encrypted: Value, assumed: boolean, report: Report): void {
  if (encrypted === UNKNOWN) report.undecided(`whether ${what} of ${name} is encrypted: that isn't known yet.`);
  else if (isClear(encrypted, assumed)) {
    report.violation(
      `${name} keeps ${what} unencrypted, so whoever gets hold of it or of a snapshot reads it.`,
      REMEDY,
    );
  }
}

function isClear(encrypted: Value, assumed: boolean): boolean {
  if (encrypted === undefined || encrypted === null) return !assumed;
  return encrypted !== UNKNOWN && encrypted !== true && text(encrypted)?.toLowerCase() !== "true";
}

function volumesOf(resource: Resource): Volume[] {
  const { type } = resource;
  if (type === VOLUME) {
    return [
      {
        what: "its data",
        encrypted: resource.properties.encrypted,
        put: (inputs) => Object.assign(inputs, { encrypted: true }),
      },
    ];
  }
  const keys = Object.hasOwn(MACHINES, type) ? (MACHINES[type] ?? []) : [];
  if (keys.length === 0) return [];
  const { properties } = resource;
  const found = keys.flatMap((key): Volume[] => {
    const given = properties[key];
    if (given === UNKNOWN) return [{ what: "its volumes", encrypted: UNKNOWN, put: () => undefined }];
    return items(given).flatMap((device, index) => readDevice(key, device, index, Array.isArray(given)));
  });
  // An instance of a template takes the template's volumes.
  const templated = properties.launchTemplate !== undefined && properties.launchTemplate !== null;
  return !templated && !hasRoot(properties) ? [...found, missingRoot(type)] : found;
}

function readDevice(key: string, given: Value, index: number, inList: boolean): Volume[] {
  if (given === UNKNOWN) return [{ what: "a volume", encrypted: UNKNOWN, put: () => undefined }];
  const device = record(given);
  const name = text(device.deviceName) ?? (key === "rootBlockDevice" ? "its root volume" : `volume ${index + 1}`);
  const mapped = key === "blockDeviceMappings";
  // Mappings without `ebs` are about instance storage, or take a device away.
  if (mapped && (device.ebs === undefined || device.ebs === null)) return [];
  const encrypted = mapped ? (device.ebs === UNKNOWN ? UNKNOWN : record(device.ebs).encrypted) : device.encrypted;
  const put = (inputs: Inputs): void => {
    const target = inList ? inputs[key][index] : inputs[key];
    Object.assign(mapped ? target.ebs : target, { encrypted: mapped ? "true" : true });
  };
  return [{ what: name, encrypted, put }];
}

function hasRoot({ rootBlockDevice, blockDeviceMappings }: Resource["properties"]): boolean {
  return [...items(rootBlockDevice), ...items(blockDeviceMappings)].length > 0;
}

function missingRoot(type: string): Volume {
  const isTemplate = type === "aws:ec2/launchTemplate:LaunchTemplate";
  return {
    what: "its root volume",
    encrypted: undefined,
    // The name of a template's root device depends on its image, so only a person can write the mapping.
    put: (inputs) => {
      if (!isTemplate) inputs.rootBlockDevice = { encrypted: true };
    },
  };
}
