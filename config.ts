import { z } from "zod";
import { alertSettings, awsAlertSettings, incompleteAlerts } from "./alerts";
import { certificateSettings, checkCertificate } from "./config-certificate";
import {
  CORES,
  checkMachines,
  INSTANCE_TYPE,
  listed,
  MEMORY,
  oneOf,
  structured,
  weight,
  wholeNumber,
  yesOrNo,
} from "./config-machines";
import { protectionSettings } from "./config-protection";
import { algorithms, modes, presetNames, roles } from "./topology/types";

/** The namespace of the settings in `Pulumi.<stack>.yaml`: the name of the project. */
const NAMESPACE = "web-infrastructure";

/** A setting is missing, unknown or wrong. The message names the key, what it takes and what to do. */
export class ConfigError extends Error {}

/** A port on the host's loopback; 0 means "do not publish". */
const port = wholeNumber(0, 65535, "a port of this computer (0: not published)");

/** A DNS name of two labels or more, after RFC 1123: letters, digits and hyphens, 63 characters a label, 253 in all. */
const DOMAIN = /^(?=.{1,253}$)([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z][a-z0-9-]{0,61}[a-z0-9]$/;

const addressRange = z
  .string()
  .refine((value) => z.cidrv4().safeParse(value).success, "takes an IPv4 range such as 172.30.0.0/24");

const image = z
  .string()
  .regex(/^ami-([0-9a-f]{8}|[0-9a-f]{17})$/, "takes the id of an image such as ami-0123456789abcdef0");

const instanceType = z.string().regex(INSTANCE_TYPE, "takes an EC2 instance type such as t3.small");

const TYPES_BY_ROLE = `instance types by role, such as {"database": "m7i.large"}; roles are ${roles.join(", ")}`;

/** Settings of every target. */
const common = {
  /** Which machines there are and what each does. Absent: highly-available, unless there are `machines`. */
  topology: oneOf(presetNames).optional(),
  /** The machines one by one, instead of a topology. */
  machines: structured(
    "a list of machines",
    z.array(listed, "takes a list of machines").min(1, "takes at least one machine"),
  ).optional(),
  /** How the next server for a request is chosen. Absent: roundrobin, in scale-up leastconn. */
  balance: oneOf(algorithms).optional(),
  /** Shares of the requests by machine; 1 where it isn't said. */
  weights: structured(
    "a share for each machine",
    z.record(z.string(), weight, "takes a share for each machine"),
  ).optional(),
  webServers: oneOf(modes).default("active-active"),
  loadBalancers: oneOf(modes).default("active-passive"),
  /** Seconds in which a server that comes back gets to its full share. */
  slowStart: wholeNumber(0, 3600, "seconds (0: at once)").default(0),
  stickySessions: yesOrNo,
  /** The name the site is served under. */
  domain: z
    .string()
    .regex(DOMAIN, "takes a domain name in lower case such as www.foobar.com (an international one in its xn-- form)")
    .default("www.foobar.com"),
  /** Directory of the application, relative to the project; see docs/application.md. */
  app: z.string().min(1, "takes the path of a directory").default("./app"),
  /** When full backups of the databases are made, in UTC. What is written in between is copied every minute anyway. */
  backupSchedule: z
    .string()
    .regex(/^(hourly|([01]\d|2[0-3]):[0-5]\d)$/, "takes a time of day (UTC) such as 02:30, or hourly")
    .default("02:30"),
  /** How many days back a point in time can be restored. */
  backupDays: wholeNumber(1, 3650, "days to keep backups").default(14),
  ...certificateSettings,
  ...protectionSettings,
  ...alertSettings,
};

/** The machines are containers on this computer. */
const docker = z.strictObject({
  target: z.literal("docker", "takes docker or aws"),
  ...common,
  /** Private network of the machines, in CIDR notation. The topology says whether it is large enough. */
  addressRange: addressRange.default("172.30.0.0/24"),
  /** Port on 127.0.0.1 of this computer that leads to port 80 of the first load balancer. */
  httpPort: port.default(8080),
  /** Port on 127.0.0.1 of this computer that leads to port 443 of the first load balancer. */
  httpsPort: port.default(8443),
  /** Directory of this computer for the backups, such as a network drive. @default .state/backups/STACK */
  backupDirectory: z.string().min(1, "takes the path of a directory").optional(),
  memory: wholeNumber(...MEMORY, "MiB of memory of each machine").default(1024),
  /** Processor cores of each machine. */
  cores: wholeNumber(...CORES, "processor cores of each machine").default(2),
});

/** The machines are EC2 instances. What only AWS can tell (does the type exist, has the region three zones) is asked later. */
const aws = z.strictObject({
  target: z.literal("aws"),
  ...common,
  /** Private network of the machines, in CIDR notation; a part of it goes to each availability zone. */
  addressRange: addressRange.default("10.20.0.0/16"),
  /** The image (AMI) that machines are made from. A missing one is answered with the newest of Debian 13. */
  image: image.optional(),
  /** The kind of all machines; it settles memory, cores and a large part of the costs. */
  instanceType: instanceType.default("t3.small"),
  /** Another kind for machines with a role; a machine with several goes by the first of them that is named here. */
  instanceTypes: structured(
    TYPES_BY_ROLE,
    z
      .record(z.string(), instanceType, `takes ${TYPES_BY_ROLE}`)
      .refine(
        (types) => Object.keys(types).every((role) => roles.some((each) => each === role)),
        `takes ${TYPES_BY_ROLE}`,
      ),
  ).default({}),
  /** The image for instance types of the architecture arm64. */
  imageArm64: image.optional(),
  /** The images hold every package already (docs/deploy-to-aws.md): nothing is installed at boot. */
  prebuilt: yesOrNo,
  /** How many availability zones the machines are spread over. */
  zones: wholeNumber(1, 4, "availability zones").default(3),
  /**
   * How machines that aren't load balancers reach the internet: one NAT gateway, one in each zone, or not at all, which
   * needs a prebuilt image.
   */
  nat: z.enum(["none", "single", "per-zone"], "takes none, single or per-zone").default("single"),
  /** Visitors, and machines on their way out, may use IPv6 as well; among themselves machines talk IPv4. */
  ipv6: yesOrNo,
  /** Size of each machine's own disk, in GiB. */
  rootVolume: wholeNumber(8, 1024, "GiB of each machine's own disk").default(10),
  /** Size of each database machine's data volume, in GiB. It can be enlarged later, never made smaller. */
  dataVolume: wholeNumber(10, 16_384, "GiB of each database's volume").default(20),
  /** How many daily snapshots of each data volume are kept. */
  snapshots: wholeNumber(1, 1000, "daily snapshots to keep").default(7),
  /** Opens the backups of a stack that is lost, for a new one. @default generated; it is an output */
  backupPassword: z.string().min(16, "takes the password of the backups, 16 characters or more").optional(),
  /** Nothing is terminated or deleted by accident: machines, data, address, bucket. */
  protected: yesOrNo,
  /** Hosted zone of Route 53 that the domain belongs to, such as foobar.com; without it the address is an output. */
  hostedZone: z.string().regex(DOMAIN, "takes the name of a hosted zone such as foobar.com").optional(),
  /** Who gets an e-mail when something is wrong; AWS asks this person to confirm first. */
  alarmEmail: z.email("takes an e-mail address").optional(),
  ...awsAlertSettings,
});

const targets = { docker, aws };

const schemas = {
  docker: docker
    .refine(({ httpPort, httpsPort }) => httpPort === 0 || httpPort !== httpsPort, {
      path: ["httpsPort"],
      error: "takes another port than httpPort",
    })
    .superRefine(checkMachines(["instanceType"], "docker: a machine there has memory and cores"))
    .superRefine(checkCertificate(key)),
  aws: aws
    .superRefine(checkMachines(["memory", "cores"], "aws: a machine there has an instanceType"))
    .superRefine(checkCertificate(key)),
};

export type DockerConfig = z.infer<typeof docker>;

/** With what the aws provider is told in its own namespace. */
export type AwsConfig = z.infer<typeof aws> & { readonly region: string; readonly profile?: string };

export type Config = DockerConfig | AwsConfig;

/** A setting as a person writes it. */
export function key(setting: string): string {
  return `${NAMESPACE}:${setting}`;
}

/**
 * Reads a stack's settings.
 *
 * @param configuration all configuration of the stack as `namespace:key` → text; other namespaces are left alone
 * @param stack the stack's name, for messages
 * @throws ConfigError that lists every wrong setting at once
 */
export function parseConfig(configuration: Readonly<Record<string, string>>, stack: string): Config {
  const own = Object.entries(configuration)
    .filter(([key]) => key.startsWith(`${NAMESPACE}:`))
    .map(([key, value]) => [key.slice(NAMESPACE.length + 1), value]);
  const given = Object.fromEntries(own) as Record<string, string>;
  // what has no target, or a wrong one, is judged as the default stack is, so that all mistakes are told at once
  const result = schemas[given.target === "aws" ? "aws" : "docker"].safeParse(given);
  const lines = (result.error?.issues ?? []).flatMap((issue) => describe(issue, given));
  if (given.target === "aws") lines.push(...wrongProvider(configuration));
  if (given.certificate === "acme" && !given.domain)
    lines.push(`${key("domain")} is missing: it takes a name of yours.`);
  const missing = incompleteAlerts(given);
  if (missing) lines.push(`${key(missing)} is missing: alerts by e-mail take both alertEmail and alertSmtp.`);
  if (!result.success || lines.length > 0) {
    throw new ConfigError(unusable(stack, lines));
  }
  if (result.data.target === "docker") return result.data;
  return { ...result.data, region: configuration["aws:region"] as string, profile: configuration["aws:profile"] };
}

/** What a person is told who wrote settings that can't be used. */
export function unusable(stack: string, lines: readonly string[]): string {
  return `Pulumi.${stack}.yaml can't be used; nothing was touched.\n${lines.map((line) => `  ${line}`).join("\n")}`;
}

/** What is wrong, in sentences: which setting, what it takes, what it is. */
function describe(issue: z.core.$ZodIssue, given: Readonly<Record<string, string>>): string[] {
  const [setting, ...inner] = issue.path.map(String);
  if (setting === undefined) {
    return issue.code === "unrecognized_keys" ? issue.keys.map((unknown) => whyUnknown(unknown, given.target)) : [];
  }
  const whole = given[setting];
  if (whole === undefined) return [`${key(setting)} is missing: it ${issue.message}.`];
  if (issue.code === "custom" && issue.params?.namesNoValue)
    return [`${key(setting)}${within(inner)} ${issue.message}.`];
  if (inner.length === 0) {
    // a list isn't shown: it is long, and a person knows it
    const not = /^\s*[[{]/.test(whole) ? "" : `, not "${whole}"`;
    return [`${key(setting)} ${issue.message}${not}.`];
  }
  const place = `${key(setting)}${within(inner)}`;
  if (issue.code === "unrecognized_keys") {
    return issue.keys.map(
      (unknown) =>
        `${place}.${unknown} is no setting of a machine. There are: ${Object.keys(listed.shape).join(", ")}.`,
    );
  }
  const found = inner.reduce<unknown>(
    (value, step) => (value as Record<string, unknown> | undefined)?.[step],
    JSON.parse(whole),
  );
  if (found === undefined) return [`${place} is missing: it ${issue.message}.`];
  return [`${place} ${issue.message}, not ${JSON.stringify(found)}.`];
}

/** The way to a part of a structured setting, such as `[0].roles`. */
function within(steps: readonly string[]): string {
  return steps.map((step) => (/^\d+$/.test(step) ? `[${step}]` : `.${step}`)).join("");
}

/** A setting may belong to the other target. */
function whyUnknown(unknown: string, target: string | undefined): string {
  const own = target === "aws" ? "aws" : "docker";
  const other = own === "aws" ? "docker" : "aws";
  if (unknown in targets[other].shape)
    return `${key(unknown)} is a setting of the target ${other}, not of ${own}. Remove it.`;
  return `${key(unknown)} is not a setting of this project. There are: ${Object.keys(targets[own].shape).join(", ")}.`;
}

/** What waits for the machines asks AWS with the provider's region and profile, and finds credentials as AWS's tools do. */
function wrongProvider(configuration: Readonly<Record<string, string>>): string[] {
  const region = configuration["aws:region"];
  const unsupported = ["accessKey", "secretKey", "token", "assumeRole", "assumeRoles"].filter(
    (setting) => configuration[`aws:${setting}`] !== undefined,
  );
  return [
    ...(region === undefined || !/^[a-z]{2}(-[a-z]+)+-\d$/.test(region)
      ? [
          `aws:region ${region === undefined ? "is missing: it" : ""} takes a region such as eu-central-1.`.replace(
            "  ",
            " ",
          ),
        ]
      : []),
    ...unsupported.map(
      (setting) =>
        `aws:${setting} can't be used: put it into a profile of ~/.aws/config and set aws:profile to its name.`,
    ),
  ];
}
