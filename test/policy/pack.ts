import path from "node:path";
import type { EnforcementLevel } from "@pulumi/policy";
import {
  AnalyzeRequest,
  type AnalyzeResponse,
  type AnalyzerInfo,
  AnalyzerPropertyDependencies,
  AnalyzerResource,
  AnalyzerResourceOptions,
  AnalyzeStackRequest,
  ConfigureAnalyzerRequest,
  PolicyConfig,
  type PolicyInfo,
  type RemediateResponse,
} from "@pulumi/pulumi/proto/analyzer_pb";
import { Empty } from "google-protobuf/google/protobuf/empty_pb";
import { Struct } from "google-protobuf/google/protobuf/struct_pb";
import { PolicyServer } from "../../engine/policy-server";

/** What stands for a value that a preview doesn't know, as the engine sends it. */
export const UNKNOWN = "04da6b54-80e4-46f7-96ec-b56ff0331ba9";

export interface TestResource {
  readonly type: string;
  readonly name: string;
  readonly properties: Record<string, unknown>;
  readonly urn?: string;
  readonly parent?: string;
  readonly protect?: boolean;
  /** The resources that a property's value comes from. */
  readonly from?: Readonly<Record<string, readonly TestResource[]>>;
}

export interface Diagnostic {
  readonly policy: string;
  readonly level: EnforcementLevel;
  readonly message: string;
  readonly urn: string;
}

/** In the order of the protocol's numbers. */
const LEVELS: EnforcementLevel[] = ["advisory", "mandatory", "disabled", "remediate"];

/** The pack as the CLI runs it: a process of its own that serves the Analyzer protocol. */
export class Pack {
  private configured = "";

  private constructor(private readonly server: PolicyServer) {}

  /** Starts the pack that is in a directory, of its own or with this project's `node_modules`. */
  static start(directory = path.resolve(__dirname, "../../policy")): Pack {
    return new Pack(PolicyServer.start(directory));
  }

  private static one: Pack | undefined;

  /** One pack for all tests that only ask: it takes a second or two to load. It ends with this process at the latest. */
  static shared(): Pack {
    Pack.one ??= Pack.start();
    return Pack.one;
  }

  static stopShared(): void {
    Pack.one?.stop();
    Pack.one = undefined;
  }

  stop(): void {
    this.server.stop();
  }

  async rules(): Promise<PolicyInfo.AsObject[]> {
    const info = await this.server.call<AnalyzerInfo>("getAnalyzerInfo", new Empty());
    return info.toObject().policiesList;
  }

  /** Sets the whole configuration; what isn't named goes back to its default. */
  async configure(settings: Record<string, Record<string, unknown>>): Promise<void> {
    const text = JSON.stringify(settings);
    if (text === this.configured) return;
    this.configured = text;
    const request = new ConfigureAnalyzerRequest();
    for (const [rule, { enforcementLevel = "mandatory", ...properties }] of Object.entries(settings)) {
      const config = new PolicyConfig();
      config.setEnforcementlevel(LEVELS.indexOf(enforcementLevel as EnforcementLevel));
      config.setProperties(struct(properties));
      request.getPolicyconfigMap().set(rule, config);
    }
    await this.server.call("configure", request);
  }

  /** Judges a resource by its inputs, as before it is created. */
  async analyze(resource: TestResource): Promise<Diagnostic[]> {
    return diagnostics(await this.server.call("analyze", fill(new AnalyzeRequest(), resource)));
  }

  /** Judges all resources of a stack, as after the last step. */
  async analyzeStack(resources: readonly TestResource[]): Promise<Diagnostic[]> {
    const request = new AnalyzeStackRequest();
    request.setResourcesList(
      resources.map((resource) => {
        const message = fill(new AnalyzerResource(), resource).setParent(resource.parent ?? "");
        for (const [property, origins] of Object.entries(resource.from ?? {})) {
          const urns = new AnalyzerPropertyDependencies().setUrnsList(origins.map(urnOf));
          message.getPropertydependenciesMap().set(property, urns);
        }
        return message;
      }),
    );
    return diagnostics(await this.server.call("analyzeStack", request));
  }

  /** What the rules whose level is `remediate` make of a resource's inputs; undefined when they leave them alone. */
  async remediate(resource: TestResource): Promise<Record<string, unknown> | undefined> {
    const answer = await this.server.call<RemediateResponse>("remediate", fill(new AnalyzeRequest(), resource));
    return answer.getRemediationsList().at(-1)?.getProperties()?.toJavaScript();
  }
}

export function urnOf({ type, name, urn }: TestResource): string {
  return urn ?? `urn:pulumi:test::web-infrastructure::${type}::${name}`;
}

function struct(properties: Record<string, unknown>): Struct {
  return Struct.fromJavaScript(properties as Parameters<typeof Struct.fromJavaScript>[0]);
}

function fill<T extends AnalyzeRequest | AnalyzerResource>(message: T, resource: TestResource): T {
  message.setType(resource.type);
  message.setName(resource.name);
  message.setUrn(urnOf(resource));
  message.setProperties(struct(resource.properties));
  message.setOptions(
    new AnalyzerResourceOptions().setParent(resource.parent ?? "").setProtect(resource.protect ?? false),
  );
  return message;
}

function diagnostics(response: AnalyzeResponse): Diagnostic[] {
  return response.getDiagnosticsList().map((diagnostic) => ({
    policy: diagnostic.getPolicyname(),
    level: LEVELS[diagnostic.getEnforcementlevel()] ?? "mandatory",
    message: diagnostic.getMessage(),
    urn: diagnostic.getUrn(),
  }));
}
