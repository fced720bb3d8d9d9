import * as pulumi from "@pulumi/pulumi";
import { packApplication } from "./components/application-archive";
import type { Target } from "./components/target";
import { WebInfrastructure } from "./components/web-infrastructure";
import { type Config, ConfigError, parseConfig } from "./config";
import { planTopology, type Topology } from "./topology";

/** The program: what `pulumi up` and `npm start` run. Everything it exports is a stack output. */
async function main(): Promise<pulumi.Inputs> {
  const stack = pulumi.getStack();
  const config = parseConfig(pulumi.runtime.allConfig(), stack);
  if (config.target === "aws") {
    throw new ConfigError(
      "The AWS target is not built yet; nothing was touched. " +
        `Set web-infrastructure:target to docker in Pulumi.${stack}.yaml to run the same machines on this computer.`,
    );
  }

  const infrastructure = new WebInfrastructure("web", {
    topology: plan(config),
    application: await packApplication(config.app, `.state/${stack}`),
    target: await dockerTarget(),
  });
  return {
    url: infrastructure.url,
    domain: config.domain,
    entryAddresses: infrastructure.entryAddresses,
    httpsPort: config.httpsPort,
    certificateAuthority: infrastructure.certificateAuthority,
    machines: infrastructure.machines,
  };
}

/** Loaded only when it is asked for: the other target's library isn't. */
async function dockerTarget(): Promise<Target> {
  const { requireMachineImage } = require("./components/docker/image") as typeof import("./components/docker/image");
  const { DockerTarget } = require("./components/docker/target") as typeof import("./components/docker/target");
  return new DockerTarget({ machineImage: await requireMachineImage() });
}

function plan(config: Config): Topology {
  try {
    return planTopology({
      preset: config.topology,
      stack: pulumi.getStack(),
      domain: config.domain,
      addressRange: config.addressRange,
      size: { memory: config.memory, cores: config.cores },
      publishedPorts: { http: config.httpPort, https: config.httpsPort },
    });
  } catch (error) {
    throw new ConfigError(`web-infrastructure:${(error as Error).message}`);
  }
}

export = () =>
  main().catch((error: Error) => {
    // A mistake of the person who runs it needs a message, not a stack trace: that is what a RunError shows.
    const shown = error instanceof ConfigError ? new pulumi.RunError(error.message) : error;
    // Frames of the SDK's own top files out: its log shows errors by util.inspect, which loops on such a path (it looks for
    // the end of "@pulumi/name/") until the text is half a gigabyte, 20 seconds later (Node 20.20, SDK 3.248).
    shown.stack = shown.stack?.replace(/\n.*\/node_modules\/@pulumi\/[^/\n]*$/gm, "");
    throw shown;
  });
