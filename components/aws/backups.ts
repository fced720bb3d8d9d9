import type * as s3 from "@pulumi/aws/s3";
import * as pulumi from "@pulumi/pulumi";
import { prefix, type Statement } from "./names";
import { privateBucket } from "./private-bucket";

export interface AwsBackupsArgs {
  readonly account: string;
  /** `aws`, or another part of AWS such as `aws-cn`. */
  readonly partition: string;
  /** Nobody removes the bucket by accident. */
  readonly isProtected: boolean;
}

/** Days that a machine which deletes backups, by error or by force, can be undone by a person. */
const DELETED_DAYS = 30;

/** Name of the bucket of a stack's backups, unique among all of AWS by the account's number. */
function bucketName(account: string): string {
  return `${prefix()}-backups-${account}`;
}

/** The repository, as restic names it. */
export function backupRepository(region: string, account: string): string {
  const suffix = region.startsWith("cn-") ? ".cn" : "";
  return `s3:https://s3.${region}.amazonaws.com${suffix}/${bucketName(account)}/databases`;
}

/** The bucket of the databases' backups: private, versioned, and kept when the stack goes. */
export class AwsBackups extends pulumi.ComponentResource {
  /** What has to be there before a machine can back up. */
  readonly bucket: s3.Bucket;

  constructor(name: string, args: AwsBackupsArgs, opts?: pulumi.ComponentResourceOptions) {
    super("web-infrastructure:aws:Backups", name, args, opts);
    this.bucket = privateBucket(
      name,
      {
        bucketName: bucketName(args.account),
        partition: args.partition,
        purpose: "backups",
        lifecycle: {
          id: "deleted",
          noncurrentVersionExpiration: { noncurrentDays: DELETED_DAYS },
          abortIncompleteMultipartUpload: { daysAfterInitiation: 1 },
        },
      },
      this,
      { protect: args.isProtected, retainOnDelete: true },
    );
    this.registerOutputs({});
  }
}

/** What a database machine may do with backups (restic's manual, "Amazon S3"): old versions of them it can't remove. */
export function backupPermissions(partition: string, account: string): Statement[] {
  const arn = `arn:${partition}:s3:::${bucketName(account)}`;
  return [
    { Sid: "FindBackups", Effect: "Allow", Action: ["s3:ListBucket", "s3:GetBucketLocation"], Resource: arn },
    {
      Sid: "Backups",
      Effect: "Allow",
      Action: ["s3:GetObject", "s3:PutObject", "s3:DeleteObject"],
      Resource: `${arn}/databases/*`,
    },
  ];
}
