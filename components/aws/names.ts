import * as pulumi from "@pulumi/pulumi";
import { LABEL } from "../../topology";

/** Tags by which people, policies, permissions and snapshots find what belongs to a stack. */
export const TAG = {
  stack: LABEL.stack,
  machine: LABEL.machine,
  roles: LABEL.roles,
  /** Id of the volume that a machine mounts; the machine reads it. */
  dataVolume: "web-infrastructure.data-volume",
  /** Allocations of the public addresses that a machine may take, with a space between; the machine reads them. */
  entryAddress: "web-infrastructure.entry-address",
  /** Says to the snapshot policy: this volume. */
  snapshots: "web-infrastructure.snapshots",
} as const;

export function tags(name: string, more: Record<string, pulumi.Input<string>> = {}) {
  return { Name: `${prefix()}-${name}`, [TAG.stack]: pulumi.getStack(), ...more };
}

/** What names at AWS begin with. */
export function prefix(): string {
  return `${pulumi.getProject()}-${pulumi.getStack()}`;
}

/** Path of the stack's parameters. */
export function parametersPath(): string {
  return `/${pulumi.getProject()}/${pulumi.getStack()}`;
}

export interface Statement {
  readonly Sid?: string;
  readonly Effect: "Allow" | "Deny";
  readonly Principal?: Record<string, string> | "*";
  readonly Action: string | string[];
  readonly Resource?: pulumi.Input<string> | pulumi.Input<string>[];
  readonly Condition?: Record<string, Record<string, pulumi.Input<string>>>;
}

/** An IAM policy document as text. */
export function policy(statements: Statement[]): pulumi.Output<string> {
  return pulumi.jsonStringify({ Version: "2012-10-17", Statement: statements });
}

/** Lets an AWS service act in a role. */
export function trust(service: string): pulumi.Output<string> {
  return policy([{ Effect: "Allow", Principal: { Service: service }, Action: "sts:AssumeRole" }]);
}
