import type * as pulumi from "@pulumi/pulumi";
import type { Machine, Topology } from "../topology";
import type { ApplicationArchive } from "./application-archive";

/**
 * Where machines run: the seam between what a website needs and how Docker or AWS provides it. Nothing above it knows
 * which target it is, nothing below it knows what a role means.
 */
export interface Target {
  /** Inputs of the target itself, shown to policies as part of the whole. */
  readonly inputs: pulumi.Inputs;
  /** Visitors may come: a change goes through the machines one after the other. Else they are made all at once. */
  readonly inService: boolean;
  /** Makes what the machines share. Children are named `${name}-…` and belong to `parent`. */
  createNetwork(name: string, args: NetworkArgs, parent: pulumi.Resource): TargetNetwork;
}

export interface NetworkArgs {
  /** Addresses, and the flows that firewalls let through. */
  readonly topology: Topology;
  /** What the machines with `servesApplication` serve. */
  readonly application: ApplicationArchive;
}

export interface TargetNetwork {
  /** Addresses by which clients reach the load balancers. */
  readonly entryAddresses: pulumi.Input<pulumi.Input<string>[]>;
  createMachine(name: string, args: MachineArgs, opts: pulumi.ComponentResourceOptions): TargetMachine;
  /** Called once all machines are planned. */
  finish?(): void;
}

export interface MachineArgs {
  /** Its name, roles, size and address: the target renders its cloud-init user-data from that. */
  readonly machine: Machine;
  /** Files with secrets, there before the machine is set up, mode 0600. */
  readonly secretFiles: readonly SecretFile[];
  /** The machine gets the application, and each new version of it while it runs. */
  readonly servesApplication: boolean;
  /** Ports of this computer's loopback that lead to the machine, where the target has such. @default none */
  readonly publishedPorts?: readonly { readonly internal: number; readonly external: number }[];
  /** Directory whose data outlives the machine. @default none */
  readonly dataDirectory?: string;
  /** Command that exits with 0 once the machine is ready. */
  readonly readiness: readonly string[];
}

export interface SecretFile {
  /** Absolute path on the machine. */
  readonly path: string;
  readonly content: pulumi.Input<string>;
}

/** A machine; as a resource it is there once it is ready, so that others can depend on it. */
export interface TargetMachine extends pulumi.Resource {
  /** What a person needs to find the machine in its target, such as `{ container: … }`. */
  readonly details: Readonly<Record<string, pulumi.Input<string>>>;
}
