import * as dlm from "@pulumi/aws/dlm";
import * as iam from "@pulumi/aws/iam";
import * as pulumi from "@pulumi/pulumi";
import { prefix, TAG, tags, trust } from "./names";

export interface AwsSnapshotsArgs {
  /** How many daily snapshots of each data volume are kept. */
  readonly days: number;
  /** `aws`, or another part of AWS such as `aws-cn`. */
  readonly partition: string;
}

/** A daily snapshot of every data volume, by Amazon Data Lifecycle Manager. */
export class AwsSnapshots extends pulumi.ComponentResource {
  constructor(name: string, args: AwsSnapshotsArgs, opts?: pulumi.ComponentResourceOptions) {
    super("web-infrastructure:aws:Snapshots", name, args, opts);
    const child = { parent: this };
    const role = new iam.Role(
      `${name}-role`,
      { assumeRolePolicy: trust("dlm.amazonaws.com"), tags: tags("snapshots") },
      child,
    );
    const permissions = new iam.RolePolicyAttachment(
      `${name}-role`,
      {
        role: role.name,
        policyArn: `arn:${args.partition}:iam::aws:policy/service-role/AWSDataLifecycleManagerServiceRole`,
      },
      child,
    );
    new dlm.LifecyclePolicy(
      `${name}-daily`,
      {
        description: `Daily snapshots of ${prefix()}`,
        executionRoleArn: role.arn,
        state: "ENABLED",
        policyDetails: {
          resourceTypes: ["VOLUME"],
          targetTags: { [TAG.snapshots]: pulumi.getStack() },
          schedules: [
            {
              name: "daily",
              createRule: { interval: 24, intervalUnit: "HOURS", times: "03:00" },
              retainRule: { count: args.days },
              copyTags: true,
            },
          ],
        },
        tags: tags("snapshots"),
      },
      { ...child, dependsOn: [permissions] },
    );
    this.registerOutputs({});
  }
}
