import { PassThrough } from "node:stream";
import { z } from "zod";
import { UserError } from "../errors";
import type { Project } from "../project";
import { outputOf } from "../providers/container-command";
import { docker } from "../providers/docker-client";
import { explained } from "../providers/docker-errors";
import { listMachines, type MachineContainer } from "./containers";
import { refuseCloud } from "./session";

/** The program on each database machine that does the work; on AWS a person calls it there. */
const PROGRAM = "/usr/local/sbin/machine-backup";

/** What `machine-backup who` prints: whose turn it is to back up, and who the primary is. */
const roles = z.object({ turn: z.string().nullable(), primary: z.string().nullable() });

/** `npm run backup`: a full backup now, or the list of what is kept. */
export async function backup(project: Project, list: boolean): Promise<void> {
  const { machines, turn } = await databases(project);
  const machine = machines.find(({ name }) => name === turn) ?? (list ? machines[0] : undefined);
  if (!machine) throw new UserError("No database has data that may be read: `npm run status` says why.");
  await run(machine, [list ? "list" : "now"]);
}

export interface RestoreOptions {
  /** Everything that was committed before this second: `2026-01-31 23:59:58` (UTC), or `latest`. */
  readonly at: string;
  /** `database.table`, to bring back alone. */
  readonly table?: string;
  /** The stack's name, where nobody can be asked. */
  readonly confirm?: string;
}

/** `npm run restore`: brings the data of a point in time back, through the primary. */
export async function restore(project: Project, { at, table, confirm }: RestoreOptions): Promise<void> {
  const { machines, primary } = await databases(project);
  const machine = machines.find(({ name }) => name === primary);
  if (!machine)
    throw new UserError("There is no primary to restore through: `npm run status` says why. Nothing was touched.");
  const options = [...(table ? ["--table", table] : []), ...(confirm ? ["--confirm", confirm] : [])];
  await run(machine, ["restore", "--at", at, ...options]);
}

async function databases(project: Project) {
  refuseCloud(project);
  const machines = (await listMachines(project.stack)).filter(
    ({ state, roles }) => state === "running" && roles.includes("database"),
  );
  for (const machine of machines) {
    const printed = await outputOf(docker().getContainer(machine.container), [PROGRAM, "who"], 15_000);
    const known = roles.safeParse(JSON.parse(printed || "null"));
    if (known.success) return { machines, ...known.data };
  }
  throw new UserError(`No database machine of stack ${project.stack} runs and answers. \`npm start\` brings it up.`);
}

/** Runs the program on a machine as a person would at its terminal. Throws a UserError when it fails; it has said why. */
async function run({ container, name }: MachineContainer, args: string[]): Promise<void> {
  const interactive = process.stdin.isTTY === true;
  await explained(async () => {
    const exec = await docker()
      .getContainer(container)
      .exec({ Cmd: [PROGRAM, ...args], AttachStdin: interactive, AttachStdout: true, AttachStderr: true });
    const stream = await exec.start({ hijack: true, stdin: interactive });
    const errors = new PassThrough();
    let words = "";
    errors.on("data", (data) => (words += data));
    docker().modem.demuxStream(stream, process.stdout, errors);
    if (interactive) process.stdin.pipe(stream);
    await new Promise((resolve) => stream.once("close", resolve).once("end", resolve));
    if ((await exec.inspect()).ExitCode !== 0) throw new UserError(words.trim() || `${PROGRAM} failed on ${name}.`);
  });
}
