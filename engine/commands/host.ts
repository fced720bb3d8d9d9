import type { DockerConfig } from "../../config";
import { presets } from "../../topology/presets";
import { docker, STACK_LABEL } from "../providers/docker-client";
import { refuseUsedRanges } from "../providers/docker-network";
import { checkPorts, checkResources } from "../setup/resources";
import { listMachines, publishedPorts } from "./containers";

/** What a new machine needs on disk beyond the image, in MiB. Seen: 180 after its founding; the rest is for logs and data. */
const DISK_PER_MACHINE = 500;

/** Throws a UserError when this computer can't take what a stack still lacks: ports, addresses, memory, disk. */
export async function checkHost(
  { topology, memory, addressRange, ...settings }: DockerConfig,
  stack: string,
): Promise<void> {
  const held = await publishedPorts(stack);
  const ports = { httpPort: settings.httpPort, httpsPort: settings.httpsPort };
  await checkPorts(Object.fromEntries(Object.entries(ports).filter(([, port]) => port !== 0 && !held.includes(port))));

  // A stack that has a network may change its range to one that overlaps the old, which goes first.
  const networks = await docker().listNetworks({ filters: { label: [`${STACK_LABEL}=${stack}`] } });
  const own = networks.flatMap(({ IPAM }) => (IPAM?.Config ?? []).flatMap(({ Subnet }) => Subnet ?? []));
  if (!own.includes(addressRange)) await refuseUsedRanges([addressRange], own);

  const there = (await listMachines(stack)).map(({ name }) => name);
  const missing = presets[topology].filter(({ name }) => !there.includes(name));
  await checkResources({ memory: missing.map(() => memory), disk: missing.length * DISK_PER_MACHINE });
}
