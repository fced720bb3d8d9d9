import "./sdk-debugging";
import * as pulumi from "@pulumi/pulumi";
import { alertSecrets } from "./alerts";
import { type ApplicationArchive, packApplication } from "./components/application-archive";
import { readDirectoryAuthorities, readSiteCertificate } from "./components/site-certificate";
import { WebInfrastructure, type WebInfrastructureArgs } from "./components/web-infrastructure";
import { type AwsConfig, ConfigError, type DockerConfig, parseConfig } from "./config";
import { configuredTopology, dockerTopology } from "./topology";

/** The program: what `pulumi up` and `npm start` run. Everything it exports is a stack output. */
async function main(): Promise<pulumi.Inputs> {
  const stack = pulumi.getStack();
  const config = parseConfig(pulumi.runtime.allConfig(), stack);
  const siteCertificate = readSiteCertificate(config, pulumi.log.warn);
  const application = await packApplication(config.app, `.state/${stack}/application`);
  const planned = config.target === "aws" ? await onAws(config) : await onDocker(config, application);
  const infrastructure = new WebInfrastructure("web", {
    application,
    siteCertificate,
    directoryAuthorities: readDirectoryAuthorities(config),
    alertSecrets: alertSecrets(config),
    ...planned,
  });
  return {
    url: infrastructure.url,
    domain: config.domain,
    entryAddresses: infrastructure.entryAddresses,
    httpsPort: config.target === "docker" ? config.httpsPort : 443,
    certificate: config.certificate,
    certificateAuthority: infrastructure.certificateAuthority,
    machines: infrastructure.machines,
    backupPassword: infrastructure.backupPassword,
  };
}

// Each target is loaded only when it is asked for: the other one's library isn't.

type Planned = Pick<WebInfrastructureArgs, "topology" | "target" | "backupPassword">;

async function onDocker(config: DockerConfig, application: ApplicationArchive): Promise<Planned> {
  const { requireMachineImage } = require("./components/docker/image") as typeof import("./components/docker/image");
  const { offerApplication } =
    require("./components/docker/application") as typeof import("./components/docker/application");
  const { DockerTarget } = require("./components/docker/target") as typeof import("./components/docker/target");
  const { machinesExist } =
    require("./components/docker/in-service") as typeof import("./components/docker/in-service");
  const { prepareBackups } = require("./components/docker/backups") as typeof import("./components/docker/backups");
  const topology = dockerTopology(config, pulumi.getStack());
  const { directory, password } = prepareBackups(pulumi.getStack(), config.backupDirectory);
  const target = new DockerTarget({
    machineImage: await requireMachineImage(),
    inService: await machinesExist(pulumi.getStack()),
    applicationOffered: offerApplication(application, pulumi.runtime.isDryRun()),
    backupDirectory: directory,
  });
  return { topology, target, backupPassword: password };
}

async function onAws(config: AwsConfig): Promise<Planned> {
  const { backupRepository } = require("./components/aws/backups") as typeof import("./components/aws/backups");
  const { lookUp } = require("./components/aws/facts") as typeof import("./components/aws/facts");
  const { AwsTarget, checkWayOut, elasticIps } =
    require("./components/aws/target") as typeof import("./components/aws/target");
  const { zones } = config;
  // the size isn't known before AWS has been asked, and what to ask depends on the rest
  const stack = pulumi.getStack();
  const outline = configuredTopology(config, stack, { size: { memory: 0, cores: 0 }, zones });
  checkWayOut(config, outline);
  const facts = await lookUp(config, outline.machines, elasticIps(config, outline));
  const machines = outline.machines.map((each) => ({ ...each, size: facts.hardware[each.name]?.size ?? each.size }));
  const { region, backupPassword, backupSchedule: schedule, backupDays: days } = config;
  const backups = { repository: backupRepository(region, facts.account), region, schedule, days };
  return { topology: { ...outline, machines, backups }, target: new AwsTarget(config, facts), backupPassword };
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
