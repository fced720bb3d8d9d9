import { getAvailabilityZones } from "@pulumi/aws/getAvailabilityZones";
import { getCallerIdentity } from "@pulumi/aws/getCallerIdentity";
import { getZone } from "@pulumi/aws/route53/getZone";
import { type AwsConfig, ConfigError, key } from "../../config";
import type { Machine } from "../../topology";
import { ask } from "./ask";
import { type Hardware, lookUpHardware } from "./hardware";
import { checkQuotas } from "./quotas";

/** What has to be known of AWS before anything is planned. */
export interface AwsFacts {
  readonly account: string;
  /** `aws`, or another part of AWS such as `aws-cn`. */
  readonly partition: string;
  /** Names of as many availability zones as the stack uses. */
  readonly zones: readonly string[];
  /** Of each machine, by its name. */
  readonly hardware: Readonly<Record<string, Hardware>>;
  readonly hostedZoneId?: string;
}

/**
 * Looks up what the plan depends on.
 * @param config the stack's settings
 * @param machines names and roles of the stack's machines
 * @param addresses how many Elastic IPs the stack takes in all
 * @throws ConfigError, with the key and what to do, where a setting doesn't fit what AWS has
 */
export async function lookUp(
  config: AwsConfig,
  machines: readonly Pick<Machine, "name" | "roles" | "instanceType">[],
  addresses: number,
): Promise<AwsFacts> {
  const [identity, zones] = await Promise.all([
    ask("aws:region", getCallerIdentity({})),
    // local and wavelength zones have to be opted in to, and lack most services
    ask(
      "aws:region",
      getAvailabilityZones({
        state: "available",
        filters: [{ name: "opt-in-status", values: ["opt-in-not-required"] }],
      }),
    ),
  ]);
  if (zones.names.length < config.zones) {
    throw new ConfigError(
      `${config.region} has ${zones.names.length} availability zones, fewer than ${config.zones}. ` +
        `Set ${key("zones")} to ${zones.names.length}, or aws:region to another region.`,
    );
  }
  const [hostedZoneId, hardware] = await Promise.all([hostedZone(config), lookUpHardware(config, machines)]);
  await checkQuotas(config, Object.values(hardware), addresses);
  return {
    account: identity.accountId,
    partition: identity.arn.split(":")[1] ?? "aws",
    zones: [...zones.names].sort().slice(0, config.zones),
    hardware,
    ...(hostedZoneId === undefined ? {} : { hostedZoneId }),
  };
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
