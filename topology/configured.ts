import { alertRoutes } from "../alerts";
import { type Config, ConfigError, type DockerConfig, key, unusable } from "../config";
import { acmeOf } from "../config-certificate";
import { planTopology, type TopologyPlan } from "./plan";
import type { Backups, Topology } from "./types";

/** Where a machine finds the directory of the backups, when they aren't in a bucket. */
export const BACKUP_DIRECTORY = "/var/backups/web-infrastructure";

/** The topology that a stack's settings ask for. @throws ConfigError that lists what is wrong with it, by setting */
export function configuredTopology(
  config: Config,
  stack: string,
  {
    backups,
    ...more
  }: Pick<TopologyPlan, "size" | "publishedPorts" | "zones"> & {
    readonly backups?: Pick<Backups, "repository" | "region">;
  },
): Topology {
  const { topology: preset, backupSchedule: schedule, backupDays: days } = config;
  try {
    return planTopology({
      ...config,
      preset,
      stack,
      alerts: alertRoutes(config),
      acme: acmeOf(config),
      ...more,
      ...(backups ? { backups: { ...backups, schedule, days } } : {}),
    });
  } catch (error) {
    throw new ConfigError(unusable(stack, (error as Error).message.split("\n").map(key)));
  }
}

/** The topology of a stack whose machines are containers on this computer. */
export function dockerTopology(config: DockerConfig, stack: string): Topology {
  const { memory, cores, httpPort, httpsPort } = config;
  return configuredTopology(config, stack, {
    size: { memory, cores },
    backups: { repository: BACKUP_DIRECTORY },
    publishedPorts: { http: httpPort, https: httpsPort },
  });
}
