import { readFileSync } from "node:fs";
import path from "node:path";
import {
  type AnalyzeDiagnostic,
  AnalyzeRequest,
  type AnalyzeResponse,
  type AnalyzerInfo,
  AnalyzerPropertyDependencies,
  AnalyzerProviderResource,
  AnalyzerResource,
  AnalyzerResourceOptions,
  AnalyzeStackRequest,
  ConfigureAnalyzerRequest,
  EnforcementLevel,
  PolicyConfig,
} from "@pulumi/pulumi/proto/analyzer_pb";
import { Empty } from "google-protobuf/google/protobuf/empty_pb";
import { Struct } from "google-protobuf/google/protobuf/struct_pb";
import { z } from "zod";
import { messageOf, UserError } from "./errors";
import { PolicyServer } from "./policy-server";
import type { Project } from "./project";
import type { Properties } from "./provider";
import type { Registered } from "./registered";
import { makeUrn, nameOf } from "./urn";

const LEVELS = {
  advisory: EnforcementLevel.ADVISORY,
  mandatory: EnforcementLevel.MANDATORY,
  remediate: EnforcementLevel.REMEDIATE,
  disabled: EnforcementLevel.DISABLED,
} as const;

const level = z.enum(["advisory", "mandatory", "remediate", "disabled"]);
const settingsFile = z.record(z.string(), z.union([level, z.looseObject({ enforcementLevel: level.optional() })]));
type Settings = z.infer<typeof settingsFile>;

/** One thing the pack objects to. */
export interface Violation {
  readonly rule: string;
  /** Stops the run; otherwise it is advice. */
  readonly mandatory: boolean;
  /** What is wrong, in the first line; further lines say what to do about it, where the rule does so. */
  readonly message: string;
  /** Name of the resource; empty when the rule is about the whole stack. */
  readonly resource: string;
  /** What to do about it in general. */
  readonly remediation: string;
}

/**
 * The policy pack of a project, judging what a preview found. Start it early, as it takes about a second to load, and let it
 * begin with each resource as soon as that is known: it is a process of its own.
 */
export class PolicyPack {
  private configured: Promise<AnalyzerInfo> | undefined;
  private readonly begun = new Map<string, Promise<AnalyzeDiagnostic[]>>();

  private constructor(
    private readonly project: Project,
    private readonly server: PolicyServer,
  ) {}

  /** Starts the pack in `directory`. It is up when the first `analyze` needs it; errors show there. */
  static start(project: Project, directory: string): PolicyPack {
    const server = PolicyServer.start(directory, {
      PULUMI_CONFIG: JSON.stringify(project.config),
      PULUMI_NODEJS_ORGANIZATION: "organization",
      PULUMI_NODEJS_PROJECT: project.name,
      PULUMI_NODEJS_STACK: project.stack,
      PULUMI_NODEJS_DRY_RUN: "true",
    });
    return new PolicyPack(project, server);
  }

  /** Begins to judge a resource. What comes of it, errors too, `analyze` says. */
  begin(resource: Registered): void {
    const judged = this.judge(resource);
    judged.catch(() => undefined);
    this.begun.set(resource.registration.urn, judged);
  }

  /** Judges what a preview found. The mandatory violations come first. */
  async analyze(resources: readonly Registered[]): Promise<Violation[]> {
    const { server } = this;
    const info = await this.configure();
    const each = await Promise.all(
      resources.map(async (resource) => {
        const { urn } = resource.registration;
        const said = await (this.begun.get(urn) ?? this.judge(resource));
        return said.map((diagnostic) => ({ diagnostic, urn }));
      }),
    );
    const diagnostics = each.flat();
    const stack = new AnalyzeStackRequest().setResourcesList(
      resources.map((resource) => this.describeInStack(resource)),
    );
    const answer = await server.call<AnalyzeResponse>("analyzeStack", stack);
    diagnostics.push(...answer.getDiagnosticsList().map((diagnostic) => ({ diagnostic, urn: "" })));

    const remediations = new Map(
      info.getPoliciesList().map((policy) => [policy.getName(), policy.getRemediationSteps()]),
    );
    return diagnostics
      .map(({ diagnostic, urn }) => ({
        rule: diagnostic.getPolicyname(),
        mandatory: diagnostic.getEnforcementlevel() !== EnforcementLevel.ADVISORY,
        message: ownMessage(diagnostic),
        resource: nameOf(diagnostic.getUrn() || urn),
        remediation: remediations.get(diagnostic.getPolicyname()) ?? "",
      }))
      .sort((one, other) => Number(other.mandatory) - Number(one.mandatory));
  }

  stop(): void {
    this.server.stop();
  }

  /** Once. */
  private configure(): Promise<AnalyzerInfo> {
    this.configured ??= (async () => {
      const info = await this.server.call<AnalyzerInfo>("getAnalyzerInfo", new Empty());
      await this.server.call("configure", configuration(info, readSettings(this.project)));
      return info;
    })();
    return this.configured;
  }

  private async judge(resource: Registered): Promise<AnalyzeDiagnostic[]> {
    await this.configure();
    const request = this.describe(new AnalyzeRequest(), resource, resource.inputs);
    return (await this.server.call<AnalyzeResponse>("analyze", request)).getDiagnosticsList();
  }

  private describe<T extends AnalyzeRequest | AnalyzerResource>(
    message: T,
    { registration }: Registered,
    properties: Properties,
  ): T {
    const { type, urn, name, parent, protect, deleteBeforeReplace, ignoreChanges, additionalSecretOutputs } =
      registration;
    const options = new AnalyzerResourceOptions()
      .setProtect(protect)
      .setIgnorechangesList([...ignoreChanges])
      .setDeletebeforereplace(deleteBeforeReplace ?? false)
      .setDeletebeforereplacedefined(deleteBeforeReplace !== undefined)
      .setAdditionalsecretoutputsList([...additionalSecretOutputs])
      .setCustomtimeouts(new AnalyzerResourceOptions.CustomTimeouts())
      .setParent(parent);
    message.setType(type);
    message.setUrn(urn);
    message.setName(name);
    message.setProperties(Struct.fromJavaScript(properties));
    message.setOptions(options);
    if (registration.custom) message.setProvider(this.providerOf(registration));
    return message;
  }

  private describeInStack(resource: Registered): AnalyzerResource {
    const { parent, dependencies, propertyDependencies } = resource.registration;
    const message = this.describe(new AnalyzerResource(), resource, resource.outputs)
      .setParent(parent)
      .setDependenciesList([...dependencies]);
    for (const [key, urns] of Object.entries(propertyDependencies)) {
      message.getPropertydependenciesMap().set(key, new AnalyzerPropertyDependencies().setUrnsList([...urns]));
    }
    return message;
  }

  /** The default provider that Pulumi would have made for this type. */
  private providerOf({ type, version }: Registered["registration"]): AnalyzerProviderResource {
    const providerType = `pulumi:providers:${type.split(":", 1)[0]}`;
    const name = version === "" ? "default" : `default_${version.replaceAll(".", "_")}`;
    return new AnalyzerProviderResource()
      .setType(providerType)
      .setName(name)
      .setUrn(makeUrn(this.project.stack, this.project.name, "", providerType, name))
      .setProperties(Struct.fromJavaScript(version === "" ? {} : { version }));
  }
}

/** The settings of the stack's policies, in the form of the CLI's `--policy-pack-config` file; none when there is none. */
function readSettings({ root, stack }: Project): Settings {
  const file = path.join(root, `Pulumi.${stack}.policies.json`);
  let text: string;
  try {
    text = readFileSync(file, "utf8");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return {};
    throw error;
  }
  try {
    return settingsFile.parse(JSON.parse(text));
  } catch (error) {
    const reason = error instanceof z.ZodError ? z.prettifyError(error) : messageOf(error);
    throw new UserError(`${file} can't be used: ${reason}`);
  }
}

/** Every rule with its level and properties: the rule's own defaults, then the setting for "all", then the rule's. */
function configuration(info: AnalyzerInfo, settings: Settings): ConfigureAnalyzerRequest {
  const rules = info.getPoliciesList();
  const unknown = Object.keys(settings).filter(
    (name) => name !== "all" && !rules.some((rule) => rule.getName() === name),
  );
  if (unknown.length > 0) {
    const known = rules.map((rule) => rule.getName()).join(", ");
    throw new UserError(
      `The policy settings name ${unknown.join(", ")}, but the pack has no such rule. It has ${known}.`,
    );
  }
  const request = new ConfigureAnalyzerRequest();
  for (const rule of rules) {
    const schema = (rule.getConfigschema()?.getProperties()?.toJavaScript() ?? {}) as Record<
      string,
      { default?: unknown }
    >;
    const defaults = Object.entries(schema).filter(([, property]) => property.default !== undefined);
    const properties: Properties = Object.fromEntries(defaults.map(([key, property]) => [key, property.default]));
    let enforcement: EnforcementLevel = rule.getEnforcementlevel();
    for (const setting of [settings.all, settings[rule.getName()]]) {
      const { enforcementLevel, ...given } =
        typeof setting === "string" ? { enforcementLevel: setting } : (setting ?? {});
      if (enforcementLevel) enforcement = LEVELS[enforcementLevel];
      Object.assign(properties, given);
    }
    const config = new PolicyConfig().setEnforcementlevel(enforcement).setProperties(Struct.fromJavaScript(properties));
    request.getPolicyconfigMap().set(rule.getName(), config);
  }
  return request;
}

/** The SDK puts a rule's description before what the rule says; with both, the latter is what is wrong here. */
function ownMessage(diagnostic: AnalyzeDiagnostic): string {
  const [message, description] = [diagnostic.getMessage().trim(), diagnostic.getDescription().trim()];
  const rest = message.startsWith(description) ? message.slice(description.length).trim() : message;
  return rest || message;
}
