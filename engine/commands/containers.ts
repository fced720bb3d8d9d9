import type Docker from "dockerode";
import { LABEL } from "../../topology";
import { UserError } from "../errors";
import type { Progress } from "../progress";
import { docker, unlessMissing } from "../providers/docker-client";
import { explained } from "../providers/docker-errors";

/** How long a machine that is started again may take to be ready, in milliseconds. */
const READY_TIMEOUT = 120_000;
const POLL_INTERVAL = 500;

/** A machine of a stack as Docker sees it, whichever engine made it. */
export interface MachineContainer {
  readonly name: string;
  readonly container: string;
  /** Docker's word: running, exited, paused … */
  readonly state: string;
  /** healthy, unhealthy, starting; empty when it doesn't run. */
  readonly health: string;
  readonly address: string;
  readonly roles: readonly string[];
  /** All database machines of the topology it was made for, when it is one of them. */
  readonly databases: readonly string[];
  /** Ports of this computer that lead to it, also while it is stopped. */
  readonly ports: readonly number[];
}

/** All machines of a stack, found by their label, by name. */
export async function listMachines(stack: string): Promise<MachineContainer[]> {
  const machines = (await inspectAll(stack)).map(describe);
  return machines.sort((one, other) => one.name.localeCompare(other.name));
}

/** The ports of this computer that lead to machines of a stack, those of stopped ones too. */
export async function publishedPorts(stack: string): Promise<number[]> {
  return (await inspectAll(stack)).flatMap(portsOf);
}

/** What Docker knows of each container of a stack; one that goes away meanwhile is left out. */
function inspectAll(stack: string): Promise<Docker.ContainerInspectInfo[]> {
  return explained(async () => {
    const containers = await docker().listContainers({ all: true, filters: { label: [`${LABEL.stack}=${stack}`] } });
    const details = await Promise.all(containers.map(({ Id }) => unlessMissing(docker().getContainer(Id).inspect())));
    return details.filter((each) => each !== undefined);
  });
}

function portsOf({ HostConfig }: Docker.ContainerInspectInfo): number[] {
  const bindings = (HostConfig.PortBindings ?? {}) as Record<string, { HostPort: string }[]>;
  return Object.values(bindings)
    .flat()
    .map(({ HostPort }) => Number(HostPort));
}

function listOf(label: string | undefined): string[] {
  return (label ?? "").split(",").filter(Boolean);
}

function describe(details: Docker.ContainerInspectInfo): MachineContainer {
  const { State, Config, NetworkSettings } = details;
  const network = Object.values(NetworkSettings.Networks)[0];
  return {
    name: Config.Labels[LABEL.machine] ?? details.Name.slice(1),
    container: details.Name.slice(1),
    state: State.Status,
    health: State.Running ? (State.Health?.Status ?? "") : "",
    address: network?.IPAMConfig?.IPv4Address ?? network?.IPAddress ?? "",
    roles: listOf(Config.Labels[LABEL.roles]),
    databases: listOf(Config.Labels[LABEL.databases]),
    ports: portsOf(details),
  };
}

/**
 * Starts the machines that were stopped (a reboot, `docker stop`), all at once, and waits until they are ready.
 * @param expected names of all machines that the stack should have: what was stopped may need one that is gone, and is
 *   not waited for then; the machine that is made anew will
 */
export async function startStopped(
  stack: string,
  expected: readonly string[],
  progress: Progress,
  signal: AbortSignal,
): Promise<boolean> {
  const machines = await listMachines(stack);
  const stopped = machines.filter(({ state }) => state === "exited" || state === "paused");
  if (stopped.length === 0) return false;
  // Together: after a stop of all of them the databases need each other to be ready.
  const names = stopped.map(({ name }) => name).join(", ");
  progress.begin(`starting ${names}, which had been stopped`);
  await Promise.all(
    stopped.map(({ container, state }) =>
      explained(() => {
        const handle = docker().getContainer(container);
        return state === "paused" ? handle.unpause() : handle.start();
      }),
    ),
  );
  if (expected.some((name) => !machines.some((machine) => machine.name === name))) {
    progress.done(`${names} started again`);
    return true;
  }
  const deadline = Date.now() + READY_TIMEOUT;
  for (;;) {
    signal.throwIfAborted();
    const waiting = (await listMachines(stack)).filter(
      ({ container, health }) => stopped.some((machine) => machine.container === container) && health !== "healthy",
    );
    if (waiting.length === 0) break;
    if (Date.now() > deadline) {
      throw new UserError(
        `${waiting.map(({ name }) => name).join(", ")} did not get ready within ${READY_TIMEOUT / 1000} s after being started. ` +
          `\`docker logs ${waiting[0]?.container}\` may say why; \`npm run destroy\` and \`npm start\` make new machines with the same data.`,
      );
    }
    progress.note(`waiting for ${waiting.map(({ name }) => name).join(", ")}`);
    await new Promise((resolve) => setTimeout(resolve, POLL_INTERVAL));
  }
  progress.done(`${names} started again and ready`);
  return true;
}

/**
 * Removes whatever carries the stack's label, whether a state knows it or not. Volumes only `withData`; returns the names of
 * those that are kept.
 */
export async function removeByLabel(stack: string, withData: boolean, progress: Progress): Promise<string[]> {
  const filters = { label: [`${LABEL.stack}=${stack}`] };
  const kept: string[] = [];
  for (const { Id, Names } of await docker().listContainers({ all: true, filters })) {
    const name = Names[0]?.slice(1) ?? Id;
    progress.begin(`deleting ${name}`);
    // In order, for the sake of the database; a machine that doesn't stop is removed all the same.
    await docker()
      .getContainer(Id)
      .stop()
      .catch(() => undefined);
    await unlessMissing(docker().getContainer(Id).remove({ force: true }));
    progress.done(`${name} deleted`);
  }
  for (const { Id, Name } of await docker().listNetworks({ filters })) {
    await unlessMissing(docker().getNetwork(Id).remove());
    progress.say(`  ✔ network ${Name} deleted`);
  }
  const { Volumes } = await docker().listVolumes({ filters });
  for (const { Name } of Volumes ?? []) {
    if (!withData) kept.push(Name);
    else {
      await unlessMissing(docker().getVolume(Name).remove());
      progress.say(`  ✔ volume ${Name} deleted`);
    }
  }
  return kept;
}
