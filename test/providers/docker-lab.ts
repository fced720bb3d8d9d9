import assert from "node:assert/strict";
import type { CreateContext, Properties, ResourceProvider } from "../../engine/provider";
import { providers } from "../../engine/providers";
import { docker } from "../../engine/providers/docker-client";
import { runCommand } from "../../engine/setup/command";
import { findMachineImage } from "../../engine/setup/machine-image";

/** A stack of its own with an address range of its own, so that nobody's machines are touched. */
export const STACK = "test-providers";
export const RANGE = "172.31.20.0/24";
export const labels = [{ label: "web-infrastructure.stack", value: STACK }];

const provider = (token: string): ResourceProvider => providers[token] as ResourceProvider;
export const network = provider("docker:index/network:Network");
export const volume = provider("docker:index/volume:Volume");
export const container = provider("docker:index/container:Container");

export const networkInputs: Properties = {
  name: `${STACK}-network`,
  ipamConfigs: [{ subnet: RANGE, gateway: "172.31.20.1", ipRange: "172.31.20.224/27" }],
  labels,
};

/** A context that keeps what was shown. */
export function recorder(signal = new AbortController().signal): CreateContext & { readonly shown: string[] } {
  const shown: string[] = [];
  return { shown, signal, progress: (message) => shown.push(message) };
}

export function create(type: ResourceProvider, inputs: Properties, context: CreateContext = recorder()) {
  return type.create(type.check(inputs), context);
}

/** Shell commands as the machine's readiness check; what it writes is what `progress` shows. */
export function machineInputs(readiness: string, image: string, more: Properties = {}): Properties {
  return {
    name: `${STACK}-web-1`,
    hostname: "web-1",
    image,
    restart: "unless-stopped",
    memory: 512,
    memorySwap: 512,
    cpuQuota: 100_000,
    capabilities: { adds: ["CAP_SYS_ADMIN", "CAP_NET_ADMIN"] },
    securityOpts: ["apparmor=unconfined"],
    cgroupnsMode: "private",
    stopTimeout: 30,
    destroyGraceSeconds: 30,
    networksAdvanced: [{ name: networkInputs.name, ipv4Address: "172.31.20.12" }],
    uploads: [
      { file: "/var/lib/cloud/seed/nocloud/meta-data", content: "instance-id: web-1\n" },
      { file: "/var/lib/cloud/seed/nocloud/user-data", content: userData },
    ],
    healthcheck: {
      tests: ["CMD-SHELL", readiness],
      interval: "1s",
      timeout: "10s",
      startPeriod: "5m0s",
      retries: 3,
    },
    wait: true,
    waitTimeout: 60,
    labels,
    ...more,
  };
}

const userData = `#cloud-config
write_files:
  - path: /etc/written-by-cloud-init
    content: written by cloud-init
`;

/** Ready when systemd has started everything without a failure and cloud-init is done. */
export const BOOTED = [
  "systemctl is-system-running | grep -qx running || { echo systemd is starting; exit 1; }",
  "cloud-init status | grep -q done || { echo cloud-init is working; exit 1; }",
].join("; ");

export async function machineImage(): Promise<string> {
  const image = await findMachineImage();
  assert.ok(image, "the machine image is missing: run `npm run image` (`npm test` does)");
  return image;
}

/** Output of a command in the running machine. */
export async function inMachine(...command: string[]): Promise<string> {
  const { output, exitCode, log } = await runCommand("docker", ["exec", `${STACK}-web-1`, ...command]);
  assert.equal(exitCode, 0, log);
  return output.trim();
}

/** Removes everything that these tests make, also what an interrupted run of them left. */
export async function removeEverything(): Promise<void> {
  const filters = { label: [`web-infrastructure.stack=${STACK}`] };
  for (const { Id } of await docker().listContainers({ all: true, filters })) {
    await docker().getContainer(Id).remove({ force: true });
  }
  for (const { Id } of await docker().listNetworks({ filters })) await docker().getNetwork(Id).remove();
  for (const { Name } of (await docker().listVolumes({ filters })).Volumes) await docker().getVolume(Name).remove();
}
