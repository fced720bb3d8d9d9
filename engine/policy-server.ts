import { type ChildProcess, spawn } from "node:child_process";
import path from "node:path";
import { createInterface } from "node:readline";
import { type Client, credentials } from "@grpc/grpc-js";
import { AnalyzerClient } from "@pulumi/pulumi/proto/analyzer_grpc_pb";
import { UserError } from "./errors";

const EXIT_WITH_PARENT = path.join(__dirname, "exit-with-parent.cjs");

/** A policy pack run by Pulumi's own server for packs, in a process of its own that ends with this one. */
export class PolicyServer {
  private constructor(
    private readonly child: ChildProcess,
    private readonly client: Promise<AnalyzerClient>,
  ) {}

  /** Starts the pack in `directory`. It is up when the first call needs it; errors show there. */
  static start(directory: string, environment: Record<string, string> = {}): PolicyServer {
    // As the CLI does, from the pack's own directory: a pack that is alone brings its own SDK.
    const server = require.resolve("@pulumi/pulumi/cmd/run-policy-pack", { paths: [directory] });
    const child = spawn(
      process.execPath,
      // The address is that of an engine to log to; the pack's output is shown by us instead.
      ["--require", EXIT_WITH_PARENT, server, "127.0.0.1:1", "."],
      { cwd: directory, stdio: ["pipe", "pipe", "pipe"], env: { ...process.env, ...environment } },
    );
    const client = new Promise<AnalyzerClient>((resolve, reject) => {
      const printed: string[] = [];
      createInterface({ input: child.stderr }).on("line", (line) => printed.push(line));
      createInterface({ input: child.stdout }).once("line", (port) =>
        resolve(new AnalyzerClient(`127.0.0.1:${port}`, credentials.createInsecure())),
      );
      child.once("error", reject);
      child.once("close", (code) =>
        reject(new UserError(`The policy pack in ${directory} ended with code ${code}:\n${printed.join("\n")}`)),
      );
    });
    // Whoever calls gets the error; until then nobody listens.
    client.catch(() => undefined);
    return new PolicyServer(child, client);
  }

  /** Calls a method of the Analyzer protocol. */
  async call<Response>(method: Method, request: unknown): Promise<Response> {
    const client = await this.client;
    return new Promise((resolve, reject) => {
      const unary = (client as unknown as Record<Method, UnaryMethod<Response>>)[method];
      unary.call(client, request, (error, response) =>
        error ? reject(new UserError(`The policy pack failed: ${error.message}`)) : resolve(response),
      );
    });
  }

  stop(): void {
    this.child.kill("SIGKILL");
    this.client.then((client) => client.close()).catch(() => undefined);
  }
}

type Method = "getAnalyzerInfo" | "configure" | "analyze" | "analyzeStack" | "remediate";

type UnaryMethod<Response> = (
  this: Client,
  request: unknown,
  callback: (error: Error | null, response: Response) => void,
) => void;
