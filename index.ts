import * as pulumi from "@pulumi/pulumi";
import { packApplication } from "./components/application-archive";
import { readSiteCertificate } from "./components/site-certificate";
import type { Target } from "./components/target";
import { WebInfrastructure } from "./components/web-infrastructure";
import { type AwsConfig, type Config, ConfigError, type DockerConfig, parseConfig } from "./config";
import { machinesWith, planTopology, type Topology, type TopologyPlan } from "./topology";

/** The program: what `pulumi up` and `npm start` run. Everything it exports is a stack output. */
async function main(): Promise<pulumi.Inputs> {
  const stack = pulumi.getStack();
  const config = parseConfig(pulumi.runtime.allConfig(), stack);
  const siteCertificate = readSiteCertificate(config, pulumi.log.warn);
  const application = await packApplication(config.app, `.state/${stack}`);
  const { topology, target } = config.target === "aws" ? await onAws(config) : await onDocker(config);
  const infrastructure = new WebInfrastructure("web", { topology, application, siteCertificate, target });
  return {
    url: infrastructure.url,
    domain: config.domain,
    entryAddresses: infrastructure.entryAddresses,
    httpsPort: config.target === "docker" ? config.httpsPort : 443,
    certificate: config.certificate,
    certificateAuthority: infrastructure.certificateAuthority,
    machines: infrastructure.machines,
  };
}

// Each target is loaded only when it is asked for: the other one's library isn't.

async function onDocker(config: DockerConfig): Promise<{ topology: Topology; target: Target }> {
  const { requireMachineImage } = require("./components/docker/image") as typeof import("./components/docker/image");
  const { DockerTarget } = require("./components/docker/target") as typeof import("./components/docker/target");
  const topology = plan(config, {
    size: { memory: config.memory, cores: config.cores },
    publishedPorts: { http: config.httpPort, https: config.httpsPort },
  });
  return { topology, target: new DockerTarget({ machineImage: await requireMachineImage() }) };
}

async function onAws(config: AwsConfig): Promise<{ topology: Topology; target: Target }> {
  const { lookUp } = require("./components/aws/facts") as typeof import("./components/aws/facts");
  const { AwsTarget, elasticIps } = require("./components/aws/target") as typeof import("./components/aws/target");
  const { zones } = config;
  // the size isn't known before AWS has been asked, and what to ask depends on the rest
  const outline = plan(config, { size: { memory: 0, cores: 0 }, zones });
  const facts = await lookUp(config, machinesWith(outline, "database").length > 0, elasticIps(config, outline));
  return { topology: plan(config, { size: facts.size, zones }), target: new AwsTarget(config, facts) };
}

function plan(config: Config, more: Pick<TopologyPlan, "size" | "publishedPorts" | "zones">): Topology {
  const { topology: preset, domain, addressRange } = config;
  try {
    return planTopology({ preset, stack: pulumi.getStack(), domain, addressRange, ...more });
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
