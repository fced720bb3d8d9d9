import { ConfigError, parseConfig } from "../../config";
import {
  configuredTopology,
  dockerTopology,
  type Preset,
  planTopology,
  presetNames,
  type Topology,
} from "../../topology";
import { UserError } from "../errors";
import { readProject } from "../project";

/** What says which topology a person wants to see: a stack's settings, or a preset by its name. */
export interface PlannedOptions {
  readonly stack: string;
  readonly topology?: string;
}

/** Three zones, as on AWS by default, so that the loss of one is seen. */
const EXAMPLE = { domain: "www.foobar.com", addressRange: "10.20.0.0/16", zones: 3 } as const;

/** A preset as it would be on AWS. */
export function presetTopology(preset: Preset): Topology {
  return planTopology({ ...EXAMPLE, preset, stack: preset, size: { memory: 0, cores: 0 } });
}

/** The topology, without touching or asking anything. Throws a UserError when the settings can't be used. */
export function plannedTopology(root: string, { stack, topology }: PlannedOptions): Topology {
  if (topology !== undefined) {
    const preset = presetNames.find((name) => name === topology);
    if (preset) return presetTopology(preset);
    throw new UserError(`There is no topology "${topology}". There are: ${presetNames.join(", ")}.`);
  }
  try {
    const config = parseConfig(readProject(root, stack).config, stack);
    if (config.target === "docker") return dockerTopology(config, stack);
    // how large its machines are only AWS could say
    const size = (instanceType = config.instanceType) => ({ memory: 0, cores: 0, instanceType });
    return configuredTopology(config, stack, { size, zones: config.zones });
  } catch (error) {
    throw error instanceof ConfigError ? new UserError(error.message) : error;
  }
}
