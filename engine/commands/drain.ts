import { UserError } from "../errors";
import { runIn } from "../providers/container-command";
import { docker } from "../providers/docker-client";
import type { KnownMachine } from "./health";
import { primaryOf } from "./promote";
import { readSettings, type Session } from "./session";
import { askMachines } from "./status";

/** Roles whose work goes on elsewhere while a machine is drained. */
const BALANCED = ["load-balancer", "web", "application"] as const;

/** `npm run drain -- web-1`: takes a machine out of balancing. It finishes what it has; its services go on. */
export async function drain(session: Session, name: string): Promise<void> {
  const { project, progress } = session;
  readSettings(project);
  const machines = await askMachines(project.stack);
  const machine = requireRunning(machines, name);
  const reason = whyNotDrained(machines, machine);
  if (reason) throw new UserError(`${reason} Nothing was changed.`);
  await runOn(machine, ["machine-drain", "--stay"], session, `draining ${name}`);
  progress.done(
    `${name} is out of balancing, also after a restart, until \`npm run drain -- ${name} --undo\` or a new machine`,
  );
  if (primaryOf(await askMachines(project.stack)) === name)
    progress.say(`  ${name} still is the primary database: \`npm run promote -- <another>\` moves that.`);
}

/** `npm run drain -- web-1 --undo`: takes a machine back into balancing. */
export async function undrain(session: Session, name: string): Promise<void> {
  readSettings(session.project);
  const machine = requireRunning(await askMachines(session.project.stack), name);
  await runOn(machine, ["machine-drain", "--undo"], session, `taking ${name} back`);
  session.progress.done(`${name} is back in balancing`);
}

/** Runs a command on a machine. Throws a UserError with what it said when it fails. */
async function runOn(machine: KnownMachine, command: string[], { progress }: Session, doing: string): Promise<void> {
  progress.begin(doing);
  const { exitCode, output } = await runIn(docker().getContainer(machine.container), command);
  if (exitCode !== 0) throw new UserError(`${machine.name}: ${command.join(" ")} failed: ${output}`);
  if (progress.verbose) progress.say(output);
}

/** Why a machine can't be taken out of balancing: it is the last one that does what it does. Empty when it can. */
export function whyNotDrained(machines: readonly KnownMachine[], machine: KnownMachine): string {
  const { name } = machine;
  if (!machine.roles.some((role) => role === "database" || BALANCED.some((each) => each === role)))
    return `${name} gets no requests, so there is nothing to take it out of.`;
  for (const role of BALANCED.filter((each) => machine.roles.includes(each))) {
    const alike = machines.filter((each) => each.name !== name && each.roles.includes(role));
    const able = alike.filter(({ status }) => status?.ready.exit === 0 && !status.drained);
    if (alike.length === 0) return `${name} is the only machine with the role ${role}: without it there is no site.`;
    if (able.length === 0)
      return `No other machine with the role ${role} is ready and in balancing (${alike.map((each) => each.name).join(", ")}): see \`npm run status\`.`;
  }
  return "";
}

function requireRunning(machines: readonly KnownMachine[], name: string): KnownMachine {
  const machine = machines.find((each) => each.name === name);
  if (!machine) {
    const names = machines.map((each) => each.name).join(", ") || "none";
    throw new UserError(`${name} is no machine of this stack. There are: ${names}. Nothing was changed.`);
  }
  if (machine.state !== "running")
    throw new UserError(`${name} is ${machine.state}: it gets no requests anyway. \`npm start\` starts it again.`);
  return machine;
}
