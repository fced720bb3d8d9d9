import * as pulumi from "@pulumi/pulumi";
import type { Statement } from "./names";
import { TAG } from "./names";

export interface MachinePlaces {
  /** `arn:PARTITION` */
  readonly partition: string;
  readonly region: string;
  readonly account: string;
  readonly stack: string;
  /** Host name of the machine. */
  readonly machine: string;
  readonly bucketName: string;
  /** Key of the machine's programs in the bucket. */
  readonly programsKey: string;
  /** Path of the machine's parameters. */
  readonly parameters: string;
  /** Name of the parameter of the application; none on machines that don't serve it. */
  readonly application?: string;
  /** ARN of the SNS topic that a monitor tells alerts to. */
  readonly alertTopic?: string;
  /** The public addresses that the machine may take. @default none */
  readonly entry?: { readonly allocationIds: readonly pulumi.Input<string>[] };
}

/** What a machine may do at AWS, and nothing else. */
export function machinePermissions(places: MachinePlaces): Statement[] {
  const { partition, region, account, bucketName } = places;
  const parameter = (name: string) => `arn:${partition}:ssm:${region}:${account}:parameter${name}`;
  const object = (key: string) => `arn:${partition}:s3:::${bucketName}/${key}`;
  return [
    {
      // Systems Manager User Guide, "Add Session Manager permissions to an existing IAM role". AWS's own policy
      // AmazonSSMManagedInstanceCore would let every machine read every parameter, other machines' secrets too.
      Sid: "SessionManager",
      Effect: "Allow",
      Action: [
        "ssm:UpdateInstanceInformation",
        "ssmmessages:CreateControlChannel",
        "ssmmessages:CreateDataChannel",
        "ssmmessages:OpenControlChannel",
        "ssmmessages:OpenDataChannel",
      ],
      Resource: "*",
    },
    {
      Sid: "OwnSecrets",
      Effect: "Allow",
      Action: ["ssm:GetParameter", "ssm:GetParametersByPath"],
      Resource: [parameter(`${places.parameters}/secrets`), parameter(`${places.parameters}/secrets/*`)],
    },
    {
      Sid: "OwnReport",
      Effect: "Allow",
      Action: "ssm:PutParameter",
      Resource: parameter(`${places.parameters}/ready`),
    },
    { Sid: "OwnPrograms", Effect: "Allow", Action: "s3:GetObject", Resource: object(places.programsKey) },
    ...(places.application
      ? ([
          {
            Sid: "WhichApplication",
            Effect: "Allow",
            Action: "ssm:GetParameter",
            Resource: parameter(places.application),
          },
          { Sid: "Applications", Effect: "Allow", Action: "s3:GetObject", Resource: object("applications/*") },
        ] satisfies Statement[])
      : []),
    {
      Sid: "OwnMeasures",
      Effect: "Allow",
      Action: "cloudwatch:PutMetricData",
      Resource: "*",
      Condition: { StringEquals: { "cloudwatch:namespace": "web-infrastructure" } },
    },
    ...(places.alertTopic
      ? [{ Sid: "Alerts", Effect: "Allow" as const, Action: "sns:Publish", Resource: places.alertTopic }]
      : []),
    ...(places.entry ? entryPermissions(places, places.entry) : []),
  ];
}

/**
 * The Elastic IPs of the site to this machine and no other: Service Authorization Reference, "Actions, resources, and
 * condition keys for Amazon EC2".
 */
function entryPermissions(
  { partition, region, account, stack, machine }: MachinePlaces,
  { allocationIds }: NonNullable<MachinePlaces["entry"]>,
): Statement[] {
  const ec2 = (kind: string) => `arn:${partition}:ec2:${region}:${account}:${kind}`;
  const take = ["ec2:AssociateAddress", "ec2:DisassociateAddress"];
  return [
    // it takes no resource
    { Sid: "FindAddress", Effect: "Allow", Action: "ec2:DescribeAddresses", Resource: "*" },
    {
      Sid: "TakeAddress",
      Effect: "Allow",
      Action: take,
      Resource: allocationIds.map((id) => pulumi.interpolate`${ec2("elastic-ip")}/${id}`),
    },
    {
      Sid: "ToThisMachine",
      Effect: "Allow",
      Action: take,
      Resource: [ec2("instance/*"), ec2("network-interface/*")],
      Condition: {
        StringEquals: { [`aws:ResourceTag/${TAG.stack}`]: stack, [`aws:ResourceTag/${TAG.machine}`]: machine },
      },
    },
  ];
}
