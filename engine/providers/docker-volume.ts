import { z } from "zod";
import type { ResourceProvider } from "../provider";
import { belongsToStack, docker, labelRecord, labelsSchema, nameTaken, unlessMissing } from "./docker-client";
import { explained } from "./docker-errors";
import { compareInputs, parseInputs } from "./inputs";

const schema = z.strictObject({
  name: z.string().min(1),
  driver: z.string().default("local"),
  labels: labelsSchema,
});

/** `docker.Volume`: a volume of the stack that exists already is taken over, with the data in it. */
export const volume: ResourceProvider = {
  check: (inputs) => parseInputs("docker.Volume", schema, inputs),

  diff: (oldInputs, newInputs) => compareInputs(oldInputs, newInputs),

  async create(inputs, context) {
    const { name, driver, labels } = schema.parse(inputs);
    return explained(async () => {
      const existing = await inspect(name);
      if (existing && !belongsToStack(existing.Labels, labels)) throw nameTaken("volume", name);
      if (existing) context.progress("exists already: its data is kept");
      // For a volume that exists this changes nothing and returns it.
      const created = await docker().createVolume({ Name: name, Driver: driver, Labels: labelRecord(labels) });
      const { Mountpoint } = await created.inspect();
      return { id: name, outputs: { ...inputs, mountpoint: Mountpoint } };
    });
  },

  async read(id, outputs) {
    return (await explained(() => inspect(id))) && outputs;
  },

  async find(inputs) {
    const { name, labels } = schema.parse(inputs);
    const existing = await inspect(name);
    return existing && belongsToStack(existing.Labels, labels) ? name : undefined;
  },

  async delete(id) {
    await explained(() => unlessMissing(docker().getVolume(id).remove()));
  },
};

function inspect(name: string) {
  return unlessMissing(docker().getVolume(name).inspect());
}
