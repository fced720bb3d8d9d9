import assert from "node:assert/strict";
import { type Answers, previewStack } from "./preview";

describe("aws: mistakes are told before anything is planned", function () {
  this.timeout(180_000);
  const key = (name: string) => `web-infrastructure:${name}`;
  const mistakes: [title: string, settings: Record<string, string>, answers: Answers, message: RegExp][] = [
    [
      "no image",
      { [key("image")]: undefined as unknown as string },
      {},
      /image is missing[\s\S]*pulumi config set web-infrastructure:image ami-0fedcba9876543210 --stack dev/,
    ],
    [
      "an unknown region",
      {},
      failing("aws:index/getAvailabilityZones:getAvailabilityZones"),
      /AWS can't answer what aws:region asks: .*no such region/,
    ],
    [
      "too few zones",
      {},
      { "aws:index/getAvailabilityZones:getAvailabilityZones": () => ({ id: "x", names: ["a", "b"], zoneIds: [] }) },
      /has 2 availability zones, fewer than 3[\s\S]*web-infrastructure:zones to 2/,
    ],
    [
      "more processor cores than a new account may run",
      {},
      { "aws:servicequotas/getServiceQuota:getServiceQuota": () => ({ value: 5 }) },
      /machines have 6 vCPUs, and the account may run 5 in eu-central-1[\s\S]*L-1216C47A/,
    ],
    [
      "no NAT gateway without an image that holds the packages",
      { [key("topology")]: "distributed", [key("nat")]: "none" },
      {},
      /nat none leaves web-1 without a way to Debian's packages\. Set web-infrastructure:prebuilt to true/,
    ],
    [
      "an unknown instance type",
      { [key("instanceTypes")]: '{"web": "t9.small"}' },
      failing("aws:ec2/getInstanceType:getInstanceType"),
      /AWS can't answer what web-infrastructure:instanceTypes web asks/,
    ],
    [
      "types by something that is no role",
      { [key("instanceTypes")]: '{"mysql": "t3.small"}' },
      {},
      /instanceTypes takes instance types by role, such as \{"database": "m7i\.large"\}; roles are load-balancer, web/,
    ],
    [
      "arm64 machines without an image of theirs",
      { [key("topology")]: "distributed", [key("instanceTypes")]: '{"load-balancer": "t4g.small"}' },
      {},
      /imageArm64 is missing[\s\S]*pulumi config set web-infrastructure:imageArm64 ami-0fedcba9876543210/,
    ],
    [
      "a hosted zone that isn't there",
      { [key("hostedZone")]: "foobar.com" },
      failing("aws:route53/getZone:getZone"),
      /AWS can't answer what web-infrastructure:hostedZone asks/,
    ],
    [
      "arm64 for a database",
      { [key("instanceType")]: "t4g.small" },
      {},
      /instanceType t4g\.small is arm64, but web-1 has a database, and Oracle/,
    ],
    [
      "an image of another architecture",
      {},
      { "aws:ec2/getAmi:getAmi": () => ({ architecture: "arm64" }) },
      /image ami-0123456789abcdef0 is for arm64/,
    ],
    [
      "a domain outside its zone",
      { [key("hostedZone")]: "example.com" },
      {},
      /domain www\.foobar\.com is no name in web-infrastructure:hostedZone example\.com/,
    ],
    [
      "a range that is too small",
      { [key("addressRange")]: "10.0.0.0/26" },
      {},
      /addressRange 10\.0\.0\.0\/26 is too small/,
    ],
    [
      "too many addresses",
      { [key("topology")]: "distributed", [key("nat")]: "per-zone" },
      { "aws:ec2/getEips:getEips": ({ filters }) => ({ allocationIds: filters ? [] : ["a", "b"] }) },
      /takes 4 Elastic IPs, others in eu-central-1 take 2, and the account may have 5[\s\S]*web-infrastructure:nat/,
    ],
  ];
  for (const [title, settings, answers, message] of mistakes) {
    it(title, async () => {
      await assert.rejects(previewStack("dev", settings, answers), (error: Error) => {
        assert.match(error.message, message);
        // for a person: no stack trace
        assert.doesNotMatch(error.message, /\n\s+at /);
        return true;
      });
    });
  }
});

/** A function that AWS refuses to answer. */
function failing(token: string): Answers {
  return {
    [token]: () => {
      throw new Error("no such region");
    },
  };
}
