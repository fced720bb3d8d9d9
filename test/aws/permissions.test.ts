import assert from "node:assert/strict";
import { Cloud } from "./cloud";
import { Aws, lintPolicy } from "./lab";
import { runStack } from "./preview";
import { unpackLoosely } from "./wire";

describe("aws: what roles may do, with everything known", function () {
  this.timeout(180_000);
  let aws: Aws;
  const policies: Record<string, string> = {};

  before(async () => {
    aws = await Aws.start();
    const cloud = new Cloud(aws, async () => undefined);
    await runStack("prod", { "web-infrastructure:topology": "distributed" }, cloud, "up");
    for (const { registration } of cloud.registered.values()) {
      if (registration.type !== "aws:iam/rolePolicy:RolePolicy") continue;
      policies[registration.name] = unpackLoosely(registration.properties).policy;
    }
  });
  after(() => aws?.stop());

  it("is written as IAM understands it: parliament finds nothing, and would find something", () => {
    assert.deepEqual(Object.keys(policies).sort(), [
      "web-lb-1-role",
      "web-network-flows",
      "web-web-1-role",
      "web-web-2-role",
    ]);
    for (const [name, policy] of Object.entries(policies)) assert.deepEqual(lintPolicy(policy), [], name);
    const misspelt = (policies["web-lb-1-role"] as string).replaceAll("AssociateAddress", "AssociateAdress");
    assert.match(lintPolicy(misspelt).join(), /UNKNOWN_ACTION/);
  });

  it("is bound to something of the stack's own, wherever AWS lets it be", () => {
    const unbound = Object.values(policies).flatMap((policy) =>
      JSON.parse(policy)
        .Statement.filter(({ Resource, Condition }: Record<string, unknown>) => Resource === "*" && !Condition)
        .flatMap(({ Action }: { Action: string | string[] }) => Action),
    );
    // the first two take no resource; the others are what AWS itself gives for Session Manager
    assert.deepEqual([...new Set(unbound)].sort(), [
      "ec2:DescribeAddresses",
      "logs:DescribeLogGroups",
      "ssm:UpdateInstanceInformation",
      "ssmmessages:CreateControlChannel",
      "ssmmessages:CreateDataChannel",
      "ssmmessages:OpenControlChannel",
      "ssmmessages:OpenDataChannel",
    ]);
  });
});
