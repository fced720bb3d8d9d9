import type { types } from "@pulumi/aws";
import * as s3 from "@pulumi/aws/s3";
import type * as pulumi from "@pulumi/pulumi";
import { policy, tags } from "./names";

export interface PrivateBucketArgs {
  /** Name of the bucket, unique among all of AWS. */
  readonly bucketName: string;
  /** `aws`, or another part of AWS such as `aws-cn`. */
  readonly partition: string;
  /** What it is for, in its tags. */
  readonly purpose: string;
  /** What becomes of versions that are no longer in use. */
  readonly lifecycle: Omit<types.input.s3.BucketLifecycleConfigurationRule, "status" | "filter">;
  /** Removes the bucket together with what is in it. @default false */
  readonly forceDestroy?: boolean;
}

/**
 * A bucket that nobody reads in public, by TLS only, and that keeps old versions. Its parts are children of a component.
 * @param options of the bucket itself: whether it is protected, and kept when the stack goes
 */
export function privateBucket(
  name: string,
  args: PrivateBucketArgs,
  parent: pulumi.Resource,
  options: pulumi.CustomResourceOptions,
): s3.Bucket {
  const { bucketName, partition, purpose, lifecycle, forceDestroy } = args;
  const child = { parent };
  const made = new s3.Bucket(
    `${name}-bucket`,
    { bucket: bucketName, ...(forceDestroy === undefined ? {} : { forceDestroy }), tags: tags(purpose) },
    { ...child, ...options },
  );
  const bucket = made.id;
  // made up, not asked for: a policy that judges this one can read it before the bucket is there
  const arn = `arn:${partition}:s3:::${bucketName}`;
  new s3.BucketVersioning(`${name}-versioning`, { bucket, versioningConfiguration: { status: "Enabled" } }, child);
  const block = new s3.BucketPublicAccessBlock(
    `${name}-private`,
    { bucket, blockPublicAcls: true, blockPublicPolicy: true, ignorePublicAcls: true, restrictPublicBuckets: true },
    child,
  );
  new s3.BucketPolicy(
    `${name}-tls`,
    {
      bucket,
      policy: policy([
        {
          Sid: "OnlyByTls",
          Effect: "Deny",
          Principal: "*",
          Action: "s3:*",
          Resource: [arn, `${arn}/*`],
          Condition: { Bool: { "aws:SecureTransport": "false" } },
        },
      ]),
    },
    { ...child, dependsOn: [block] },
  );
  new s3.BucketLifecycleConfiguration(
    `${name}-lifecycle`,
    { bucket, rules: [{ ...lifecycle, status: "Enabled", filter: { prefix: "" } }] },
    child,
  );
  return made;
}
