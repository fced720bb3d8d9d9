import * as pulumi from "@pulumi/pulumi";
import { awsMachineFiles, DATA_DIRECTORY, packUserData, renderAwsUserData } from "../../cloud-init";
import { type AwsConfig, ConfigError, key } from "../../config";
import { flows, ipv6AddressOf, type Machine, machinesWith, outgoing, type Subnet, type Topology } from "../../topology";
import { packPrograms } from "../programs";
import type { MachineArgs, NetworkArgs, Target, TargetNetwork } from "../target";
import { AwsBackups, backupPermissions } from "./backups";
import { AwsEntry } from "./entry";
import type { AwsFacts } from "./facts";
import { AwsFirewalls } from "./firewalls";
import type { Hardware } from "./hardware";
import { AwsMachine } from "./machine";
import { AwsMonitoring } from "./monitoring";
import { parametersPath, prefix } from "./names";
import { AwsNetwork } from "./network";
import { machinePermissions } from "./permissions";
import { AwsSnapshots } from "./snapshots";
import { AwsStorage } from "./storage";

/** Machines as EC2 instances in a network of their own. */
export class AwsTarget implements Target {
  readonly inputs: pulumi.Inputs;
  // Nobody is asked whether there are instances: one after the other is right in both cases.
  readonly inService = true;

  constructor(
    private readonly config: AwsConfig,
    private readonly facts: AwsFacts,
  ) {
    const { region, nat, prebuilt } = config;
    this.inputs = { region, nat, prebuilt, hardware: facts.hardware };
  }

  createNetwork(name: string, { topology, application }: NetworkArgs, parent: pulumi.Resource): TargetNetwork {
    const { config, facts } = this;
    const { region, profile } = config;
    const isProtected = config.protected;
    const { hasIpv6 } = topology.network;
    const network = new AwsNetwork(
      `${name}-network`,
      {
        region,
        addressRange: topology.network.addressRange,
        subnets: topology.network.subnets ?? [],
        hasIpv6,
        zones: facts.zones,
        nat: natOf(config, topology),
        hasEndpoints: config.nat === "none" && privateMachines(topology).length > 0,
      },
      { parent },
    );
    const roles = [...new Set(topology.machines.flatMap((machine) => machine.roles))];
    const firewalls = new AwsFirewalls(
      `${name}-firewalls`,
      {
        vpcId: network.vpcId,
        flows: flows(topology),
        roles,
        hasIpv6,
        outgoing: Object.fromEntries(roles.map((role) => [role, outgoing(topology, role)])),
      },
      { parent },
    );
    const applicationParameter = `${parametersPath()}/application`;
    const storage = new AwsStorage(
      `${name}-storage`,
      // unique among all of AWS by the account's number
      {
        bucketName: `${prefix()}-${facts.account}`,
        partition: facts.partition,
        application,
        applicationParameter,
        isProtected,
      },
      { parent },
    );
    // known before any machine is there: between machines nothing is handed over
    const ipv6Of = (machine: Machine) =>
      network.ipv6Ranges[machine.subnet ?? -1]?.apply((range) =>
        ipv6AddressOf(subnetOf(topology, machine), machine, range),
      );
    const ipv6 = machinesWith(topology, "load-balancer").flatMap((machine) => {
      const address = ipv6Of(machine);
      return address ? [{ machine: machine.name, address }] : [];
    });
    const entry = new AwsEntry(
      `${name}-entry`,
      { domain: topology.domain, count: entryCount(topology), ipv6, hostedZoneId: facts.hostedZoneId, isProtected },
      { parent },
    );
    if (machinesWith(topology, "database").length > 0) {
      new AwsSnapshots(`${name}-snapshots`, { days: config.snapshots, partition: facts.partition }, { parent });
    }
    const { account, partition } = facts;
    const backups =
      topology.backups && new AwsBackups(`${name}-backups`, { account, partition, isProtected }, { parent });

    const made: { args: MachineArgs; machine: AwsMachine }[] = [];
    const createMachine = (machineName: string, args: MachineArgs, opts: pulumi.ComponentResourceOptions) => {
      const { machine } = args;
      const subnet = subnetOf(topology, machine);
      const { programs, inUserData } = awsMachineFiles(topology, machine, application.documentRoot);
      const { archive, sha256 } = packPrograms(programs);
      // with the hash, so that what a machine was made with stays what it is
      const programsKey = `programs/${machine.name}/${sha256}.tar.gz`;
      const stored = storage.addPrograms(machine.name, programsKey, archive);
      const parameters = `${parametersPath()}/${machine.name}`;
      const { instanceType, image } = facts.hardware[machine.name] as Hardware;
      const userData = renderAwsUserData(topology, machine, {
        inUserData,
        packagesInstalled: config.prebuilt,
        places: { stack: pulumi.getStack(), region, parameters, application: applicationParameter },
        programs: { address: `s3://${storage.bucketName}/${programsKey}`, sha256 },
      });
      const created = new AwsMachine(
        machineName,
        {
          hostname: machine.name,
          roles: machine.roles,
          region,
          profile,
          image,
          instanceType,
          subnetId: network.subnetIds[machine.subnet as number] as pulumi.Output<string>,
          zone: facts.zones[subnet.zone] as string,
          address: machine.address,
          ipv6Address: ipv6Of(machine),
          isPublic: subnet.isPublic,
          entry: machine.entryAddresses && { addresses: machine.entryAddresses, allocationIds: entry.allocationIds },
          securityGroupIds: firewalls.idsFor(machine.roles),
          userDataBase64: packUserData(machine.name, userData, inUserData),
          permissions: [
            ...(backups && machine.roles.includes("database") ? backupPermissions(partition, account) : []),
            ...machinePermissions({
              partition: facts.partition,
              region,
              account: facts.account,
              stack: pulumi.getStack(),
              machine: machine.name,
              bucketName: storage.bucketName,
              programsKey,
              parameters,
              alertTopic: machine.roles.includes("monitor") ? topology.alerts?.topic : undefined,
              application: args.servesApplication ? applicationParameter : undefined,
              entry: machine.entryAddresses && { allocationIds: entry.allocationIds },
            }),
          ],
          secretFiles: args.secretFiles,
          parameters,
          rootVolume: config.rootVolume,
          dataVolume: args.dataDirectory ? config.dataVolume : undefined,
          isProtected,
        },
        // What it needs at boot is there before it.
        pulumi.mergeOptions(opts, {
          dependsOn: [
            ...network.routes,
            ...firewalls.rules,
            stored,
            storage.applicationParameter,
            ...(backups ? [backups.bucket] : []),
          ],
        }),
      );
      made.push({ args, machine: created });
      return created;
    };
    const finish = () => {
      new AwsMonitoring(
        `${name}-monitoring`,
        {
          email: config.alarmEmail,
          hasTakeOvers: topology.virtualIps.length > 0,
          machines: made.map(({ args, machine }) => ({
            hostname: args.machine.name,
            instanceId: machine.instanceId,
            hasCredits: facts.hardware[args.machine.name]?.instanceType.startsWith("t") === true,
            directories: ["/", ...(args.dataDirectory ? [DATA_DIRECTORY] : [])],
          })),
        },
        { parent },
      );
    };
    return { entryAddresses: entry.addresses, createMachine, finish };
  }
}

function subnetOf({ network }: Topology, machine: Machine): Subnet {
  const subnet = network.subnets?.[machine.subnet ?? -1];
  if (!subnet) throw new Error(`${machine.name} has no subnet.`);
  return subnet;
}

/** How many public IPv4 addresses the site has. */
function entryCount({ virtualIps }: Topology): number {
  return Math.max(1, virtualIps.length);
}

/** How many Elastic IPs a stack takes: those of the site, one for each NAT gateway. */
export function elasticIps(config: AwsConfig, topology: Topology): number {
  const nat = natOf(config, topology);
  return entryCount(topology) + (nat === "none" ? 0 : nat === "single" ? 1 : config.zones);
}

/**
 * @throws ConfigError when machines would have no way to their packages
 */
export function checkWayOut({ nat, prebuilt }: AwsConfig, topology: Topology): void {
  const [first] = privateMachines(topology);
  if (nat !== "none" || prebuilt || !first) return;
  throw new ConfigError(
    `${key("nat")} none leaves ${first.name} without a way to Debian's packages. Set ${key("prebuilt")} to true and ` +
      `${key("image")} to an image that holds them (docs/deploy-to-aws.md), or ${key("nat")} to single.`,
  );
}

/** A NAT gateway costs, so there is none where no machine needs it. */
function natOf({ nat }: AwsConfig, topology: Topology): AwsConfig["nat"] {
  return privateMachines(topology).length > 0 ? nat : "none";
}

function privateMachines(topology: Topology): Machine[] {
  return topology.machines.filter(({ subnet }) => !topology.network.subnets?.[subnet ?? -1]?.isPublic);
}
