import type { CreateContext, Properties } from "../provider";
import { providers } from "../providers";
import type { StoredResource } from "../pulumi-backend";
import type { PulumiCli } from "../pulumi-cli";
import { kindOf, nameOf } from "../urn";
import type { Session } from "./session";

/**
 * Makes a stack of the Pulumi CLI ready for its next operation, without a question: takes away the lock of a run that was
 * killed, and what that run had half-made. The built-in engine does the same with its own state.
 */
export async function mend({ project, progress, signal }: Session, cli: PulumiCli): Promise<void> {
  const { backend } = cli;
  if (backend.leftLocked()) {
    await cli.cancel();
    progress.say(`  ✔ stack ${project.stack} unlocked, which an interrupted run had left locked`);
  }

  const halfMade = backend.pendingCreates();
  // In a cloud only a person can tell what became of it: the CLI says so.
  if (halfMade.length > 0 && halfMade.every(({ type }) => type in providers)) {
    for (const resource of halfMade) {
      const name = `${kindOf(resource.type)} ${nameOf(resource.urn)}`;
      progress.begin(`removing ${name}, which an earlier run left unfinished`);
      await removeHalfMade(resource, backend.resources(), { signal, progress: (message) => progress.note(message) });
      progress.done(`${name} removed (left unfinished by an earlier run)`);
    }
    await cli.clearPendingCreates();
  }
}

/** Whether something is gone that the CLI's state still has: it notices only when it is told to look. */
export async function somethingGone({ backend }: PulumiCli): Promise<boolean> {
  const there = await Promise.all(backend.resources().map(exists));
  return there.includes(false);
}

/** Data (`retainOnDelete`) stays: making it again takes it over. */
async function removeHalfMade(
  { type, inputs = {}, retainOnDelete }: StoredResource,
  known: readonly StoredResource[],
  context: CreateContext,
): Promise<void> {
  const provider = providers[type];
  if (retainOnDelete || !provider?.find) return;
  const id = await provider.find(identity(inputs));
  if (id !== undefined && !known.some((resource) => resource.id === id)) await provider.delete(id, {}, context);
}

/** The inputs by which a resource is found; others may be encrypted in the CLI's state. */
function identity({ name, image, labels = [] }: Properties): Properties {
  return {
    name,
    ...(image && { image }),
    labels: labels.map(({ label, value }: Properties) => ({ label, value })),
  };
}

async function exists({ type, id }: StoredResource): Promise<boolean> {
  const provider = providers[type];
  return !provider?.read || id === undefined || (await provider.read(id, {})) !== undefined;
}
