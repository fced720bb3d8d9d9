import { createServer, type Socket } from "node:net";
import { grafanaDashboard } from "../../cloud-init/grafana";
import { ports } from "../../topology";
import { UserError } from "../errors";
import type { Project } from "../project";
import { docker } from "../providers/docker-client";
import type { KnownMachine } from "./health";
import { refuseCloud } from "./session";
import { askMachines } from "./status";

/** `npm run --silent monitor -- --grafana`: the dashboard for people who run a Grafana. */
export function printGrafanaDashboard(): void {
  console.log(JSON.stringify(grafanaDashboard(), undefined, 2));
}

/**
 * `npm run monitor`: the pages of a monitor on 127.0.0.1, until Ctrl-C. They are open to this computer only, and on the
 * machines to nobody: the way there is `docker exec`, so who may use Docker may see them.
 */
export async function monitor(project: Project, signal: AbortSignal): Promise<void> {
  refuseCloud(project);
  const machine = chosen(await askMachines(project.stack));
  const prometheus = await forward(machine, ports.prometheus);
  const alertmanager = await forward(machine, ports.alertmanager);
  console.log(`By ${machine.name}, until Ctrl-C:`);
  console.log(`  dashboard     http://127.0.0.1:${prometheus}/user/`);
  console.log(`  Prometheus    http://127.0.0.1:${prometheus}/`);
  console.log(`  Alertmanager  http://127.0.0.1:${alertmanager}/ (to silence an alert)`);
  await new Promise<void>((resolve) => signal.addEventListener("abort", () => resolve()));
}

/** A monitor that answers. */
function chosen(machines: readonly KnownMachine[]): KnownMachine {
  const monitors = machines.filter(({ roles }) => roles.includes("monitor"));
  if (monitors.length === 0)
    throw new UserError(
      "This stack has no machine with the role monitor: see docs/monitoring.md, or set one in `machines`.",
    );
  const able = monitors.find(({ status }) => status?.monitor?.alerts);
  if (!able)
    throw new UserError(
      `Prometheus answers on none of ${monitors.map(({ name }) => name).join(", ")}: see \`npm run status\`.`,
    );
  return able;
}

/** Listens on the same port here, or on any when that is taken; resolves to the port. */
function forward(machine: KnownMachine, port: number): Promise<number> {
  const server = createServer((socket) => {
    socket.on("error", () => socket.destroy());
    connect(machine, port, socket).catch(() => socket.destroy());
  });
  return new Promise((resolve, reject) => {
    const listening = () => resolve((server.address() as { port: number }).port);
    server.once("error", () => server.once("error", reject).listen(0, "127.0.0.1", listening));
    server.listen(port, "127.0.0.1", listening);
  });
}

/** One connection, from here into the machine: bash opens it there, and ends with whichever side ends first. */
async function connect({ container, address }: KnownMachine, port: number, socket: Socket): Promise<void> {
  const script = `exec 3<>/dev/tcp/${address}/${port}; cat <&3 & cat >&3 & wait -n; kill $(jobs -p)`;
  const exec = await docker()
    .getContainer(container)
    .exec({ Cmd: ["bash", "-c", script], AttachStdin: true, AttachStdout: true });
  const stream = await exec.start({ hijack: true, stdin: true });
  docker().modem.demuxStream(stream, socket, process.stderr);
  socket.pipe(stream);
  stream.on("end", () => socket.end());
  stream.on("error", () => socket.destroy());
}
