import type { NetworkInspectInfo } from "dockerode";
import { z } from "zod";
import { UserError } from "../errors";
import type { ResourceProvider } from "../provider";
import { hostRanges, overlapping, type UsedRange } from "./address-range";
import { belongsToStack, docker, labelRecord, labelsSchema, nameTaken, unlessMissing } from "./docker-client";
import { CHANGE_ADDRESS_RANGE, explained } from "./docker-errors";
import { compareInputs, parseInputs } from "./inputs";

const schema = z.strictObject({
  name: z.string().min(1),
  driver: z.literal("bridge").default("bridge"),
  internal: z.boolean().default(false),
  ipamConfigs: z
    .array(
      z.strictObject({
        subnet: z.cidrv4(),
        gateway: z.ipv4().optional(),
        ipRange: z.cidrv4().optional(),
        auxAddress: z.record(z.string(), z.ipv4()).optional(),
      }),
    )
    .default([]),
  options: z.record(z.string(), z.string()).default({}),
  labels: labelsSchema,
});
type Inputs = z.output<typeof schema>;

/** `docker.Network`: bridge networks. Every change makes a new one. */
export const network: ResourceProvider = {
  check: (inputs) => parseInputs("docker.Network", schema, inputs),

  diff: (oldInputs, newInputs) => compareInputs(oldInputs, newInputs),

  async create(inputs) {
    const options = schema.parse(inputs);
    return explained(async () => {
      const existing = await findByName(options.name);
      if (existing && !belongsToStack(existing.Labels, options.labels)) throw nameTaken("network", options.name);
      await refuseUsedRanges(options.ipamConfigs.map(({ subnet }) => subnet));
      const created = await docker().createNetwork(creationRequest(options));
      return { id: created.id, outputs: { ...inputs, scope: "local" } };
    });
  },

  async read(id, outputs) {
    return explained(async () => (await inspect(id)) && outputs);
  },

  async find(inputs) {
    const { name, labels } = schema.parse(inputs);
    return explained(async () => {
      const existing = await findByName(name);
      return existing && belongsToStack(existing.Labels, labels) ? existing.Id : undefined;
    });
  },

  async delete(id) {
    await explained(() => unlessMissing(docker().getNetwork(id).remove()));
  },
};

function inspect(id: string): Promise<NetworkInspectInfo | undefined> {
  return unlessMissing<NetworkInspectInfo>(docker().getNetwork(id).inspect());
}

/** Docker takes a name for the start of an id as well, so the name is compared once more. */
async function findByName(name: string): Promise<NetworkInspectInfo | undefined> {
  const existing = await inspect(name);
  return existing?.Name === name ? existing : undefined;
}

function creationRequest(options: Inputs) {
  return {
    Name: options.name,
    Driver: options.driver,
    Internal: options.internal,
    CheckDuplicate: true,
    Labels: labelRecord(options.labels),
    Options: options.options,
    IPAM: {
      Driver: "default",
      Config: options.ipamConfigs.map(({ subnet, gateway, ipRange, auxAddress }) => ({
        Subnet: subnet,
        ...(gateway && { Gateway: gateway }),
        ...(ipRange && { IPRange: ipRange }),
        ...(auxAddress && { AuxiliaryAddresses: auxAddress }),
      })),
    },
  };
}

/**
 * Docker refuses a range that another of its networks has, without saying which, and doesn't look at the host's own
 * networks at all.
 * @param own ranges that are about to be given up: what overlaps them is no conflict
 */
export async function refuseUsedRanges(ranges: readonly string[], own: readonly string[] = []): Promise<void> {
  const givenUp = own.map((range) => ({ range, by: "this stack" }));
  const used = [...(await dockerRanges()), ...hostRanges()].filter(({ range }) => !overlapping(range, givenUp));
  for (const range of ranges) {
    const conflict = overlapping(range, used);
    if (!conflict) continue;
    throw new UserError(
      `The address range ${range} is in use: ${conflict.by} has ${conflict.range}. ${CHANGE_ADDRESS_RANGE}`,
    );
  }
}

async function dockerRanges(): Promise<UsedRange[]> {
  const networks = await docker().listNetworks();
  return networks.flatMap(({ Name, IPAM }) =>
    (IPAM?.Config ?? []).flatMap(({ Subnet }) => (Subnet ? [{ range: Subnet, by: `the Docker network ${Name}` }] : [])),
  );
}
