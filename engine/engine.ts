import { Deployment, type Providers } from "./deployment";
import { UserError } from "./errors";
import type { PolicyPack, Violation } from "./policies";
import { runProgram } from "./program";
import { type Progress, seconds } from "./progress";
import type { Project } from "./project";
import { deletionOrder, type State } from "./state";

/** What every run needs. */
export interface Run {
  readonly project: Project;
  readonly providers: Providers;
  readonly state: State;
  readonly progress: Progress;
  readonly signal: AbortSignal;
}

/**
 * Runs the program without doing anything. The steps of the result are what an `up` would do.
 * @param pack begins to judge each resource meanwhile
 */
export async function preview(
  { project, providers, state, progress, signal }: Run,
  pack?: Pick<PolicyPack, "begin">,
): Promise<Deployment> {
  const deployment = new Deployment("preview", state, providers, progress, signal, undefined, pack);
  await runProgram(project, deployment, "preview", progress, signal);
  await deployment.complete();
  return deployment;
}

/** Runs the program and does what it asks for, as the preview foresaw. Cleans up first what an earlier run left half-made. */
export async function up(
  { project, providers, state, progress, signal }: Run,
  foreseen?: Deployment,
): Promise<Deployment> {
  const started = Date.now();
  const deployment = new Deployment("up", state, providers, progress, signal, foreseen);
  try {
    await deployment.mend();
    await runProgram(project, deployment, "up", progress, signal);
    await deployment.complete();
  } finally {
    progress.stop();
  }
  progress.say(`${summary(deployment)} in ${seconds(Date.now() - started)}`);
  return deployment;
}

/** Deletes everything in the state, what depends on others first. Data is let go of unless `withData`. */
export async function destroyState({ providers, state, progress, signal }: Run, withData: boolean): Promise<void> {
  const deployment = new Deployment("up", state, providers, progress, signal);
  try {
    await deployment.mend();
    for (const resource of deletionOrder(state.resources)) await deployment.delete(resource, withData);
  } finally {
    progress.stop();
  }
}

/** Throws a UserError that lists what breaks a mandatory rule; shows what is only advised against. */
export async function enforcePolicies(
  pack: Pick<PolicyPack, "analyze">,
  deployment: Deployment,
  progress: Progress,
): Promise<void> {
  const violations = await pack.analyze([...deployment.registered.values()]);
  const mandatory = violations.filter((violation) => violation.mandatory);
  const advice = violations.filter((violation) => !violation.mandatory);
  for (const text of new Set(advice.map((violation) => explain("advice:", violation)))) progress.say(text);
  if (mandatory.length === 0) return;
  const list = mandatory.map((violation) => explain("✖", violation)).join("\n\n");
  throw new UserError(`Policies forbid this; nothing was changed.\n\n${list}`);
}

/** "3 created, 1 replaced, 12 unchanged" */
export function summary(deployment: Deployment): string {
  const words = { create: "created", update: "changed", replace: "replaced", delete: "deleted", same: "unchanged" };
  const counts = Object.entries(words).flatMap(([action, word]) => {
    const count = deployment.steps.filter((step) => step.action === action).length;
    return count > 0 ? [`${count} ${word}`] : [];
  });
  return counts.join(", ") || "nothing to do";
}

/** The rule and the resource, then what is wrong and what to do, wrapped for the terminal. */
function explain(sign: string, { rule, resource, message, mandatory, remediation }: Violation): string {
  const lines = message.split("\n");
  // A rule that says itself what to do says it about this resource; its general advice would only repeat that.
  if (mandatory && remediation && lines.length === 1) lines.push(remediation);
  return [`  ${sign} ${rule}${resource ? ` (${resource})` : ""}`, ...lines.map((line) => wrap(line, "    "))].join(
    "\n",
  );
}

/** For people: no terminal, or a very wide one, is treated as one of a usual width. */
function wrap(text: string, indent: string): string {
  const width = Math.min(process.stdout.columns || 120, 120) - indent.length;
  const words = text.split(/(?<=\S) /);
  const lines: string[] = [];
  for (const word of words) {
    const line = lines.at(-1);
    if (line === undefined || line.length + 1 + word.length > width) lines.push(word);
    else lines[lines.length - 1] = `${line} ${word}`;
  }
  return lines.map((line) => indent + line).join("\n");
}
