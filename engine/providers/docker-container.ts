import type { Container, ContainerInspectInfo } from "dockerode";
import type { CreateContext, Properties, ResourceProvider } from "../provider";
import { waitForNeighbours } from "./container-neighbours";
import { waitUntilHealthy } from "./container-readiness";
import { type ContainerInputs, containerSchema, creationRequest, resourceLimits } from "./container-request";
import { uploadFiles } from "./container-uploads";
import { belongsToStack, docker, nameTaken, unlessMissing } from "./docker-client";
import { engineMessage, explained, statusCode } from "./docker-errors";
import { compareInputs, parseInputs } from "./inputs";
import { redactor } from "./redaction";

/** What Docker can change on a living container, and what only our own doings depend on. */
const inPlace = ["restart", "memory", "memorySwap", "mustRun", "destroyGraceSeconds", "wait", "waitTimeout"];

/**
 * `docker.Container`, as far as a machine needs it. A container that was stopped by hand is started again by the next
 * run: `read` reports `mustRun: false` for it, as the real provider does.
 */
export const container: ResourceProvider = {
  check(inputs) {
    const checked = parseInputs("docker.Container", containerSchema, inputs);
    if (checked.wait && !checked.healthcheck) throw new Error("docker.Container: wait needs a healthcheck.");
    return checked;
  },

  diff(oldInputs, newInputs, oldOutputs) {
    const difference = compareInputs(oldInputs, newInputs, inPlace);
    const stopped = newInputs.mustRun && oldOutputs.mustRun === false && !difference.changed.includes("mustRun");
    return stopped ? { ...difference, changed: [...difference.changed, "mustRun"] } : difference;
  },

  async create(inputs, context) {
    const options = containerSchema.parse(inputs);
    return explained(async () => {
      const existing = await findByName(options.name);
      if (existing && !belongsToStack(existing.Config.Labels, options.labels))
        throw nameTaken("container", options.name);
      const { limits, notes } = resourceLimits(options, await docker().info());
      for (const note of notes) context.progress(note);
      context.signal.throwIfAborted();
      const created = await docker().createContainer(creationRequest(options, limits));
      try {
        await uploadFiles(created, options.uploads);
        await created.start();
      } catch (error) {
        // It never ran, so there is nothing to look at in it.
        await created.remove({ force: true }).catch(() => {});
        throw error;
      }
      // A machine that doesn't get ready stays, so that a person can look at it; `find` leads the next run to it.
      await waitIfAsked(created, options, context);
      return { id: created.id, outputs: outputs(inputs, await created.inspect()) };
    });
  },

  async update(id, inputs, _oldOutputs, context) {
    const options = containerSchema.parse(inputs);
    return explained(async () => {
      const existing = docker().getContainer(id);
      const { limits, notes } = resourceLimits(options, await docker().info());
      for (const note of notes) context.progress(note);
      await existing.update({ ...limits, RestartPolicy: { Name: options.restart } });
      const { State } = await existing.inspect();
      if (options.mustRun && !State.Running) {
        await existing.start();
        await waitIfAsked(existing, options, context);
      }
      return outputs(inputs, await existing.inspect());
    });
  },

  async read(id, oldOutputs) {
    return explained(async () => {
      const info = await unlessMissing(docker().getContainer(id).inspect());
      return info && outputs(oldOutputs, info);
    });
  },

  async find(inputs) {
    const options = containerSchema.parse(inputs);
    return explained(async () => {
      const existing = await findByName(options.name);
      return existing && belongsToStack(existing.Config.Labels, options.labels) ? existing.Id : undefined;
    });
  },

  beforeReplace: (id, others, context) => explained(() => waitForNeighbours(id, others, context)),

  async delete(id, oldOutputs, context) {
    await explained(async () => {
      const existing = docker().getContainer(id);
      // What an interrupted run left has no outputs; it is killed.
      if (oldOutputs.destroyGraceSeconds) {
        context.progress("stopping");
        await unlessMissing(stop(existing, oldOutputs.destroyGraceSeconds));
      }
      await remove(existing);
    });
  },
};

function waitIfAsked(created: Container, options: ContainerInputs, context: CreateContext): Promise<void> | undefined {
  if (!options.wait) return undefined;
  const waiting = {
    machine: machineName(options),
    timeoutSeconds: options.waitTimeout,
    redact: redactor(options.uploads),
  };
  return waitUntilHealthy(created, waiting, context);
}

/** Docker takes the start of an id for a name as well, so the name is compared once more. */
async function findByName(name: string): Promise<ContainerInspectInfo | undefined> {
  const existing = await unlessMissing(docker().getContainer(name).inspect());
  return existing?.Name === `/${name}` ? existing : undefined;
}

/** Seconds of grace, then Docker kills. */
async function stop(existing: Container, graceSeconds: number): Promise<void> {
  try {
    await existing.stop({ t: graceSeconds });
  } catch (error) {
    const stoppedAlready = 304;
    if (statusCode(error) !== stoppedAlready) throw error;
  }
}

/** Removes the container, not its volumes. Succeeds when it is gone or somebody else is removing it right now. */
async function remove(existing: Container): Promise<void> {
  try {
    await unlessMissing(existing.remove({ force: true, v: false }));
  } catch (error) {
    if (!/already in progress/.test(engineMessage(error))) throw error;
    await unlessMissing(existing.wait({ condition: "removed" }));
  }
}

function outputs(properties: Properties, info: ContainerInspectInfo): Properties {
  return {
    ...properties,
    mustRun: info.State.Running || info.State.Restarting,
    networkDatas: Object.entries(info.NetworkSettings.Networks).map(([networkName, endpoint]) => ({
      networkName,
      ipAddress: endpoint.IPAddress,
      ipPrefixLength: endpoint.IPPrefixLen,
      gateway: endpoint.Gateway,
      macAddress: endpoint.MacAddress,
    })),
  };
}

function machineName(properties: Properties): string {
  return properties.hostname ?? properties.name;
}
