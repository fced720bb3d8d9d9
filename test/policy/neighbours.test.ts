import { bucketsPrivate } from "../../policy/rules/buckets-private";
import { dataVolumesProtected } from "../../policy/rules/data-volumes-protected";
import { databaseNotPublic } from "../../policy/rules/database-not-public";
import { encryptionBuckets } from "../../policy/rules/encryption-buckets";
import { monitorPresent } from "../../policy/rules/monitor-present";
import { singlePointOfFailure } from "../../policy/rules/single-point-of-failure";
import { container, userData } from "./machines";
import { type TestResource, UNKNOWN } from "./pack";
import {
  alarm,
  bucket,
  cluster,
  clusterInstance,
  database,
  ec2,
  launchTemplate,
  of,
  scalingGroup,
  subnet,
  volume,
} from "./resources";
import { type Case, checkPrograms, checkTable, type Program, passes, refuses, undecided } from "./table";

const roles = (value: string) => ({ tags: { "web-infrastructure.roles": value } });

const databases: Case[] = [
  ["a private one", database("db", { publiclyAccessible: false }), passes],
  ["one that says nothing", database("db"), passes],
  ["a public one", database("db", { publiclyAccessible: true }), refuses(/Database db has an address on the internet/)],
  ["a public member of a cluster", clusterInstance("db", { publiclyAccessible: "true" }), refuses(/Database db/)],
  ["a public Redshift", of("aws:redshift/cluster:Cluster")("dw", { publiclyAccessible: true }), refuses(/Database dw/)],
  [
    "one that isn't known",
    database("db", { publiclyAccessible: UNKNOWN }),
    undecided(/publiclyAccessible isn't known/),
  ],
  [
    "a machine with a public address",
    ec2("db-1", { ...roles("database"), associatePublicIpAddress: true }),
    refuses(/db-1 keeps the database/),
  ],
  [
    "a machine that also balances load",
    ec2("all-1", { ...roles("load-balancer,database"), associatePublicIpAddress: true }),
    passes,
  ],
  ["a web machine with a public address", ec2("web-1", { ...roles("web"), associatePublicIpAddress: true }), passes],
];

const block = of("aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock");
const policyOf = (statement: unknown) => of("aws:s3/bucketPolicy:BucketPolicy")("p", { policy: statement });
const everybody = { Effect: "Allow", Principal: "*", Action: "s3:GetObject", Resource: "*" };
const shut = { blockPublicAcls: true, blockPublicPolicy: true, ignorePublicAcls: true, restrictPublicBuckets: true };
const buckets: Case[] = [
  ["one that says nothing", bucket("b"), passes],
  ["a private one", bucket("b", { acl: "private" }), passes],
  ["one for everybody", bucket("b", { acl: "public-read" }), refuses(/Bucket b is open to everybody by its ACL/)],
  [
    "one for everybody with an account",
    of("aws:s3/bucketAcl:BucketAcl")("b", { acl: "authenticated-read" }),
    refuses(/everybody with an AWS account/),
  ],
  [
    "a grant for everybody",
    bucket("b", { grants: [{ type: "Group", uri: "http://acs.amazonaws.com/groups/global/AllUsers" }] }),
    refuses(/by its ACL/),
  ],
  [
    "a grant for log delivery",
    bucket("b", { grants: [{ uri: "http://acs.amazonaws.com/groups/s3/LogDelivery" }] }),
    passes,
  ],
  ["the access block as it should be", block("x", shut), passes],
  [
    "the access block, partly",
    block("x", { ...shut, blockPublicPolicy: false }),
    refuses(/switches off the public access block \(blockPublicPolicy\)/),
  ],
  [
    "the access block, not known",
    block("x", { ...shut, ignorePublicAcls: UNKNOWN }),
    undecided(/whether x blocks public access/),
  ],
  [
    "a policy for everybody",
    policyOf(JSON.stringify({ Statement: [everybody] })),
    refuses(/The bucket of p is open to everybody by its policy/),
  ],
  ["a policy for everybody, as an object", policyOf({ Statement: everybody }), refuses(/by its policy/)],
  [
    "a policy for every account",
    policyOf(JSON.stringify({ Statement: [{ ...everybody, Principal: { AWS: ["*"] } }] })),
    refuses(/by its policy/),
  ],
  [
    "a policy with a condition",
    policyOf(JSON.stringify({ Statement: [{ ...everybody, Condition: { StringEquals: {} } }] })),
    passes,
  ],
  [
    "a policy that denies clear text",
    policyOf(JSON.stringify({ Statement: [{ ...everybody, Effect: "Deny" }] })),
    passes,
  ],
  [
    "a policy for a role",
    policyOf(JSON.stringify({ Statement: [{ ...everybody, Principal: { AWS: "arn:aws:iam::1:role/r" } }] })),
    passes,
  ],
  ["a policy that isn't known", policyOf(UNKNOWN), undecided(/its policy isn't known yet/)],
  ["a policy that is no JSON", policyOf("{"), undecided(/its policy is no JSON/)],
  ["an acl that isn't known", bucket("b", { acl: UNKNOWN }), undecided(/its acl isn't known/)],
];

const withKey = { rules: [{ applyServerSideEncryptionByDefault: { sseAlgorithm: "aws:kms" } }] };
const encryption = of("aws:s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration");
const keys: Program[] = [
  ["a key of one's own", [bucket("b"), encryption("e", withKey, { bucket: [bucket("b")] })], passes],
  [
    "a key of one's own, inline",
    [bucket("b", { serverSideEncryptionConfiguration: { rule: withKey.rules[0] } })],
    passes,
  ],
  ["AWS's key", [bucket("b")], refuses(/Bucket b is encrypted with a key of AWS/)],
  [
    "a key of one's own for another bucket",
    [bucket("b"), bucket("c"), encryption("e", withKey, { bucket: [bucket("c")] })],
    refuses(/Bucket b/),
  ],
];

const volumes: Case[] = [
  ["a volume", volume("data"), refuses(/^Volume data and all its data are deleted for good/)],
  ["a protected volume", { ...volume("data"), protect: true }, passes],
  ["a volume that leaves a snapshot", volume("data", { finalSnapshot: true }), passes],
  ["a database", database("db"), refuses(/^Database db and all its data/)],
  ["a database that refuses to be deleted", database("db", { deletionProtection: true }), passes],
  ["a cluster", cluster("c", { deletionProtection: false }), refuses(/^Database c/)],
  [
    "a volume inside a machine",
    ec2("m", { ebsBlockDevices: [{ deviceName: "/dev/xvdf" }] }),
    refuses(/m loses volume \/dev\/xvdf/),
  ],
  [
    "a volume inside a machine that stays",
    ec2("m", { ebsBlockDevices: [{ deviceName: "/dev/xvdf", deleteOnTermination: false }] }),
    passes,
  ],
  ["protection that isn't known", database("db", { deletionProtection: UNKNOWN }), undecided(/isn't known yet/)],
];

const balancer = (name: string, extra: Partial<TestResource> = {}) => ({
  ...container(name, { roles: "load-balancer" }),
  ...extra,
});
const monitors: Program[] = [
  ["nothing to watch", [ec2("web", {})], passes],
  ["nobody watches", [balancer("lb-1"), balancer("lb-2")], refuses(/^Nothing watches lb-1, lb-2/)],
  ["a machine with the role", [balancer("lb-1"), container("m-1", { roles: "monitor" })], passes],
  [
    "Prometheus in user-data",
    [balancer("lb-1"), container("m-1", { userData: userData({ "/etc/prometheus/prometheus.yml": "a: b\n" }) })],
    passes,
  ],
  [
    "Prometheus as an image",
    [balancer("lb-1"), container("m-1", { properties: { image: "prom/prometheus:v3" } })],
    passes,
  ],
  ["an agent as a package", [ec2("lb", { userData: `${userData()}packages: [amazon-cloudwatch-agent]\n` })], passes],
  ["alarms", [balancer("lb-1"), alarm("down")], passes],
  ["a machine that isn't known yet", [balancer("lb-1"), ec2("x", { userData: UNKNOWN })], passes],
];

const [a, a2, b] = [
  subnet("a", { availabilityZone: "z-a" }),
  subnet("a2", { availabilityZone: "z-a" }),
  subnet("b", { availabilityZone: "z-b" }),
];
const at = (name: string, where: TestResource) => ec2(name, { subnetId: UNKNOWN }, { subnetId: [where] });
const template = launchTemplate("t");
const scaling = (properties: Record<string, unknown>) =>
  scalingGroup("asg", { launchTemplate: { id: UNKNOWN }, ...properties }, { launchTemplate: [template] });
const points: Program[] = [
  ["machines in two zones", [a, b, at("x", a), at("y", b)], passes],
  [
    "machines in one zone",
    [a, a2, at("x", a), at("y", a2)],
    refuses(/^All 2 machines \(x and others\) stand in availability zone z-a/),
  ],
  ["machines in zones that aren't known", [at("x", a), at("y", a)], passes],
  ["a database in one zone", [database("db")], refuses(/^Database db stands in one availability zone/)],
  ["a database in two zones", [database("db", { multiAz: true })], passes],
  ["a copy of a database", [database("copy", { replicateSourceDb: "arn" })], passes],
  [
    "a cluster of one",
    [cluster("c"), clusterInstance("i", { clusterIdentifier: UNKNOWN }, { clusterIdentifier: [cluster("c")] })],
    refuses(/^Database cluster c has a single instance/),
  ],
  [
    "a cluster of two",
    [
      cluster("c"),
      ...["i", "j"].map((name) =>
        clusterInstance(name, { clusterIdentifier: UNKNOWN }, { clusterIdentifier: [cluster("c")] }),
      ),
    ],
    passes,
  ],
  ["a group of one", [template, scaling({ minSize: 1 })], refuses(/^Auto Scaling group asg may have a single machine/)],
  [
    "a group of two in one zone",
    [template, scaling({ minSize: 2, availabilityZones: ["z"] })],
    refuses(/^Auto Scaling group asg stands in availability zone z only/),
  ],
  ["a group of two", [template, scaling({ minSize: 2, availabilityZones: ["z", "y"] })], passes],
];

describe("policy database-not-public", () => checkTable(databaseNotPublic, databases));
describe("policy buckets-private", () => checkTable(bucketsPrivate, buckets));
describe("policy encryption-buckets, switched on", () => checkPrograms(encryptionBuckets, keys));
describe("policy data-volumes-protected", () => checkTable(dataVolumesProtected, volumes));
describe("policy monitor-present", () => checkPrograms(monitorPresent, monitors));
describe("policy single-point-of-failure: of AWS", () => checkPrograms(singlePointOfFailure, points));
