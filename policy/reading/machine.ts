import type { Resource } from "../rule";
import { readUserData, type TextFile, type UserData } from "./user-data";
import { hasUnknown, isRecord, list, record, text, UNKNOWN, type Value } from "./values";

/** The label or tag that says what a machine does, such as `web,application,database`. */
export const ROLES_LABEL = "web-infrastructure.roles";
const NAME_LABEL = "web-infrastructure.machine";
const SEED = "/var/lib/cloud/seed/nocloud/user-data";

/** A container, an instance, or the template of instances. */
export interface Machine {
  /** The name a person knows it by. */
  readonly name: string;
  readonly urn: string;
  readonly kind: "container" | "instance" | "template";
  /** What it does, when a label says so; `UNKNOWN` when the labels can't be known yet. */
  readonly roles: readonly string[] | undefined | typeof UNKNOWN;
  /** What it is told at first boot; undefined when it is told nothing, `UNKNOWN` when that can't be known yet. */
  readonly userData: UserData | undefined | typeof UNKNOWN;
  /** Files put on it beside the user-data: uploads of a container. */
  readonly uploads: readonly TextFile[];
  /** Whether it gets a public address of its own, as far as its properties say. */
  readonly hasPublicAddress: boolean;
  readonly ports: readonly PublishedPort[];
  readonly ancestors: readonly string[];
}

/** A port of a container that the host passes on. */
export interface PublishedPort {
  readonly internal: number | typeof UNKNOWN;
  /** Address of the host; empty for all of them. */
  readonly address: string | typeof UNKNOWN;
}

const INSTANCES = new Set([
  "aws:ec2/instance:Instance",
  "aws:ec2/spotInstanceRequest:SpotInstanceRequest",
  "aws:ec2/launchConfiguration:LaunchConfiguration",
  "aws:ec2/launchTemplate:LaunchTemplate",
]);
const TEMPLATES = /launch(?:Configuration|Template)/;

/** Reads a resource as a machine; undefined when it is something else. */
export function readMachine(resource: Resource): Machine | undefined {
  if (resource.type === "docker:index/container:Container") return readContainer(resource);
  return INSTANCES.has(resource.type) ? readInstance(resource) : undefined;
}

/** Whether its label says that a machine has this role; undefined when no label says anything, or it isn't known yet. */
export function hasRole(machine: Machine, role: string): boolean | undefined {
  return machine.roles === undefined || machine.roles === UNKNOWN ? undefined : machine.roles.includes(role);
}

function readContainer({ properties, urn, name, ancestors }: Resource): Machine {
  const labels = properties.labels;
  const label = (wanted: string): Value =>
    labels === UNKNOWN
      ? UNKNOWN
      : list(labels)
          .map(record)
          .find((entry) => entry.label === wanted)?.value;
  const uploads = list(properties.uploads).map(record);
  const seed = uploads.find(({ file }) => file === SEED);
  const maybeSeed =
    properties.uploads === UNKNOWN ||
    list(properties.uploads).includes(UNKNOWN) ||
    uploads.some(({ file }) => file === UNKNOWN);
  const seedText = seed && uploadText(seed);
  return {
    name: nameOf(label(NAME_LABEL), name),
    urn,
    kind: "container",
    roles: rolesOf(label(ROLES_LABEL), hasUnknown(labels)),
    // Read when asked for: most rules about stacks need only the labels.
    get userData() {
      if (seed) return userDataOf(seedText);
      return maybeSeed ? UNKNOWN : undefined;
    },
    uploads: uploads.flatMap((upload) => {
      const [path, content] = [text(upload.file), text(uploadText(upload))];
      return upload === seed || path === undefined || content === undefined ? [] : [{ path, content }];
    }),
    hasPublicAddress: false,
    ports: list(properties.ports).map(record).map(readPort),
    ancestors,
  };
}

function uploadText({ content, contentBase64, source }: Record<string, Value>): Value {
  if (text(content)) return content;
  if (typeof contentBase64 === "string" && contentBase64) return Buffer.from(contentBase64, "base64").toString("utf8");
  // A file of the host isn't among the properties: what is in it can't be known here.
  return [content, contentBase64].includes(UNKNOWN) || source ? UNKNOWN : content;
}

function readPort({ internal, ip }: Record<string, Value>): PublishedPort {
  return {
    internal: internal === UNKNOWN ? UNKNOWN : Number(internal),
    address: ip === UNKNOWN ? UNKNOWN : (text(ip) ?? ""),
  };
}

function readInstance({ type, properties, urn, name, ancestors }: Resource): Machine {
  const template = TEMPLATES.test(type);
  const own = list(properties.tagSpecifications)
    .map(record)
    .find(({ resourceType }) => resourceType === "instance")?.tags;
  const tags = own === undefined ? properties.tags : own;
  const tag = (key: string): Value => (tags === UNKNOWN ? UNKNOWN : record(tags)[key]);
  const plain = properties.userData;
  const given = plain === undefined || plain === null || plain === "" ? properties.userDataBase64 : plain;
  const interfaces = list(properties.networkInterfaces).map(record);
  return {
    name: nameOf(tag(NAME_LABEL) ?? tag("Name"), name),
    urn,
    kind: template ? "template" : "instance",
    roles: rolesOf(tag(ROLES_LABEL), tags === UNKNOWN),
    get userData() {
      return userDataOf(given);
    },
    uploads: [],
    hasPublicAddress: [properties, ...interfaces].some(
      ({ associatePublicIpAddress: wanted }) => wanted === true || wanted === "true",
    ),
    ports: [],
    ancestors,
  };
}

function nameOf(label: Value, fallback: string): string {
  return text(label) || fallback;
}

function rolesOf(label: Value, uncertain: boolean): Machine["roles"] {
  if (label === UNKNOWN || (label === undefined && uncertain)) return UNKNOWN;
  return text(label)
    ?.split(/[\s,]+/)
    .filter(Boolean);
}

function userDataOf(given: Value): Machine["userData"] {
  if (given === UNKNOWN) return UNKNOWN;
  const value = text(given);
  // Older states keep only the SHA-1 of an instance's user-data.
  if (value && /^[0-9a-f]{40}$/.test(value)) return UNKNOWN;
  return value ? readUserData(value) : undefined;
}

/** All files the pack can read on a machine: written at first boot, or put there. */
export function filesOf(machine: Machine): readonly TextFile[] {
  const written = machine.userData === undefined || machine.userData === UNKNOWN ? [] : machine.userData.files;
  return [...machine.uploads, ...written];
}

/**
 * The machines that a component is given as a list with roles, such as `{ topology: { machines: [{ name, roles }] } }`:
 * known from its inputs before any of them exists. Undefined when no such list is among them.
 */
export function plannedMachines(properties: Value, depth = 3): { name: string; roles: string[] }[] | undefined {
  if (depth === 0 || properties === UNKNOWN) return undefined;
  if (Array.isArray(properties)) {
    const machines = properties.map(record);
    const planned = machines.length > 0 && machines.every(({ roles }) => Array.isArray(roles) && !hasUnknown(roles));
    if (!planned) return undefined;
    return machines.map(({ name, roles }, index) => ({
      name: text(name) ?? `machine ${index + 1}`,
      roles: list(roles).flatMap((role) => text(role) ?? []),
    }));
  }
  if (!isRecord(properties)) return undefined;
  for (const value of Object.values(properties)) {
    const found = plannedMachines(value, depth - 1);
    if (found) return found;
  }
  return undefined;
}
