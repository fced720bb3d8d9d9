import { items, list, type Properties, record, text, UNKNOWN, type Value } from "../reading/values";
import { type Report, resourceRule } from "../rule";

const BUCKET = /^aws:s3\/(?:bucket:Bucket|bucketV2:BucketV2|bucketAcl:BucketAcl|bucketAclV2:BucketAclV2)$/;
const ACCESS_BLOCK =
  /^aws:s3\/(?:bucketPublicAccessBlock:BucketPublicAccessBlock|accountPublicAccessBlock:AccountPublicAccessBlock)$/;
const POLICY = "aws:s3/bucketPolicy:BucketPolicy";
const FLAGS = ["blockPublicAcls", "blockPublicPolicy", "ignorePublicAcls", "restrictPublicBuckets"] as const;

const REMEDY = "Serve it by CloudFront with origin access control, or give access to named accounts and roles only.";

export const bucketsPrivate = resourceRule(
  {
    name: "buckets-private",
    displayName: "Buckets are private",
    description:
      "No S3 bucket is opened to everybody by an ACL, by its policy or by switching off the public access block.",
    severity: "critical",
    enforcementLevel: "mandatory",
    tags: ["s3", "public-access"],
    framework: {
      name: "AWS Foundational Security Best Practices",
      version: "1.0.0",
      reference: "S3.8",
      specification: "S3 general purpose buckets should block public access",
    },
    remediationSteps: REMEDY,
  },
  (resource, report) => {
    const { type, name } = resource;
    if (BUCKET.test(type)) judgeAcl(name, resource.properties, report);
    if (ACCESS_BLOCK.test(type)) judgeBlock(name, resource.properties, report);
    if (type === POLICY || type === "aws:s3/bucket:Bucket") judgePolicy(name, resource.properties.policy, report);
  },
);

function judgeAcl(name: string, properties: Properties, report: Report): void {
  const { acl } = properties;
  if (acl === UNKNOWN) report.undecided(`who may read bucket ${name}: its acl isn't known yet.`);
  const open = acl !== UNKNOWN && /^(?:public-read|public-read-write|authenticated-read)$/i.test(text(acl) ?? "");
  const grants = [...items(properties.grants), ...items(record(properties.accessControlPolicy).grants)].map((one) =>
    record(one),
  );
  const granted = grants.some(({ uri, grantee }) =>
    /\/(?:AllUsers|AuthenticatedUsers)$/.test(text(uri) ?? text(record(grantee).uri) ?? ""),
  );
  if (open || granted) {
    const who = text(acl) === "authenticated-read" ? "everybody with an AWS account" : "everybody";
    report.violation(`Bucket ${name} is open to ${who} by its ACL.`, `Set its acl to "private". ${REMEDY}`);
  }
}

function judgeBlock(name: string, properties: Properties, report: Report): void {
  const off = FLAGS.filter((flag) => properties[flag] !== UNKNOWN && properties[flag] !== true);
  if (off.length > 0) {
    report.violation(
      `${name} switches off the public access block (${off.join(", ")}), so an ACL or a policy can open the bucket to everybody.`,
      `Set all of ${FLAGS.join(", ")} to true. ${REMEDY}`,
    );
  } else if (FLAGS.some((flag) => properties[flag] === UNKNOWN)) {
    report.undecided(`whether ${name} blocks public access: that isn't known yet.`);
  }
}

function judgePolicy(name: string, given: Value, report: Report): void {
  if (given === undefined || given === null) return;
  const policy = given === UNKNOWN ? undefined : readPolicy(given);
  if (!policy) {
    const why = given === UNKNOWN ? "isn't known yet" : "is no JSON";
    report.undecided(`who may read the bucket of ${name}: its policy ${why}.`);
    return;
  }
  // A condition narrows it down; which ones do is more than this rule knows.
  const open = items(policy.Statement)
    .map((one) => record(one))
    .some(
      ({ Effect, Principal, Condition }) => Effect === "Allow" && isEverybody(Principal) && Condition === undefined,
    );
  if (open) report.violation(`The bucket of ${name} is open to everybody by its policy (Principal "*").`, REMEDY);
}

function readPolicy(given: Value): Properties | undefined {
  if (typeof given !== "string") return record(given);
  try {
    return record(JSON.parse(given));
  } catch {
    return undefined;
  }
}

function isEverybody(principal: Value): boolean {
  const aws = record(principal).AWS;
  return principal === "*" || aws === "*" || list(aws).includes("*");
}
