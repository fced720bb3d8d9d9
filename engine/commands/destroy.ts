import { once } from "node:events";
import { existsSync } from "node:fs";
import { createInterface } from "node:readline/promises";
import { destroyState, type Run } from "../engine";
import { UserError } from "../errors";
import { docker } from "../providers/docker-client";
import { ensureDocker } from "../setup/docker";
import { State, stackDirectory } from "../state";
import { removeByLabel } from "./containers";
import { mend, somethingGone } from "./mend";
import { refuseCloud, type Session } from "./session";
import { builtIn } from "./start";

/** `npm run destroy`: removes what the stack consists of; the data volumes too with `--data`, for which it asks in a terminal. */
export async function destroy(session: Session, withData: boolean): Promise<void> {
  const { project, progress, signal, cli } = session;
  refuseCloud(project);
  if (withData && process.stdin.isTTY) await confirm(project.stack, signal);
  const reachable = await docker()
    .ping()
    .then(Boolean, () => false);
  if (!reachable && !existsSync(`${stackDirectory(project.root, project.stack)}/state.json`) && !cli) {
    progress.say(`There is nothing to destroy: no Docker here, and no state of stack ${project.stack}.`);
    return;
  }
  if (!reachable) {
    progress.begin("starting Docker, to remove what is in it");
    await ensureDocker((message) => progress.note(message));
    progress.stop();
  }

  if (cli) {
    await cli.select();
    await mend(session, cli);
    await cli.destroy(await somethingGone(cli));
  } else {
    await destroyKnown(session, withData);
  }
  // Then everything else with the stack's label: what a lost or damaged state doesn't know.
  const kept = await removeByLabel(project.stack, withData, progress);
  State.remove(project.root, project.stack);
  progress.say(
    kept.length === 0
      ? `No machine and no data of stack ${project.stack} is left.`
      : `Kept: the data, in the Docker volumes ${kept.join(", ")}. The next \`npm start\` takes them up again; ` +
          `\`npm run destroy -- --data${project.stack === "local" ? "" : ` --stack ${project.stack}`}\` removes them.`,
  );
  progress.say("Backups stay, with the password that they can be read by: docs/backups.md says where.");
  progress.say("The machine image stays, for the next start: `docker image ls web-infrastructure/machine` shows it.");
}

/** Throws a UserError unless the person types the stack's name. */
async function confirm(stack: string, signal: AbortSignal): Promise<void> {
  // as a terminal of its own it would take Ctrl-C away from us
  const lines = createInterface({ input: process.stdin, output: process.stdout, terminal: false });
  const question = `All data of stack ${stack} will be removed, but for its backups. Type ${stack} to go on: `;
  const nobody = once(lines, "close").then(() => "");
  const answer = await Promise.race([lines.question(question, { signal }), nobody]);
  lines.close();
  if (answer.trim() !== stack) throw new UserError("Nothing was touched.");
}

async function destroyKnown(session: Session, withData: boolean): Promise<void> {
  let run: Run;
  try {
    run = builtIn(session);
  } catch (error) {
    // A state that can't be read must not keep anybody from removing the machines: the labels find them.
    if (!(error instanceof UserError)) throw error;
    session.progress.say(`  ${error.message}\n  Going on by label.`);
    return;
  }
  await destroyState(run, withData);
}
