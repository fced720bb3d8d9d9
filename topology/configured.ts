import { type Config, ConfigError, type DockerConfig, key, unusable } from "../config";
import { planTopology, type TopologyPlan } from "./plan";
import type { Topology } from "./types";

/** The topology that a stack's settings ask for. @throws ConfigError that lists what is wrong with it, by setting */
export function configuredTopology(
  config: Config,
  stack: string,
  more: Pick<TopologyPlan, "size" | "publishedPorts" | "zones">,
): Topology {
  try {
    return planTopology({ ...config, preset: config.topology, stack, ...more });
  } catch (error) {
    throw new ConfigError(unusable(stack, (error as Error).message.split("\n").map(key)));
  }
}

/** The topology of a stack whose machines are containers on this computer. */
export function dockerTopology(config: DockerConfig, stack: string): Topology {
  const { memory, cores, httpPort, httpsPort } = config;
  return configuredTopology(config, stack, {
    size: { memory, cores },
    publishedPorts: { http: httpPort, https: httpsPort },
  });
}
