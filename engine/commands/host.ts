import { LABEL } from "../../topology";
import { UserError } from "../errors";
import { docker } from "../providers/docker-client";
import { refuseUsedRanges } from "../providers/docker-network";
import { checkPorts, checkResources } from "../setup/resources";
import { State } from "../state";
import { listMachines, publishedPorts } from "./containers";
import type { Session, Settings } from "./session";

/** What a new machine needs on disk beyond the image, in MiB. Seen: 180 after its founding; the rest is for logs and data. */
const DISK_PER_MACHINE = 500;

/** Throws a UserError when this computer can't take what a stack still lacks: ports, addresses, memory, disk. */
export async function checkHost({ config, topology }: Settings, stack: string): Promise<void> {
  const { addressRange, httpPort, httpsPort } = config;
  const held = await publishedPorts(stack);
  const ports = { httpPort, httpsPort };
  await checkPorts(Object.fromEntries(Object.entries(ports).filter(([, port]) => port !== 0 && !held.includes(port))));

  // A stack that has a network may change its range to one that overlaps the old, which goes first.
  const networks = await docker().listNetworks({ filters: { label: [`${LABEL.stack}=${stack}`] } });
  const own = networks.flatMap(({ IPAM }) => (IPAM?.Config ?? []).flatMap(({ Subnet }) => Subnet ?? []));
  if (!own.includes(addressRange)) await refuseUsedRanges([addressRange], own);

  const there = await listMachines(stack);
  const missing = topology.machines.filter((planned) => !there.some(({ name }) => name === planned.name));
  await checkResources({ memory: missing.map(({ size }) => size.memory), disk: missing.length * DISK_PER_MACHINE });
}

/**
 * Throws a UserError when there are machines of this stack, and this directory knows nothing of them: another clone of the
 * project made them, which may still use them, or `.state` was lost.
 */
export async function refuseUnknownMachines({ project: { root, name, stack }, cli }: Session): Promise<void> {
  const knows = cli
    ? cli.backend.hasStack() || cli.backend.pendingCreates().length > 0
    : !State.open(root, name, stack).empty;
  if (knows) return;
  const there = (await listMachines(stack)).map((machine) => machine.name);
  if (there.length === 0) return;
  const option = stack === "local" ? "" : ` -- --stack ${stack}`;
  throw new UserError(
    `Machines of stack ${stack} exist already (${there.join(", ")}), but this directory's state doesn't know them: another clone ` +
      `made them, or the state was lost. Go on in that clone, or remove them: \`npm run destroy${option}\` (their data stays, and ` +
      "the next `npm start` takes it up). Nothing was touched.",
  );
}
