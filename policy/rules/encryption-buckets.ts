import { refersTo } from "../reading/resource";
import { items, type Properties, record, text, UNKNOWN, type Value } from "../reading/values";
import { stackRule } from "../rule";

const BUCKET = /^aws:s3\/(?:bucket:Bucket|bucketV2:BucketV2)$/;
const ENCRYPTION =
  /^aws:s3\/bucketServerSideEncryptionConfiguration(?:V2)?:BucketServerSideEncryptionConfiguration(?:V2)?$/;

export const encryptionBuckets = stackRule(
  {
    name: "encryption-buckets",
    displayName: "Buckets are encrypted with a key of one's own",
    description:
      "Every S3 bucket is encrypted with a KMS key. (With a key of its own AWS encrypts all of them since January 2023.)",
    severity: "medium",
    // No bucket can be unencrypted any more: whether a key of one's own is needed is for the stack to say.
    enforcementLevel: "disabled",
    tags: ["s3", "encryption", "kms"],
    framework: {
      name: "AWS Foundational Security Best Practices",
      version: "1.0.0",
      reference: "S3.17",
      specification: "S3 general purpose buckets should be encrypted at rest with AWS KMS keys",
    },
    remediationSteps:
      "Add an aws.s3.BucketServerSideEncryptionConfiguration with sseAlgorithm `aws:kms` and the key to the bucket.",
  },
  (stack, report) => {
    const configurations = stack.filter(({ type }) => ENCRYPTION.test(type));
    for (const bucket of stack.filter(({ type }) => BUCKET.test(type))) {
      const own = record(bucket.properties.serverSideEncryptionConfiguration).rule;
      const others = configurations
        .filter((one) => refersTo(one, "bucket", bucket) || isNamed(one.properties.bucket, bucket.properties.bucket))
        .flatMap(({ properties }) => items(properties.rules));
      const algorithms = [...items(own), ...others].map((rule) => algorithmOf(record(rule)));
      if (algorithms.includes(UNKNOWN)) {
        report.undecided(`how bucket ${bucket.name} is encrypted: that isn't known yet.`, bucket.urn);
      } else if (!algorithms.some((algorithm) => text(algorithm)?.startsWith("aws:kms"))) {
        report.violation(
          `Bucket ${bucket.name} is encrypted with a key of AWS, so AWS's permissions alone say who reads it.`,
          "Encrypt it with a KMS key: sseAlgorithm `aws:kms`.",
          bucket.urn,
        );
      }
    }
  },
);

function algorithmOf({ applyServerSideEncryptionByDefault: preset }: Properties): Value {
  return preset === UNKNOWN ? UNKNOWN : record(preset).sseAlgorithm;
}

function isNamed(name: Value, bucket: Value): boolean {
  return text(name) !== undefined && text(name) === text(bucket);
}
