import Docker from "dockerode";
import { z } from "zod";
import { LABEL } from "../../topology";
import { UserError } from "../errors";
import { useDockerHost } from "../setup/docker-host";
import { statusCode } from "./docker-errors";

let client: Docker | undefined;

/** The one connection to the Docker engine. */
export function docker(): Docker {
  if (!client) {
    useDockerHost();
    client = new Docker();
  }
  return client;
}

export const labelsSchema = z.array(z.strictObject({ label: z.string().min(1), value: z.string() })).default([]);
export type Labels = z.output<typeof labelsSchema>;

/** Docker's form of Pulumi's list of labels. */
export function labelRecord(labels: Labels): Record<string, string> {
  return Object.fromEntries(labels.map(({ label, value }) => [label, value]));
}

/** True when something that exists carries the stack label that the inputs ask for. */
export function belongsToStack(existing: Record<string, string> | null | undefined, wanted: Labels): boolean {
  const stack = labelRecord(wanted)[LABEL.stack];
  return stack !== undefined && existing?.[LABEL.stack] === stack;
}

/** The error for a name that something else has. `kind` is Docker's word: container, network or volume. */
export function nameTaken(kind: string, name: string): Error {
  return new UserError(
    `A Docker ${kind} with the name ${name} exists, but it isn't part of this stack (it lacks the label), so it is left ` +
      `alone. Remove it (\`docker ${kind} rm ${name}\`) or give the stack another name.`,
  );
}

/** Undefined when Docker says that a thing doesn't exist. */
export async function unlessMissing<Result>(request: Promise<Result>): Promise<Result | undefined> {
  try {
    return await request;
  } catch (error) {
    if (statusCode(error) === 404) return undefined;
    throw error;
  }
}
