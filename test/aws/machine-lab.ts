import { spawn, spawnSync } from "node:child_process";
import { gunzipSync } from "node:zlib";
import { parse, stringify } from "yaml";
import type { MachineFile } from "../../cloud-init";
import { file, machineImage, pack } from "../cloud-init/machine-image";
import type { PlannedInstance } from "./cloud";
import { type Aws, awscli, awscliMount } from "./lab";

/** A network of these tests' own. */
export const RANGE = "172.30.60.0/24";
const GATEWAY = "172.30.60.1";
const NAME = "web-infrastructure-test-aws";

/** Docker, or an error with what it said. */
function docker(args: string[], input?: Buffer): string {
  const { status, stdout, stderr, error } = spawnSync("docker", args, { input, encoding: "utf8", maxBuffer: 2 ** 24 });
  if (error || status !== 0) throw new Error(`docker ${args.slice(0, 3).join(" ")}: ${error?.message ?? stderr}`);
  return stdout;
}

/** Runs a script on a booted machine, without letting anything wait for it. */
export function onMachine(name: string, script: string): Promise<{ status: number; output: string }> {
  const child = spawn("docker", ["exec", `${NAME}-${name}`, "sh", "-c", script]);
  let output = "";
  for (const stream of [child.stdout, child.stderr]) stream.on("data", (data) => (output += data));
  return new Promise((resolve) => child.once("close", (status) => resolve({ status: status ?? -1, output })));
}

/** The network that machines and the imitation of AWS share. Returns this computer's address in it. */
export function makeNetwork(): string {
  removeMachines();
  docker(["network", "create", "--subnet", RANGE, "--gateway", GATEWAY, NAME]);
  return GATEWAY;
}

export function isRunning(name: string): boolean {
  return docker(["ps", "--format", "{{.Names}}"]).split("\n").includes(`${NAME}-${name}`);
}

/** Takes a machine's power away, and the machine. */
export function killMachine(name: string): void {
  letDiskGo(`${NAME}-${name}`);
  docker(["rm", "--force", "--volumes", `${NAME}-${name}`]);
}

/** A disk that is attached to this computer is free again once nobody has it mounted. */
function letDiskGo(container: string): void {
  spawnSync("docker", ["exec", container, "sh", "-c", "xargs --no-run-if-empty losetup --detach </opt/lab/device"]);
}

/** Removes everything that these tests make, also what an interrupted run of them left. */
export function removeMachines(): void {
  const left = docker(["ps", "--all", "--quiet", "--filter", `network=${NAME}`])
    .split("\n")
    .filter(Boolean);
  for (const each of left) letDiskGo(each);
  if (left.length > 0) docker(["rm", "--force", "--volumes", ...left]);
  spawnSync("docker", ["network", "rm", NAME], { stdio: "ignore" });
}

/**
 * Boots an instance's user-data as a machine of the Docker target. Exchanged are the data source (a directory instead of
 * EC2's) and the package source (the image has them, and awscli comes from the tests' tools); and where AWS is, as
 * systemd's default environment. What AWS's network would do with the site's public address, the machine does itself.
 */
export function bootMachine(
  aws: Aws,
  { name: resource, id, interfaceId, inputs }: PlannedInstance,
  publicAddress: string,
) {
  const name = (inputs.tags as Record<string, string>)["web-infrastructure.machine"] as string;
  const mac = "0a:00:00:00:00:01";
  const tags = Object.entries(inputs.tags as Record<string, string>).map(([key, value]) => [
    `tags/instance/${key}`,
    value,
  ]);
  const metadata = { "instance-id": id, mac, [`network/interfaces/macs/${mac}/interface-id`]: interfaceId };
  aws.set({ ...metadata, ...Object.fromEntries(tags) }, inputs.privateIp);

  const { package_update, packages, apt, ...userData } = parse(
    gunzipSync(Buffer.from(inputs.userDataBase64, "base64")).toString("utf8"),
  );
  if (!package_update || !packages.includes("awscli") || !apt) throw new Error(`${resource} installs nothing`);
  const environment = {
    AWS_ENDPOINT_URL: aws.machinesEndpoint,
    AWS_EC2_METADATA_SERVICE_ENDPOINT: aws.machinesEndpoint,
    PATIENCE: "60",
    DISKS: "/opt/lab",
  };
  const files: MachineFile[] = [
    awscli,
    file("/var/lib/cloud/seed/nocloud/meta-data", `instance-id: ${id}\nlocal-hostname: ${name}\n`),
    file("/var/lib/cloud/seed/nocloud/user-data", `#cloud-config\n${stringify(userData)}`),
    file(
      "/etc/systemd/system.conf.d/lab.conf",
      `[Manager]\nDefaultEnvironment=${Object.entries(environment)
        .map(([key, value]) => `${key}=${value}`)
        .join(" ")}\n`,
    ),
    file("/usr/local/bin/curl", AGENT_BY_CURL, "0755"),
  ];
  const container = `${NAME}-${name}`;
  docker([
    ...["create", "--name", container, "--hostname", name, "--network", NAME, "--ip", inputs.privateIp],
    ...["--cgroupns=private", "--cap-add=SYS_ADMIN", "--cap-add=NET_ADMIN", "--security-opt=apparmor=unconfined"],
    ...["--memory=1g", "--device-cgroup-rule=b 7:* rmw", "--device-cgroup-rule=c 10:237 rmw"],
    ...[...awscliMount, machineImage()],
  ]);
  docker(["cp", "-", `${container}:/`], pack(files));
  docker(["start", container]);
  const attach = tags.some(([key]) => key?.endsWith("data-volume"));
  const volume = (inputs.tags["web-infrastructure.data-volume"] ?? "") as string;
  docker([
    "exec",
    container,
    "sh",
    "-c",
    `ip address add ${publicAddress}/32 dev lo\n${attach ? attachVolume(volume) : ""}`,
  ]);
}

/** Attaches a data volume to a running machine, empty and under the name that Linux gives it on EC2. */
function attachVolume(volume: string): string {
  const disk = `/opt/lab/nvme-Amazon_Elastic_Block_Store_${volume.replaceAll("-", "")}`;
  return `set -e
mkdir -p /opt/lab
truncate --size=2G /opt/lab/disk
[ -e /dev/loop-control ] || mknod /dev/loop-control c 10 237
for number in $(seq 0 15); do [ -e /dev/loop$number ] || mknod /dev/loop$number b 7 $number; done
device=$(losetup --find --show /opt/lab/disk)
echo "$device" >/opt/lab/device
ln -s "$device" ${disk}`;
}

/** AWS's package of the Session Manager's agent, with a service of its name that does nothing. */
const AGENT_BY_CURL = `#!/bin/sh
case $* in
*amazon-ssm-agent.deb)
  package=/opt/lab/agent
  mkdir -p $package/DEBIAN $package/lib/systemd/system
  printf 'Package: amazon-ssm-agent\\nVersion: 1\\nArchitecture: all\\nMaintainer: none\\nDescription: none\\n' >$package/DEBIAN/control
  printf '[Service]\\nExecStart=/usr/bin/sleep infinity\\n[Install]\\nWantedBy=multi-user.target\\n' \\
    >$package/lib/systemd/system/amazon-ssm-agent.service
  while [ "$1" != --output ]; do shift; done
  exec dpkg-deb --build $package "$2"
  ;;
esac
exec /usr/bin/curl "$@"
`;
