import { LABEL } from "../../topology";
import { docker } from "../providers/docker-client";
import { refuseUsedRanges } from "../providers/docker-network";
import { checkPorts, checkResources } from "../setup/resources";
import { listMachines, publishedPorts } from "./containers";
import type { Settings } from "./session";

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
