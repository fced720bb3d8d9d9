import { UserError } from "../errors";
import type { Project } from "../project";
import { runIn } from "../providers/container-command";
import { docker } from "../providers/docker-client";
import { listMachines, type MachineContainer } from "./containers";
import { refuseCloud } from "./session";

export interface LogsOptions {
  readonly stack: string;
  readonly follow: boolean;
  readonly lines: string;
  readonly grep?: string;
}

/** Names for people, and the units of systemd that they mean. */
const UNITS: Record<string, readonly string[]> = {
  php: ["php8.4-fpm"],
  mysql: ["mysql", "database-agent"],
  backup: ["machine-backup"],
  monitor: ["prometheus", "prometheus-alertmanager", "prometheus-blackbox-exporter"],
};

/**
 * `npm run logs -- web-1 haproxy`: what a service of a machine wrote into the machine's journal; without a machine, that of
 * all, each line with its name.
 */
export async function logs(
  project: Project,
  name: string | undefined,
  service: string | undefined,
  { follow, lines, grep }: Omit<LogsOptions, "stack">,
): Promise<void> {
  refuseCloud(project);
  if (!/^\d+$/.test(lines)) throw new UserError(`--lines takes a whole number, not ${lines}.`);
  const all = await listMachines(project.stack);
  const machines = name && name !== "all" ? all.filter((machine) => machine.name === name) : all;
  if (machines.length === 0)
    throw new UserError(
      `${name ?? "A machine"} isn't there; there are: ${all.map((each) => each.name).join(", ") || "none"}.`,
    );
  const stopped = machines.find(({ state }) => state !== "running");
  if (stopped)
    throw new UserError(
      `${stopped.name} is ${stopped.state}: its journal can be read while it runs. \`npm start\` starts it.`,
    );
  const units = service === undefined ? [] : (UNITS[service] ?? [service]);
  const found = service === undefined ? machines : await machinesThatHave(units, machines);
  if (found.length === 0) {
    const who = name && name !== "all" ? `${name} has no` : "No machine has a";
    throw new UserError(
      `${who} service ${service}: see \`npm run logs -- --help\`, or \`systemctl list-units\` there.`,
    );
  }
  const command = [
    "journalctl",
    "--no-pager",
    "--output=short-iso",
    `--lines=${lines}`,
    ...(follow ? ["--follow"] : []),
    ...(grep ? [`--grep=${grep}`] : []),
    ...units.map((unit) => `--unit=${unit}`),
  ];
  // nobody reads any more: `| head`
  process.stdout.on("error", () => process.exit());
  await Promise.all(found.map(({ container }) => print(container, command)));
}

async function machinesThatHave(units: readonly string[], machines: readonly MachineContainer[]) {
  const has = await Promise.all(
    machines.map(async ({ container }) => {
      const { output } = await runIn(docker().getContainer(container), [
        "systemctl",
        "show",
        "--property=LoadState",
        ...units,
      ]);
      return output.includes("=loaded");
    }),
  );
  return machines.filter((_, index) => has[index]);
}

/** Prints what a command in a container says, as it says it. */
async function print(container: string, Cmd: string[]): Promise<void> {
  const exec = await docker().getContainer(container).exec({ Cmd, AttachStdout: true, AttachStderr: true });
  const stream = await exec.start({});
  docker().modem.demuxStream(stream, process.stdout, process.stderr);
  await new Promise((resolve) => stream.once("end", resolve));
}
