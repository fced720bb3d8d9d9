import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { parseConfig } from "../../config";
import { readProject } from "../../engine/project";
import { type Abilities, abilitiesWithout, dockerTopology, entryAddresses, type Topology } from "../../topology";
import { type Answer, eventually, type RequestOptions, request, type TestStack } from "./stack";

/** The topology of a stack, by its settings as they are now. */
export function topologyOf(stack: TestStack): Topology {
  const config = parseConfig(readProject(process.cwd(), stack.name).config, stack.name);
  assert.equal(config.target, "docker");
  return dockerTopology(config, stack.name);
}

/** What the site can do now, as a visitor finds out at each of its addresses. */
async function measuredAbilities(stack: TestStack): Promise<Abilities> {
  const entries = entryAddresses(topologyOf(stack));
  const ca = stack.authority();
  const everywhere = async (isGood: (answer: Answer) => boolean, path: string, more?: RequestOptions) => {
    const answers = entries.map((entry) => request(entry, path, { ca, ...more }).then(isGood, () => false));
    return (await Promise.all(answers)).every(Boolean);
  };
  const body = JSON.stringify({ name: "Ada", message: "is it written?", token: randomUUID() });
  const post = { method: "POST", headers: { "content-type": "application/json" }, body };
  const [balanced, served, read, written] = await Promise.all([
    // whatever the answer is, HAProxy gave it or passed it on
    everywhere(() => true, "/up"),
    everywhere(({ status }) => status === 200, "/api/request"),
    everywhere(({ status }) => status === 200, "/api/messages"),
    everywhere(({ status }) => status === 201, "/api/messages", post),
  ]);
  return { balanced, served, read, written };
}

/** The site can do what the analysis says it can without these machines, which don't run: soon, and a little later still. */
export async function assertAsPlanned(stack: TestStack, lost: readonly string[], seconds = 60): Promise<void> {
  const planned = abilitiesWithout(topologyOf(stack), lost);
  let measured: Abilities | undefined;
  const isAsPlanned = async () => {
    measured = await measuredAbilities(stack);
    return JSON.stringify(measured) === JSON.stringify(planned);
  };
  const what = `without ${lost.join(", ") || "a loss"} as analysed: ${JSON.stringify(planned)}`;
  await eventually(what, seconds, isAsPlanned).catch((error) =>
    assert.fail(`${error.message}, but measured: ${JSON.stringify(measured)}`),
  );
  assert.ok(await isAsPlanned(), `${what}; it didn't stay so: ${JSON.stringify(measured)}`);
}
