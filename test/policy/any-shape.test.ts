import assert from "node:assert/strict";
import fc from "fast-check";
// The pack of all tests is started by the hooks of this file.
import "./judge";
import { userData } from "./machines";
import { type Diagnostic, Pack, type TestResource, UNKNOWN } from "./pack";

/** What each type is read for: each of these gets values of any shape. */
const TYPES: Record<string, readonly string[]> = {
  "docker:index/container:Container": ["labels", "uploads", "ports", "name", "image", "volumes", "mounts"],
  "aws:ec2/instance:Instance": [
    ...["userData", "userDataBase64", "tags", "networkInterfaces", "associatePublicIpAddress", "metadataOptions"],
    ...["rootBlockDevice", "ebsBlockDevices", "vpcSecurityGroupIds", "securityGroups", "launchTemplate"],
    ...["availabilityZone", "subnetId"],
  ],
  "aws:ec2/launchTemplate:LaunchTemplate": [
    "userData",
    "tagSpecifications",
    "networkInterfaces",
    "blockDeviceMappings",
  ],
  "aws:ec2/launchConfiguration:LaunchConfiguration": ["userData", "securityGroups", "rootBlockDevice"],
  "aws:ec2/networkInterface:NetworkInterface": ["securityGroups"],
  "aws:autoscaling/group:Group": ["minSize", "launchTemplate", "mixedInstancesPolicy", "vpcZoneIdentifiers"],
  "aws:ec2/eip:Eip": ["instance"],
  "aws:ec2/eipAssociation:EipAssociation": ["instanceId", "allocationId"],
  "aws:ec2/subnet:Subnet": ["availabilityZone", "id"],
  "aws:ec2/vpc:Vpc": ["defaultSecurityGroupId"],
  "aws:lb/loadBalancer:LoadBalancer": ["internal", "subnets", "subnetMappings", "loadBalancerType"],
  "aws:lb/listener:Listener": ["protocol", "port", "defaultActions", "sslPolicy", "loadBalancerArn"],
  "aws:lb/listenerRule:ListenerRule": ["actions", "conditions", "listenerArn"],
  "aws:elb/loadBalancer:LoadBalancer": ["listeners", "internal", "availabilityZones"],
  "aws:elb/loadBalancerPolicy:LoadBalancerPolicy": ["policyAttributes"],
  "aws:apigateway/domainName:DomainName": ["securityPolicy", "domainNameConfiguration"],
  "aws:cloudfront/distribution:Distribution": ["defaultCacheBehavior", "orderedCacheBehaviors", "viewerCertificate"],
  "aws:ec2/securityGroup:SecurityGroup": ["ingress", "egress", "tags"],
  "aws:ec2/securityGroupRule:SecurityGroupRule": ["type", "protocol", "fromPort", "cidrBlocks", "prefixListIds"],
  "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule": ["ipProtocol", "cidrIpv4", "prefixListId"],
  "aws:ec2/managedPrefixList:ManagedPrefixList": ["entries", "id"],
  "aws:ec2/networkAcl:NetworkAcl": ["ingress"],
  "aws:ec2/networkAclRule:NetworkAclRule": ["protocol", "ruleAction", "cidrBlock", "egress"],
  "aws:rds/instance:Instance": ["publiclyAccessible", "deletionProtection", "multiAz"],
  "aws:rds/cluster:Cluster": ["deletionProtection"],
  "aws:ebs/volume:Volume": ["encrypted", "finalSnapshot"],
  "aws:s3/bucket:Bucket": ["acl", "grants", "policy", "serverSideEncryptionConfiguration"],
  "aws:s3/bucketPolicy:BucketPolicy": ["policy"],
  "aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock": ["blockPublicAcls"],
  "web-infrastructure:index:WebInfrastructure": ["topology", "machines"],
};

/** Words that rules look for, so that shapes get deeper than the first look. */
const WORDS = fc.constantFrom(
  ...["ingress", "tcp", "-1", "0.0.0.0/0", "::/0", "HTTP", "HTTPS", "redirect", "allow", "required", "load-balancer"],
  ...["type", "protocol", "cidrBlocks", "roles", "name", "label", "value", "ebs", "redirect", "Statement", "encrypted"],
);
const shape = fc.letrec((tie) => ({
  any: fc.oneof(
    { maxDepth: 4 },
    fc.constantFrom(null, true, false, UNKNOWN, ""),
    fc.integer(),
    WORDS,
    fc.string({ unit: "binary-ascii" }),
    fc.array(tie("any"), { maxLength: 3 }),
    fc.dictionary(fc.oneof(WORDS, fc.string({ unit: "grapheme-ascii" })), tie("any"), { maxKeys: 4 }),
  ),
})).any;

const resource = fc.constantFrom(...Object.entries(TYPES)).chain(([type, keys]) =>
  fc
    .tuple(fc.uniqueArray(fc.constantFrom(...keys), { maxLength: 3 }), fc.array(shape, { minLength: 3, maxLength: 3 }))
    .map(([chosen, values]) => ({
      type,
      properties: Object.fromEntries(chosen.map((key, at) => [key, values[at]])),
    })),
);

const failed = (said: readonly Diagnostic[]) => said.filter(({ message }) => message.includes("itself failed"));

describe("policy pack: nothing makes a rule throw", function () {
  this.timeout(120_000);
  before(() => Pack.shared().configure({ "encryption-buckets": { enforcementLevel: "mandatory" } }));

  it("resources of any shape, with unknown values in any place", async () => {
    const programs = fc.array(resource, { minLength: 5, maxLength: 25 });
    await fc.assert(
      fc.asyncProperty(programs, async (given) => {
        const resources = given.map((one, index): TestResource => ({ ...one, name: `r${index}` }));
        const said: Diagnostic[] = [];
        for (const one of resources) said.push(...(await Pack.shared().analyze(one)));
        said.push(...(await Pack.shared().analyzeStack(resources)));
        assert.deepEqual(failed(said), []);
      }),
      { numRuns: 40 },
    );
  });

  it("every property of every type, unknown", async () => {
    for (const [type, keys] of Object.entries(TYPES)) {
      const properties = Object.fromEntries(keys.map((key) => [key, UNKNOWN]));
      assert.deepEqual(failed(await Pack.shared().analyze({ type, name: "unknown", properties })), [], type);
    }
  });

  it("user-data that is cut off, or has anything in it", async () => {
    const whole = userData();
    const broken = fc.oneof(
      fc.integer({ min: 0, max: whole.length }).map((length) => whole.slice(0, length)),
      fc.tuple(fc.nat(whole.length), fc.string()).map(([at, text]) => whole.slice(0, at) + text + whole.slice(at)),
      fc.string().map((text) => `Content-Type: multipart/mixed; boundary=x\n\n--x\n${text}\n--x--`),
      fc.string().map((text) => `#cloud-config\nwrite_files:\n- path: /etc/nftables.conf\n  content: ${text}`),
      fc.uint8Array().map((bytes) => Buffer.from(bytes).toString("base64")),
    );
    await fc.assert(
      fc.asyncProperty(broken, async (text) => {
        const type = "aws:ec2/instance:Instance";
        const machine = { type, name: "m", properties: { userData: text, associatePublicIpAddress: true } };
        assert.deepEqual(failed(await Pack.shared().analyze(machine)), []);
      }),
      { numRuns: 200 },
    );
  });
});
