import { type ChildProcess, spawn } from "node:child_process";
import path from "node:path";
import { type Client, credentials } from "@grpc/grpc-js";
import type { EnforcementLevel } from "@pulumi/policy";
import { AnalyzerClient } from "@pulumi/pulumi/proto/analyzer_grpc_pb";
import {
  AnalyzeRequest,
  type AnalyzeResponse,
  type AnalyzerInfo,
  AnalyzerResource,
  AnalyzerResourceOptions,
  AnalyzeStackRequest,
  ConfigureAnalyzerRequest,
  PolicyConfig,
  type PolicyInfo,
} from "@pulumi/pulumi/proto/analyzer_pb";
import { Empty } from "google-protobuf/google/protobuf/empty_pb";
import { Struct } from "google-protobuf/google/protobuf/struct_pb";

/** What stands for a value that a preview doesn't know, as the engine sends it. */
export const UNKNOWN = "04da6b54-80e4-46f7-96ec-b56ff0331ba9";

export interface TestResource {
  readonly type: string;
  readonly name: string;
  readonly properties: Record<string, unknown>;
  readonly urn?: string;
  readonly parent?: string;
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
  private constructor(
    private readonly process: ChildProcess,
    private readonly client: AnalyzerClient,
  ) {}

  static async start(): Promise<Pack> {
    const directory = path.resolve(__dirname, "../../policy");
    const loader = require.resolve("@pulumi/pulumi/cmd/run-policy-pack");
    const child = spawn(process.execPath, [loader, "127.0.0.1:1", directory], { cwd: directory });
    let errors = "";
    child.stderr.on("data", (data) => {
      errors += data;
    });
    const port = await new Promise<string>((resolve, reject) => {
      child.stdout.once("data", (data) => resolve(String(data).trim()));
      child.once("exit", (code) => reject(new Error(`the pack ended with ${code}: ${errors}`)));
    });
    return new Pack(child, new AnalyzerClient(`127.0.0.1:${port}`, credentials.createInsecure()));
  }

  stop(): void {
    this.client.close();
    this.process.kill();
  }

  async rules(): Promise<PolicyInfo.AsObject[]> {
    const info = await this.call<AnalyzerInfo>("getAnalyzerInfo", new Empty());
    return info.toObject().policiesList;
  }

  /** Sets the whole configuration; what isn't named goes back to its default. */
  async configure(settings: Record<string, Record<string, unknown>>): Promise<void> {
    const request = new ConfigureAnalyzerRequest();
    for (const [rule, { enforcementLevel = "mandatory", ...properties }] of Object.entries(settings)) {
      const config = new PolicyConfig();
      config.setEnforcementlevel(LEVELS.indexOf(enforcementLevel as EnforcementLevel));
      config.setProperties(struct(properties));
      request.getPolicyconfigMap().set(rule, config);
    }
    await this.call("configure", request);
  }

  /** Judges a resource by its inputs, as before it is created. */
  async analyze(resource: TestResource): Promise<Diagnostic[]> {
    return diagnostics(await this.call("analyze", fill(new AnalyzeRequest(), resource)));
  }

  /** Judges all resources of a stack, as after the last step. */
  async analyzeStack(resources: readonly TestResource[]): Promise<Diagnostic[]> {
    const request = new AnalyzeStackRequest();
    request.setResourcesList(
      resources.map((resource) => fill(new AnalyzerResource(), resource).setParent(resource.parent ?? "")),
    );
    return diagnostics(await this.call("analyzeStack", request));
  }

  private call<T>(method: "analyze" | "analyzeStack" | "configure" | "getAnalyzerInfo", request: unknown): Promise<T> {
    type Method = (given: unknown, answer: (error: Error | null, response: T) => void) => void;
    const client = this.client as Client as unknown as Record<typeof method, Method>;
    return new Promise((resolve, reject) => {
      client[method](request, (error, response) => (error ? reject(error) : resolve(response)));
    });
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
  message.setOptions(new AnalyzerResourceOptions().setParent(resource.parent ?? ""));
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
