import { z } from "zod";

/** The namespace of the settings in `Pulumi.<stack>.yaml`: the name of the project. */
const NAMESPACE = "web-infrastructure";

/** A setting is missing, unknown or wrong. The message names the key, what it takes and what to do. */
export class ConfigError extends Error {}

const wholeNumber = (minimum: number, maximum: number, what: string) =>
  z
    .string()
    .refine(
      (value) => /^\d+$/.test(value) && Number(value) >= minimum && Number(value) <= maximum,
      `takes ${what}, a whole number from ${minimum} to ${maximum}`,
    )
    .transform(Number);

/** A port on the host's loopback; 0 means "do not publish". */
const port = wholeNumber(0, 65535, "a port of this computer (0: not published)");

/** A DNS name of two labels or more, after RFC 1123: letters, digits and hyphens, 63 characters a label, 253 in all. */
const DOMAIN = /^(?=.{1,253}$)([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z][a-z0-9-]{0,61}[a-z0-9]$/;

const settings = z.strictObject({
  /** Where the machines are made: `docker` (this computer) or `aws` (EC2). */
  target: z.enum(["docker", "aws"], "takes docker or aws"),
  /** Which machines there are and what each does. */
  topology: z.enum(["highly-available", "distributed"], "takes highly-available or distributed").default("distributed"),
  /** The name the site is served under. */
  domain: z
    .string()
    .regex(DOMAIN, "takes a domain name in lower case such as www.foobar.com (an international one in its xn-- form)")
    .default("www.foobar.com"),
  /** Directory of the application, relative to the project; see docs/application.md. */
  app: z.string().min(1, "takes the path of a directory").default("./app"),
  /** Private network of the machines, in CIDR notation. The topology says whether it is large enough. */
  addressRange: z
    .string()
    .refine((value) => z.cidrv4().safeParse(value).success, "takes an IPv4 range such as 172.30.0.0/24")
    .default("172.30.0.0/24"),
  /** Port on 127.0.0.1 of this computer that leads to port 80 of the first load balancer. */
  httpPort: port.default(8080),
  /** Port on 127.0.0.1 of this computer that leads to port 443 of the first load balancer. */
  httpsPort: port.default(8443),
  /** Memory of each machine, in MiB. Below 512 MySQL and PHP-FPM do not fit together. */
  memory: wholeNumber(512, 1_048_576, "MiB of memory of each machine").default(1024),
  /** Processor cores of each machine. */
  cores: wholeNumber(1, 256, "processor cores of each machine").default(2),
});

const schema = settings.refine(({ httpPort, httpsPort }) => httpPort === 0 || httpPort !== httpsPort, {
  path: ["httpsPort"],
  error: "takes another port than httpPort",
});

export type Config = z.infer<typeof schema>;

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
  const result = schema.safeParse(Object.fromEntries(own));
  if (result.success) return result.data;

  const lines = result.error.issues.flatMap((issue) => {
    if (issue.code === "unrecognized_keys") {
      const known = Object.keys(settings.shape).join(", ");
      return issue.keys.map((key) => `${NAMESPACE}:${key} is not a setting of this project. There are: ${known}.`);
    }
    const key = String(issue.path[0]);
    const value = Object.fromEntries(own)[key];
    return [
      value === undefined
        ? `${NAMESPACE}:${key} is missing: it ${issue.message}.`
        : `${NAMESPACE}:${key} ${issue.message}, not "${value}".`,
    ];
  });
  throw new ConfigError(
    `Pulumi.${stack}.yaml can't be used; nothing was touched.\n${lines.map((line) => `  ${line}`).join("\n")}`,
  );
}
