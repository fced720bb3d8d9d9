import * as s3 from "@pulumi/aws/s3";
import * as ssm from "@pulumi/aws/ssm";
import * as pulumi from "@pulumi/pulumi";
import type { ApplicationArchive } from "../application-archive";
import { privateBucket } from "./private-bucket";

export interface AwsStorageArgs {
  /** Name of the bucket, unique among all of AWS. */
  readonly bucketName: string;
  /** `aws`, or another part of AWS such as `aws-cn`. */
  readonly partition: string;
  /** The application that machines fetch. */
  readonly application: ApplicationArchive;
  /** Name of the parameter that tells machines which version to fetch. */
  readonly applicationParameter: string;
  /** Keep the bucket, with what is in it, when the stack goes. */
  readonly isProtected: boolean;
}

/** Days that a version which is no longer in use can still be looked at. */
const OLD_VERSION_DAYS = 90;

/** What machines fetch at boot and while they run: a private bucket, and a parameter that names the application in it. */
export class AwsStorage extends pulumi.ComponentResource {
  /** What has to be there before a machine can fetch anything. */
  readonly applicationParameter: ssm.Parameter;
  private readonly bucket: s3.Bucket;

  constructor(
    private readonly name: string,
    private readonly args: AwsStorageArgs,
    opts?: pulumi.ComponentResourceOptions,
  ) {
    super("web-infrastructure:aws:Storage", name, args, opts);
    const child = { parent: this };
    this.bucket = privateBucket(
      name,
      {
        bucketName: args.bucketName,
        partition: args.partition,
        purpose: "storage",
        lifecycle: { id: "old-versions", noncurrentVersionExpiration: { noncurrentDays: OLD_VERSION_DAYS } },
        forceDestroy: !args.isProtected,
      },
      this,
      { protect: args.isProtected },
    );
    const bucket = this.bucket.id;

    const { path, sha256 } = args.application;
    const key = `applications/${sha256}.tar`;
    const object = new s3.BucketObjectv2(
      `${name}-application`,
      { bucket, key, source: new pulumi.asset.FileAsset(path), sourceHash: sha256 },
      child,
    );
    this.applicationParameter = new ssm.Parameter(
      `${name}-application`,
      { name: args.applicationParameter, type: "String", value: `s3://${args.bucketName}/${key} ${sha256}` },
      // named only once it is there
      { ...child, dependsOn: [object] },
    );
    this.registerOutputs({});
  }

  /** Puts a machine's programs into the bucket. */
  addPrograms(machine: string, key: string, archive: Uint8Array): pulumi.Resource {
    return new s3.BucketObjectv2(
      `${this.name}-${machine}-programs`,
      { bucket: this.bucket.id, key, contentBase64: Buffer.from(archive).toString("base64") },
      { parent: this },
    );
  }

  get bucketName(): string {
    return this.args.bucketName;
  }
}
