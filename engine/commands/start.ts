import path from "node:path";
import { report } from "../../topology";
import { enforcePolicies, preview, type Run, summary, up } from "../engine";
import { PolicyPack } from "../policies";
import { type Progress, seconds } from "../progress";
import { providers } from "../providers";
import { ensureDocker } from "../setup/docker";
import { ensureMachineImage } from "../setup/image";
import { State } from "../state";
import { containsUnknown, unpack } from "../values";
import { startStopped } from "./containers";
import { goesFirst, removeFirst } from "./growing";
import { checkHost, refuseUnknownMachines } from "./host";
import { mend, somethingGone } from "./mend";
import { readSettings, type Session, stackOutputs } from "./session";
import { showSite } from "./site";
import { askMachines } from "./status";

/** `npm start`: everything from Docker to the site. */
export async function start(session: Session): Promise<void> {
  const begun = Date.now();
  const { project, progress, signal, cli } = session;
  // Before the set-up: nobody should wait for it to be told of a slip of the pen.
  const settings = readSettings(project);
  const pack = cli ? undefined : PolicyPack.start(project, path.join(project.root, "policy"));
  try {
    await setUp(session);
    await checkHost(settings, project.stack);
    const started = await startStopped(
      project.stack,
      Object.keys(stackOutputs(project).machines ?? {}),
      progress,
      signal,
    );
    const there = await askMachines(project.stack);
    const first = goesFirst(there, settings.topology);
    if (cli) {
      await cli.select();
      await mend(session, cli);
      // the policies have their say before anything goes
      if (first.length > 0) await cli.preview(await somethingGone(cli));
      await removeFirst(first, there, progress);
      await cli.up(await somethingGone(cli));
      showSite(project, settings.topology, cli.outputs() ?? {}, progress, false);
    } else if (pack) {
      const run = builtIn(session);
      const changed = await startBuiltIn(run, pack, () => removeFirst(first, there, progress));
      const nothing = started ? "Nothing else to do" : "Nothing to do";
      if (!changed) progress.say(`${nothing}: the stack is as the program says. ${seconds(Date.now() - begun)}`);
      showSite(project, settings.topology, unpack(run.state.outputs).plain, progress, !changed);
    }
  } finally {
    pack?.stop();
  }
}

/** `npm run preview`: what `npm start` would do, and what the policies say to it. */
export async function previewStack(session: Session): Promise<void> {
  const { project, progress, cli } = session;
  const { topology } = readSettings(project);
  await setUp(session);
  progress.say(`\n${report(topology)}\n`);
  const first = goesFirst(await askMachines(project.stack), topology);
  if (first.length > 0) progress.say(`  Before all else would be drained, stopped and removed: ${first.join(", ")}`);
  if (cli) {
    await cli.select();
    await cli.preview(await somethingGone(cli));
    return;
  }
  const pack = PolicyPack.start(project, path.join(project.root, "policy"));
  try {
    const planned = await preview(builtIn(session), pack);
    for (const { action, name, type, changed } of planned.steps) {
      if (action === "same") continue;
      progress.say(`  ${action.padEnd(7)}  ${name}  (${type})${changed.length > 0 ? `  ${changed.join(", ")}` : ""}`);
    }
    await enforcePolicies(pack, planned, progress);
    progress.say(
      planned.changes ? `Would be: ${summary(planned)}` : "Nothing to do: the stack is as the program says.",
    );
  } finally {
    pack.stop();
  }
}

export function builtIn({ project, progress, signal }: Session): Run {
  return { project, progress, signal, providers, state: State.open(project.root, project.name, project.stack) };
}

async function setUp(session: Session): Promise<void> {
  const { progress, signal } = session;
  const show = (message: string) => progress.note(message);
  await setUpStep("Docker", progress, () => ensureDocker(show));
  await refuseUnknownMachines(session);
  await setUpStep("machine image", progress, () => ensureMachineImage(show, signal));
}

/** Worth a line of its own only when there was something to do. */
async function setUpStep(what: string, progress: Progress, act: () => Promise<unknown>): Promise<void> {
  const started = Date.now();
  progress.begin(what);
  await act();
  if (Date.now() - started > 1000) progress.done(`${what} ready`);
  else progress.stop();
}

/** Returns whether anything was done. */
async function startBuiltIn(run: Run, pack: PolicyPack, first: () => Promise<void>): Promise<boolean> {
  run.progress.begin("comparing the program with what exists");
  const planned = await preview(run, pack);
  run.progress.begin("asking the policies");
  await enforcePolicies(pack, planned, run.progress);
  pack.stop();
  run.progress.stop();
  if (!planned.changes) {
    if (!containsUnknown(planned.outputs)) run.state.setOutputs(planned.outputs);
    return false;
  }
  await first();
  await up(run, planned);
  return true;
}
