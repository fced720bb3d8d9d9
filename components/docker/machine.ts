import * as docker from "@pulumi/docker";
import * as pulumi from "@pulumi/pulumi";
import { APPLICATION_DIRECTORY, PROGRAMS_ARCHIVE } from "../../cloud-init";
import { BACKUP_DIRECTORY, LABEL, type MachineSize } from "../../topology";
import type { SecretFile, TargetMachine } from "../target";
import { DockerApplication } from "./application";

export interface DockerMachineArgs {
  /** Name of the container, unique on the Docker engine. */
  readonly containerName: pulumi.Input<string>;
  /** Host name of the machine, such as `web-1`. */
  readonly hostname: pulumi.Input<string>;
  /** Roles of the machine, for the label that policies and people read. */
  readonly roles: readonly string[];
  /** Names of all database machines of the topology, on one of them: what a later change of the topology compares. @default none */
  readonly databases?: readonly string[];
  /** Id of the machine image (`sha256:…`). */
  readonly image: pulumi.Input<string>;
  /** The cloud-init user-data. Holds no secret. */
  readonly userData: pulumi.Input<string>;
  /** What the user-data unpacks: a tar archive, gzip in base64. Holds no secret. */
  readonly programsBase64: pulumi.Input<string>;
  /** Files with secrets, there before the machine boots, mode 0600. */
  readonly secretFiles: readonly SecretFile[];
  /** The wanted version of the application, and the directory of this computer that has it. @default none */
  readonly application?: { readonly directory: string; readonly sha256: string; readonly offered: number };
  /** Name of the Docker network. */
  readonly networkName: pulumi.Input<string>;
  /** Fixed IPv4 address in the network. */
  readonly address: pulumi.Input<string>;
  /** Ports of this computer's loopback that lead to the machine. @default none */
  readonly publishedPorts?: readonly { readonly internal: number; readonly external: number }[];
  /** A volume that outlives the machine, and where it is mounted. @default none */
  readonly dataVolume?: { readonly name: string; readonly path: string };
  /** A directory of this computer for backups. @default none */
  readonly backupDirectory?: string;
  /** Upper limits, not reservations. */
  readonly size: MachineSize;
  /** Command that exits with 0 once the machine is ready. */
  readonly readiness: readonly string[];
  /** Labels of everything the machine consists of. */
  readonly labels: Readonly<Record<string, pulumi.Input<string>>>;
}

/** Seconds a machine may take to its first readiness. Seen: 4 to 12; the rest is for a slow or busy computer. */
const READINESS_TIMEOUT_SECONDS = 300;

/** Seconds that services get for an orderly stop; MySQL takes 2 to 8 of them. */
const STOP_TIMEOUT_SECONDS = 60;

/** Microseconds: the time in which a machine may use so much of a core, by default. */
const CPU_PERIOD = 100_000;

/** A virtual machine as a container: it boots systemd, runs cloud-init with the NoCloud data source and gets ready. */
export class DockerMachine extends pulumi.ComponentResource implements TargetMachine {
  readonly details: { readonly container: pulumi.Output<string> };
  readonly containerName: pulumi.Output<string>;
  readonly address: pulumi.Output<string>;

  constructor(name: string, args: DockerMachineArgs, opts?: pulumi.ComponentResourceOptions) {
    super("web-infrastructure:docker:Machine", name, withoutSecrets(args), opts);
    const labels = dockerLabels(args.labels);

    const volume =
      args.dataVolume &&
      new docker.Volume(
        `${name}-data`,
        { name: args.dataVolume.name, labels },
        // The data outlives the stack: `npm run destroy -- --data` is the only thing that removes it.
        { parent: this, retainOnDelete: true, deleteBeforeReplace: true },
      );

    const container = new docker.Container(
      `${name}-container`,
      {
        name: args.containerName,
        hostname: args.hostname,
        image: args.image,
        restart: "unless-stopped",
        mustRun: true,
        memory: args.size.memory,
        // As much as memory: no swap, so that a machine that needs more than it has shows it.
        memorySwap: args.size.memory,
        // Not `cpus`: Docker refuses more of them than the computer has, and the provider reads "10.0" back as "10.".
        cpuQuota: args.size.cores * CPU_PERIOD,
        // systemd mounts its own cgroup tree, nftables and keepalived change the network.
        capabilities: { adds: ["CAP_NET_ADMIN", "CAP_SYS_ADMIN"] },
        securityOpts: ["apparmor=unconfined"],
        cgroupnsMode: "private",
        stopTimeout: STOP_TIMEOUT_SECONDS,
        destroyGraceSeconds: STOP_TIMEOUT_SECONDS,
        networksAdvanced: [{ name: args.networkName, ipv4Address: args.address }],
        ports: args.publishedPorts?.map((port) => ({ ...port, ip: "127.0.0.1", protocol: "tcp" })),
        volumes: volumes(args),
        uploads: [
          { file: "/var/lib/cloud/seed/nocloud/meta-data", content: metaData(args.containerName, args.hostname) },
          { file: "/var/lib/cloud/seed/nocloud/user-data", content: args.userData },
          { file: PROGRAMS_ARCHIVE, contentBase64: args.programsBase64 },
          ...args.secretFiles.map(({ path, content }) => ({
            file: path,
            content: pulumi.secret(content),
            permissions: "0600",
          })),
        ],
        healthcheck: {
          tests: ["CMD", ...args.readiness],
          interval: "1s",
          // The command rests for 20 s before it asks again a machine that was ready. Not "60s": the provider reads "1m0s" back.
          timeout: "1m0s",
          // The first boot may fail this often before Docker calls it unhealthy; `wait` goes by the time-out below.
          startPeriod: `${READINESS_TIMEOUT_SECONDS / 60}m0s`,
          retries: 3,
        },
        wait: true,
        waitTimeout: READINESS_TIMEOUT_SECONDS,
        labels: [
          ...labels,
          ...dockerLabels({
            [LABEL.machine]: args.hostname,
            [LABEL.roles]: args.roles.join(","),
            ...(args.databases && { [LABEL.databases]: args.databases.join(",") }),
          }),
        ],
      },
      {
        parent: this,
        // Name and address are fixed, so the old machine has to go before the new one comes.
        deleteBeforeReplace: true,
        // The provider would change these in its state only (@pulumi/docker 5.2).
        replaceOnChanges: ["cpuQuota", "healthcheck"],
        dependsOn: volume ? [volume] : [],
      },
    );

    if (args.application) {
      new DockerApplication(
        `${name}-application`,
        {
          container: container.name,
          containerId: container.id,
          version: args.application.sha256,
          offered: args.application.offered,
          timeout: READINESS_TIMEOUT_SECONDS,
        },
        { parent: this },
      );
    }

    this.containerName = container.name;
    this.details = { container: this.containerName };
    this.address = pulumi.output(args.address);
    this.registerOutputs({ containerName: this.containerName, address: this.address });
  }
}

export function dockerLabels(labels: DockerMachineArgs["labels"]): { label: string; value: pulumi.Input<string> }[] {
  return Object.entries(labels).map(([label, value]) => ({ label, value }));
}

/** Undefined rather than empty: that is what the provider reads back. */
function volumes({ dataVolume, backupDirectory, application }: DockerMachineArgs) {
  const all = [
    ...(dataVolume ? [{ volumeName: dataVolume.name, containerPath: dataVolume.path }] : []),
    ...(backupDirectory ? [{ hostPath: backupDirectory, containerPath: BACKUP_DIRECTORY }] : []),
    ...(application ? [{ hostPath: application.directory, containerPath: APPLICATION_DIRECTORY, readOnly: true }] : []),
  ];
  return all.length > 0 ? all : undefined;
}

/** A new instance-id makes cloud-init run once more; a machine that is replaced has a new disk, so a constant one will do. */
function metaData(instanceId: pulumi.Input<string>, hostname: pulumi.Input<string>): pulumi.Output<string> {
  return pulumi.interpolate`instance-id: ${instanceId}\nlocal-hostname: ${hostname}\n`;
}

/** A component's inputs are shown to policies, which see secrets in clear: they get the paths only. And what nobody can read isn't kept twice. */
function withoutSecrets({ programsBase64: _, ...args }: DockerMachineArgs): pulumi.Inputs {
  return { ...args, secretFiles: args.secretFiles.map(({ path }) => path) };
}
