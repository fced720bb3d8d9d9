import type { Resource } from "./resource";
import { readUserData, type TextFile, type UserData } from "./user-data";
import { hasUnknown, list, record, text, UNKNOWN, type Value } from "./values";

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
  /** Directories of a container whose content the host provides, so that nobody can read it here. */
  readonly mounted: readonly string[];
  /** Name of a container's image, where it is known. */
  readonly image: string | undefined;
  readonly ancestors: readonly string[];
}

/** A port of a container that the host passes on. */
export interface PublishedPort {
  readonly internal: number | typeof UNKNOWN;
  /** Port of the host; undefined when Docker picks one, or it isn't known yet. */
  readonly external: number | undefined;
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
  const mounted = mountedDirectories(properties);
  return {
    name: nameOf(label(NAME_LABEL), name),
    urn,
    kind: "container",
    roles: rolesOf(label(ROLES_LABEL), hasUnknown(labels)),
    // Read when asked for: most rules about stacks need only the labels.
    get userData() {
      if (seed) return userDataOf(seedText);
      if (mounted.some((path) => SEED.startsWith(`${path}/`) || path === SEED)) return MOUNTED_USER_DATA;
      return maybeSeed ? UNKNOWN : undefined;
    },
    uploads: uploads.flatMap((upload) => {
      const [path, content] = [text(upload.file), text(uploadText(upload))];
      return upload === seed || path === undefined || content === undefined ? [] : [{ path, content }];
    }),
    hasPublicAddress: false,
    ports: list(properties.ports).map(record).map(readPort),
    mounted,
    image: text(properties.image),
    ancestors,
  };
}

const MOUNTED_USER_DATA: UserData = {
  rest: "",
  files: [],
  scripts: [],
  packages: [],
  problems: ["the user-data is mounted from the host, which this pack can't read"],
};

/** Where volumes and bind mounts come in; a tmpfs brings nothing. */
function mountedDirectories({ volumes, mounts }: Resource["properties"]): string[] {
  const bound = list(volumes).map((volume) => record(volume).containerPath);
  const attached = list(mounts)
    .map(record)
    .filter(({ type }) => type !== "tmpfs")
    .map(({ target }) => target);
  return [...bound, ...attached].flatMap((path: Value) => text(path)?.replace(/\/+$/, "") || []);
}

function uploadText({ content, contentBase64, source }: Record<string, Value>): Value {
  if (text(content)) return content;
  if (typeof contentBase64 === "string" && contentBase64) return Buffer.from(contentBase64, "base64").toString("utf8");
  // A file of the host isn't among the properties: what is in it can't be known here.
  return [content, contentBase64].includes(UNKNOWN) || source ? UNKNOWN : content;
}

function readPort({ internal, external, ip }: Record<string, Value>): PublishedPort {
  const outside = text(external);
  return {
    internal: internal === UNKNOWN ? UNKNOWN : Number(internal),
    external: outside === undefined ? undefined : Number(outside),
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
    mounted: [],
    image: undefined,
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

/** What tags of any resource say about the roles of the machines it is for; undefined when they say nothing. */
export function rolesOfTags(tags: Value): Machine["roles"] {
  return rolesOf(tags === UNKNOWN ? UNKNOWN : record(tags)[ROLES_LABEL], tags === UNKNOWN);
}

/** All files the pack can read on a machine: written at first boot, or put there. */
export function filesOf(machine: Machine): readonly TextFile[] {
  const written = machine.userData === undefined || machine.userData === UNKNOWN ? [] : machine.userData.files;
  return [...machine.uploads, ...written];
}
