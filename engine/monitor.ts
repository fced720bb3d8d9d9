import * as grpc from "@grpc/grpc-js";
import { EngineService } from "@pulumi/pulumi/proto/engine_grpc_pb";
import { GetRootResourceResponse, type LogRequest, SetRootResourceResponse } from "@pulumi/pulumi/proto/engine_pb";
import { CheckFailure, InvokeResponse } from "@pulumi/pulumi/proto/provider_pb";
import { ResourceMonitorService } from "@pulumi/pulumi/proto/resource_grpc_pb";
import {
  RegisterPackageResponse,
  type RegisterResourceOutputsRequest,
  type RegisterResourceRequest,
  RegisterResourceResponse,
  type ResourceInvokeRequest,
  SupportsFeatureResponse,
} from "@pulumi/pulumi/proto/resource_pb";
import { Empty } from "google-protobuf/google/protobuf/empty_pb";
import { Struct } from "google-protobuf/google/protobuf/struct_pb";
import type { Deployment } from "./deployment";
import { messageOf, UserError } from "./errors";
import type { Registration } from "./plan";
import type { Properties } from "./provider";
import type { Registered } from "./registered";
import { makeUrn } from "./urn";

/** Messages may hold whole files (uploads); gRPC's own limit is 4 MiB. */
const MESSAGE_LIMIT = 400 * 1024 * 1024;

/** What this engine can do of what the SDK asks about. Everything else the SDK does without or refuses by itself. */
const FEATURES = ["secrets", "resourceReferences", "outputValues"];

export interface MonitorEvents {
  /** The program logged something; severity as in Pulumi: 0 debug, 1 info, 2 warning, 3 error. */
  log(severity: number, message: string): void;
  /** A request can't be served: the program must not go on. */
  failed(error: unknown): void;
}

/** What a run can do that the built-in engine can't: for programs that are only previewed, in tests. */
export interface Abilities {
  /** Answers the call of a function, or throws why it is refused; `token` is such as `aws:index/getRegion:getRegion`. */
  invoke(token: string, args: Properties): Properties;
  /** Every option of a resource is taken; whoever registers them knows what to do. */
  readonly anyOption: true;
}

/** What handles the resources of a program: a deployment, or what stands for one. */
export type Registrar = Pick<Deployment, "register" | "registerOutputs" | "settled">;

export interface Monitor {
  /** `host:port` of both services. */
  readonly address: string;
  close(): void;
}

/** Serves the two gRPC services that Pulumi's SDK talks to, and hands what a program registers to a deployment. */
export async function serveMonitor(
  project: string,
  stack: string,
  deployment: Registrar,
  events: MonitorEvents,
  abilities?: Abilities,
): Promise<Monitor> {
  const answer = <Request, Response>(serve: (request: Request) => Response | Promise<Response>) => {
    return async (call: grpc.ServerUnaryCall<Request, Response>, callback: grpc.sendUnaryData<Response>) => {
      try {
        callback(null, await serve(call.request));
      } catch (error) {
        // CANCELLED makes the SDK end quietly: the person hears of it once, from us.
        events.failed(error);
        callback({ code: grpc.status.CANCELLED, details: "the engine stopped" });
      }
    };
  };

  const server = new grpc.Server({ "grpc.max_receive_message_length": MESSAGE_LIMIT });
  server.addService(
    ResourceMonitorService,
    complete(ResourceMonitorService, {
      supportsFeature: answer((request: { getId(): string }) =>
        new SupportsFeatureResponse().setHassupport(FEATURES.includes(request.getId())),
      ),
      registerPackage: answer(() => new RegisterPackageResponse()),
      registerResource: answer(async (request: RegisterResourceRequest) =>
        response(await deployment.register(registration(project, stack, request, abilities))),
      ),
      registerResourceOutputs: answer((request: RegisterResourceOutputsRequest) => {
        deployment.registerOutputs(request.getUrn(), properties(request.getOutputs()));
        return new Empty();
      }),
      signalAndWaitForShutdown: answer(() => new Empty()),
      invoke: answer((request: ResourceInvokeRequest) => {
        if (abilities) return invoked(() => abilities.invoke(request.getTok(), properties(request.getArgs())));
        throw new UserError(
          `The built-in engine can't call the function ${request.getTok()}: install the Pulumi CLI for that.`,
        );
      }),
      readResource: answer((request: { getType(): string; getName(): string }) => {
        throw new UserError(
          `The built-in engine can't look up ${request.getName()} (${request.getType()}): install the Pulumi CLI for that.`,
        );
      }),
    }),
  );
  let root = "";
  server.addService(
    EngineService,
    complete(EngineService, {
      log: answer((request: LogRequest) => {
        events.log(request.getSeverity(), request.getMessage());
        return new Empty();
      }),
      getRootResource: answer(() => new GetRootResourceResponse().setUrn(root)),
      setRootResource: answer((request: { getUrn(): string }) => {
        root = request.getUrn();
        return new SetRootResourceResponse();
      }),
    }),
  );
  const port = await new Promise<number>((resolve, reject) =>
    server.bindAsync("127.0.0.1:0", grpc.ServerCredentials.createInsecure(), (error, bound) =>
      error ? reject(error) : resolve(bound),
    ),
  );
  return { address: `127.0.0.1:${port}`, close: () => server.forceShutdown() };
}

/** gRPC wants a handler for every method; what isn't served is answered as the protocol says for older engines. */
function complete(
  service: grpc.ServiceDefinition,
  handlers: grpc.UntypedServiceImplementation,
): grpc.UntypedServiceImplementation {
  const unimplemented: grpc.handleUnaryCall<unknown, unknown> = (_call, callback) =>
    callback({ code: grpc.status.UNIMPLEMENTED, details: "not served by the built-in engine" });
  return Object.fromEntries(Object.keys(service).map((method) => [method, handlers[method] ?? unimplemented]));
}

/** What a function returns, or why it was refused. */
function invoked(call: () => Properties): InvokeResponse {
  try {
    return new InvokeResponse().setReturn(Struct.fromJavaScript(call()));
  } catch (error) {
    return new InvokeResponse().setFailuresList([new CheckFailure().setReason(messageOf(error))]);
  }
}

function registration(
  project: string,
  stack: string,
  request: RegisterResourceRequest,
  abilities: Abilities | undefined,
): Registration {
  if (!abilities) refuseUnsupported(request);
  const propertyDependencies: Record<string, string[]> = {};
  request.getPropertydependenciesMap().forEach((dependencies, key) => {
    propertyDependencies[key] = dependencies.getUrnsList();
  });
  return {
    urn: makeUrn(stack, project, request.getParent(), request.getType(), request.getName()),
    type: request.getType(),
    name: request.getName(),
    parent: request.getParent(),
    custom: request.getCustom(),
    properties: properties(request.getObject()),
    dependencies: request.getDependenciesList(),
    propertyDependencies,
    protect: request.getProtect() ?? false,
    retainOnDelete: request.getRetainondelete() ?? false,
    deleteBeforeReplace: request.getDeletebeforereplacedefined() ? request.getDeletebeforereplace() : undefined,
    ignoreChanges: request.getIgnorechangesList(),
    replaceOnChanges: request.getReplaceonchangesList(),
    additionalSecretOutputs: request.getAdditionalsecretoutputsList(),
    version: request.getVersion(),
  };
}

/** An option that is ignored does harm, so what this engine doesn't do it refuses. */
function refuseUnsupported(request: RegisterResourceRequest): void {
  const timeouts = request.getCustomtimeouts();
  const options: Record<string, boolean> = {
    "a remote component": request.getRemote(),
    "a provider of its own": request.getProvider() !== "",
    "the option import": request.getImportid() !== "",
    "the option aliases": request.getAliasesList().length > 0 || request.getAliasurnsList().length > 0,
    "the option customTimeouts": Object.values(timeouts?.toObject() ?? {}).some((timeout) => timeout !== ""),
    "the option deletedWith": request.getDeletedwith() !== "",
    "the option replaceWith": request.getReplaceWithList().length > 0,
    "the option replacementTrigger": request.hasReplacementTrigger(),
  };
  const used = Object.keys(options).filter((option) => options[option]);
  if (used.length > 0) {
    throw new UserError(
      `${request.getName()} (${request.getType()}) uses ${used.join(" and ")}: the built-in engine can't do that.`,
    );
  }
}

function properties(struct: Struct | undefined): Properties {
  return (struct?.toJavaScript() ?? {}) as Properties;
}

function response({ registration, id, outputs }: Registered): RegisterResourceResponse {
  return new RegisterResourceResponse().setUrn(registration.urn).setId(id).setObject(Struct.fromJavaScript(outputs));
}
