import * as cloudwatch from "@pulumi/aws/cloudwatch";
import * as sns from "@pulumi/aws/sns";
import * as pulumi from "@pulumi/pulumi";
import { prefix, tags } from "./names";

export interface AwsMonitoringArgs {
  /** Who is told; AWS asks for a confirmation first. @default nobody: alarms are only shown */
  readonly email?: string;
  readonly machines: readonly MonitoredMachine[];
  /** Several load balancers hand the public address to each other. */
  readonly hasTakeOvers: boolean;
}

export interface MonitoredMachine {
  readonly hostname: string;
  readonly instanceId: pulumi.Input<string>;
  /** Pays with saved-up processor time: types that begin with t. */
  readonly hasCredits: boolean;
  /** Directories whose disks fill up. */
  readonly directories: readonly string[];
}

type Alarm = Pick<
  cloudwatch.MetricAlarmArgs,
  | "namespace"
  | "metricName"
  | "dimensions"
  | "statistic"
  | "comparisonOperator"
  | "threshold"
  | "period"
  | "evaluationPeriods"
  | "alarmDescription"
>;

/** CloudWatch alarms for what no machine can tell of itself, or should be told though nobody looks. */
export class AwsMonitoring extends pulumi.ComponentResource {
  private readonly actions: pulumi.Output<string>[] = [];

  constructor(
    private readonly name: string,
    args: AwsMonitoringArgs,
    opts?: pulumi.ComponentResourceOptions,
  ) {
    super("web-infrastructure:aws:Monitoring", name, args, opts);
    if (args.email) {
      const topic = new sns.Topic(`${name}-topic`, { tags: tags("alarms") }, { parent: this });
      new sns.TopicSubscription(
        `${name}-email`,
        { topic: topic.arn, protocol: "email", endpoint: args.email },
        { parent: this },
      );
      this.actions.push(topic.arn);
    }
    for (const machine of args.machines) this.watch(machine);
    if (args.hasTakeOvers) {
      this.alarm("take-overs", {
        alarmDescription: "The public address changes hands again and again",
        namespace: "web-infrastructure",
        metricName: "address-take-over",
        dimensions: { Stack: pulumi.getStack() },
        statistic: "Sum",
        comparisonOperator: "GreaterThanThreshold",
        threshold: 3,
        period: 900,
        evaluationPeriods: 1,
      });
    }
    this.registerOutputs({});
  }

  private watch({ hostname, instanceId, hasCredits, directories }: MonitoredMachine): void {
    // Failed system checks also start the automatic recovery of the instance.
    this.alarm(`${hostname}-status`, {
      alarmDescription: `${hostname} fails AWS's status checks`,
      namespace: "AWS/EC2",
      metricName: "StatusCheckFailed",
      dimensions: { InstanceId: instanceId },
      statistic: "Maximum",
      comparisonOperator: "GreaterThanThreshold",
      threshold: 0,
      period: 60,
      evaluationPeriods: 3,
    });
    if (hasCredits) {
      this.alarm(`${hostname}-credits`, {
        alarmDescription: `${hostname} has used up its processor credits: a larger instance type is due`,
        namespace: "AWS/EC2",
        metricName: "CPUCreditBalance",
        dimensions: { InstanceId: instanceId },
        statistic: "Minimum",
        comparisonOperator: "LessThanThreshold",
        threshold: 10,
        period: 300,
        // a new instance begins without credits
        evaluationPeriods: 12,
      });
    }
    for (const directory of directories) {
      this.alarm(`${hostname}-disk${directory === "/" ? "" : directory.replaceAll("/", "-")}`, {
        alarmDescription: `${directory} of ${hostname} is nearly full`,
        namespace: "web-infrastructure",
        metricName: "disk-used",
        dimensions: { Stack: pulumi.getStack(), Machine: hostname, Directory: directory },
        statistic: "Maximum",
        comparisonOperator: "GreaterThanThreshold",
        threshold: 85,
        period: 300,
        evaluationPeriods: 2,
      });
    }
  }

  private alarm(suffix: string, alarm: Alarm): void {
    new cloudwatch.MetricAlarm(
      `${this.name}-${suffix}`,
      {
        ...alarm,
        name: `${prefix()}-${suffix}`,
        alarmActions: this.actions,
        okActions: this.actions,
        tags: tags(suffix),
      },
      { parent: this },
    );
  }
}
