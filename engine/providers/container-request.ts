import type { ContainerCreateOptions } from "dockerode";
import { z } from "zod";
import { labelRecord, labelsSchema } from "./docker-client";

const duration = z.string().regex(/^(\d+(ms|s|m|h))+$/, { error: 'must be a duration such as "2s" or "1m30s"' });
const absolutePath = z.string().startsWith("/", { error: "must be an absolute path" });

/** The inputs of a container that the docker target uses, named as in @pulumi/docker. */
export const containerSchema = z.strictObject({
  name: z.string().min(1),
  hostname: z.string().min(1).optional(),
  image: z.string().min(1),
  mustRun: z.boolean().default(true),
  restart: z.enum(["no", "always", "unless-stopped"]).default("no"),
  /** MiB, as are memory and swap together in `memorySwap`. */
  memory: z.int().min(6).optional(),
  memorySwap: z.int().min(-1).optional(),
  /** Microseconds of processor time in 100 ms: 100000 is one core. */
  cpuQuota: z.int().min(1000).optional(),
  capabilities: z
    .strictObject({ adds: z.array(z.string()).default([]), drops: z.array(z.string()).default([]) })
    .optional(),
  securityOpts: z.array(z.string()).default([]),
  cgroupnsMode: z.enum(["private", "host"]).optional(),
  /** Seconds. */
  stopTimeout: z.int().min(0).optional(),
  /** Seconds; without it the container is killed. */
  destroyGraceSeconds: z.int().min(0).optional(),
  networksAdvanced: z
    .array(z.strictObject({ name: z.string().min(1), ipv4Address: z.ipv4().optional() }))
    .max(1, { error: "the built-in engine connects a container to one network only" })
    .default([]),
  ports: z
    .array(
      z.strictObject({
        internal: z.int().min(1).max(65535),
        external: z.int().min(1).max(65535),
        ip: z.ipv4().default("0.0.0.0"),
        protocol: z.enum(["tcp", "udp"]).default("tcp"),
      }),
    )
    .default([]),
  volumes: z
    .array(
      z
        .strictObject({
          volumeName: z.string().min(1).optional(),
          /** A directory of this computer, instead of a volume. */
          hostPath: absolutePath.optional(),
          containerPath: absolutePath,
          readOnly: z.boolean().default(false),
        })
        .refine(({ volumeName, hostPath }) => (volumeName === undefined) !== (hostPath === undefined), {
          error: "needs exactly one of volumeName and hostPath",
        }),
    )
    .default([]),
  uploads: z
    .array(
      z
        .strictObject({
          file: absolutePath,
          content: z.string().optional(),
          /** Instead of `content`, of what is no text. */
          contentBase64: z.base64().optional(),
          permissions: z
            .string()
            .regex(/^0?[0-7]{3}$/, { error: 'must be an octal mode such as "0600"' })
            .default("0644"),
        })
        .refine(({ content, contentBase64 }) => (content === undefined) !== (contentBase64 === undefined), {
          error: "needs exactly one of content and contentBase64",
        }),
    )
    .default([]),
  healthcheck: z
    .strictObject({
      tests: z.array(z.string()).min(1),
      interval: duration.default("0s"),
      timeout: duration.default("0s"),
      startPeriod: duration.default("0s"),
      retries: z.int().min(0).default(0),
    })
    .optional(),
  wait: z.boolean().default(false),
  /** Seconds. */
  waitTimeout: z.int().min(1).default(60),
  labels: labelsSchema,
});
export type ContainerInputs = z.output<typeof containerSchema>;
export type Upload = ContainerInputs["uploads"][number];

/** What the host lets Docker limit; see `docker info`. */
export interface HostLimits {
  readonly MemoryLimit: boolean;
  readonly SwapLimit: boolean;
  readonly CpuCfsQuota: boolean;
}

/** Limits in Docker's units, and a sentence for each one that the host can't impose. */
export function resourceLimits(inputs: ContainerInputs, host: HostLimits) {
  const limits: { Memory?: number; MemorySwap?: number; CpuQuota?: number } = {};
  const notes: string[] = [];
  if (inputs.memory !== undefined) {
    if (host.MemoryLimit) limits.Memory = mebibytes(inputs.memory);
    else notes.push(`this host has no memory cgroup: the limit of ${inputs.memory} MiB is not applied`);
  }
  // Without a limit of swap Docker would only warn; memory alone is limited then.
  if (inputs.memorySwap !== undefined && host.MemoryLimit && host.SwapLimit) {
    limits.MemorySwap = inputs.memorySwap < 0 ? -1 : mebibytes(inputs.memorySwap);
  }
  if (inputs.cpuQuota !== undefined) {
    if (host.CpuCfsQuota) limits.CpuQuota = inputs.cpuQuota;
    else notes.push("this host can't limit processors: the machine may use all of them");
  }
  return { limits, notes };
}

/** The request to Docker's API that makes the container of these inputs. */
export function creationRequest(
  inputs: ContainerInputs,
  limits: ReturnType<typeof resourceLimits>["limits"],
): ContainerCreateOptions & { HostConfig: { CgroupnsMode?: string } } {
  const [network] = inputs.networksAdvanced;
  return {
    name: inputs.name,
    Image: inputs.image,
    Hostname: inputs.hostname,
    Labels: labelRecord(inputs.labels),
    StopTimeout: inputs.stopTimeout,
    ExposedPorts: Object.fromEntries(inputs.ports.map((port) => [portName(port), {}])),
    Healthcheck: inputs.healthcheck && {
      Test: inputs.healthcheck.tests,
      Interval: nanoseconds(inputs.healthcheck.interval),
      Timeout: nanoseconds(inputs.healthcheck.timeout),
      StartPeriod: nanoseconds(inputs.healthcheck.startPeriod),
      Retries: inputs.healthcheck.retries,
    },
    HostConfig: {
      ...limits,
      RestartPolicy: { Name: inputs.restart },
      CapAdd: inputs.capabilities?.adds,
      CapDrop: inputs.capabilities?.drops,
      SecurityOpt: inputs.securityOpts,
      CgroupnsMode: inputs.cgroupnsMode,
      NetworkMode: network?.name,
      PortBindings: portBindings(inputs.ports),
      Mounts: inputs.volumes.map(({ volumeName, hostPath, containerPath, readOnly }) => ({
        Type: hostPath === undefined ? ("volume" as const) : ("bind" as const),
        Source: (hostPath ?? volumeName) as string,
        Target: containerPath,
        ReadOnly: readOnly,
      })),
    },
    NetworkingConfig: network && {
      EndpointsConfig: {
        [network.name]: { IPAMConfig: network.ipv4Address ? { IPv4Address: network.ipv4Address } : undefined },
      },
    },
  };
}

function portBindings(ports: ContainerInputs["ports"]): Record<string, { HostIp: string; HostPort: string }[]> {
  const bindings: Record<string, { HostIp: string; HostPort: string }[]> = {};
  for (const port of ports) {
    const name = portName(port);
    bindings[name] = [...(bindings[name] ?? []), { HostIp: port.ip, HostPort: String(port.external) }];
  }
  return bindings;
}

function portName({ internal, protocol }: ContainerInputs["ports"][number]): string {
  return `${internal}/${protocol}`;
}

function mebibytes(count: number): number {
  return count * 1024 * 1024;
}

const unitNanoseconds: Record<string, number> = { ms: 1e6, s: 1e9, m: 60e9, h: 3600e9 };

/** Docker's API wants nanoseconds where Pulumi has "1m30s". */
function nanoseconds(text: string): number {
  return [...text.matchAll(/(\d+)(ms|s|m|h)/g)].reduce(
    (sum, [, count, unit]) => sum + Number(count) * (unitNanoseconds[unit ?? ""] ?? 0),
    0,
  );
}
