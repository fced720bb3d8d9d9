import { Deployment, type Providers } from "./deployment";
import { UserError } from "./errors";
import type { PolicyPack, Violation } from "./policies";
import { runProgram } from "./program";
import { type Progress, seconds } from "./progress";
import type { Project } from "./project";
import { deletionOrder, type State } from "./state";

/** Advice is a reminder, in a line of a usual terminal or two; the README of the policies has it in full. */
const ADVICE_LENGTH = 150;

/** What every run needs. */
export interface Run {
  readonly project: Project;
  readonly providers: Providers;
  readonly state: State;
  readonly progress: Progress;
  readonly signal: AbortSignal;
}

/** Runs the program without doing anything. The steps of the result are what an `up` would do. */
export async function preview({ project, providers, state, progress, signal }: Run): Promise<Deployment> {
  const deployment = new Deployment("preview", state, providers, progress, signal);
  await runProgram(project, deployment, "preview", progress, signal);
  await deployment.complete();
  return deployment;
}

/** Runs the program and does what it asks for. Cleans up first what an earlier run left half-made. */
export async function up({ project, providers, state, progress, signal }: Run): Promise<Deployment> {
  const started = Date.now();
  const deployment = new Deployment("up", state, providers, progress, signal);
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
  const advice = new Set(violations.filter((violation) => !violation.mandatory).map(short));
  for (const line of advice) progress.say(`  advice: ${line}`);
  if (mandatory.length === 0) return;
  throw new UserError(`Policies forbid this; nothing was changed.\n\n${mandatory.map(explain).join("\n\n")}`);
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

/** One line, cut between words. */
function short({ rule, message }: Violation): string {
  const line = `${rule}: ${message.replace(/\s+/g, " ")}`;
  return line.length <= ADVICE_LENGTH ? line : `${line.slice(0, line.lastIndexOf(" ", ADVICE_LENGTH))} …`;
}

function explain({ rule, resource, message, remediation }: Violation): string {
  const lines = [`${rule}${resource ? ` (${resource})` : ""}`, ...message.split("\n")];
  if (remediation) lines.push("What to do:", ...remediation.split("\n").map((line) => `  ${line}`));
  return lines.map((line, index) => (index === 0 ? `  ✖ ${line}` : `    ${line}`)).join("\n");
}
