import { UserError } from "../errors";
import { runIn } from "../providers/container-command";
import { docker } from "../providers/docker-client";
import type { KnownMachine } from "./health";
import { readSettings, type Session } from "./session";
import { askMachines } from "./status";

/** What a promotion consists of: a command on one of the machines. */
export interface Promotion {
  /** The machine that the command runs on. */
  readonly on: KnownMachine;
  readonly command: string[];
}

/** `npm run promote -- web-2`: makes another database the primary. `acceptLoss`: though that may lose what was written. */
export async function promote(session: Session, name: string, acceptLoss: boolean): Promise<void> {
  const { project, progress } = session;
  readSettings(project);
  const planned = planPromotion(await askMachines(project.stack), name, acceptLoss);
  if (!planned) return progress.say(`${name} is the primary already.`);
  const { on, command } = planned;
  progress.begin(`${on.name}: ${command.join(" ")}`);
  const { exitCode, output } = await runIn(docker().getContainer(on.container), command);
  if (exitCode !== 0) throw new UserError(`${name} was not promoted. ${output}`);
  progress.done(output);
}

/**
 * How to make a machine the primary: by the present primary when it lives, so that nothing is lost, or else by the replica.
 * Nothing when it is the primary.
 * @throws UserError when the machine is no database, or when two might write
 */
export function planPromotion(
  machines: readonly KnownMachine[],
  name: string,
  acceptLoss: boolean,
): Promotion | undefined {
  const databases = machines.filter(({ roles }) => roles.includes("database"));
  const heir = databases.find((machine) => machine.name === name);
  if (!heir) {
    throw new UserError(
      `${name} is no database machine of this stack. There are: ${databases.map((machine) => machine.name).join(", ") || "none"}. ` +
        "Nothing was changed.",
    );
  }
  if (heir.state !== "running")
    throw new UserError(`${name} is ${heir.state}, so it can't become the primary. \`npm start\` starts it again.`);
  const primary = databases.find((machine) => machine.name === primaryOf(databases));
  if (primary === heir && heir.status?.database?.settled) return undefined;
  if (!primary || primary === heir || primary.state !== "running")
    return { on: heir, command: ["database-agent", "promote", ...(acceptLoss ? ["--accept-loss"] : [])] };
  if (!primary.status?.database) {
    throw new UserError(
      `The primary ${primary.name} runs, but doesn't answer: it may still accept writes, so with another primary there would be two, ` +
        `each with what the other lacks. Stop it first (\`docker kill ${primary.container}\`), then promote ${name}. Nothing was changed.`,
    );
  }
  return { on: primary, command: ["database-agent", "hand-over", name] };
}

/** The primary as the machines that answer know it: the group's, or the one of the newest record; none when nobody knows. */
export function primaryOf(machines: readonly KnownMachine[]): string | undefined {
  const known = machines.map(({ status }) => status?.database?.database);
  const elected = known.find((each) => each?.group && each.primary)?.primary;
  if (elected) return elected;
  const records = known.map((each) => each?.record ?? { term: 0, primary: "" });
  return records.sort((one, other) => other.term - one.term)[0]?.primary || undefined;
}
