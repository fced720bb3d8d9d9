import assert from "node:assert/strict";
import * as pulumi from "@pulumi/pulumi";

interface Registered {
  readonly type: string;
  readonly name: string;
  // biome-ignore lint/suspicious/noExplicitAny: the inputs of whatever resource
  readonly inputs: any;
}

const registered: Registered[] = [];

function mock(): void {
  registered.length = 0;
  pulumi.runtime.setMocks(
    {
      newResource({ type, name, inputs }) {
        registered.push({ type, name, inputs });
        const made = {
          arn: `arn:${name}`,
          primaryNetworkInterfaceId: `eni-${name}`,
          publicIp: "203.0.113.7",
          version: 1,
          result: `made-up-secret ${name}`,
        };
        const tls = {
          privateKeyPem: `made-up-secret ${name}`,
          certPem: name,
          certRequestPem: name,
          hex: "made-up-secret",
        };
        return { id: `${name}-id`, state: { name, ...made, ...tls, ...inputs } };
      },
      call: () => ({}),
    },
    "web-infrastructure",
    "unit",
  );
}
mock();

// Imported after setMocks: a resource made before would look for a real engine.
import { secretNames } from "../../cloud-init";
import { judgeReport, waitUntilReady } from "../../components/aws/readiness";
import { AwsTarget } from "../../components/aws/target";
import { WebInfrastructure } from "../../components/web-infrastructure";
import { parseConfig } from "../../config";
import { type Preset, planTopology, type Topology } from "../../topology";

/** Under mocks a secret arrives as an object that marks one. */
const isSecret = (value: unknown) => JSON.stringify(value).includes("1b47061264138c4ac30d75fd1eb44270");

const inputs = (name: string) => registered.find((each) => each.name === name)?.inputs;

let planned: Topology;

async function make(preset: Preset, settings: Record<string, string> = {}): Promise<WebInfrastructure> {
  mock();
  const configuration = Object.entries({ target: "aws", image: "ami-01234567", ...settings });
  const config = parseConfig(
    {
      "aws:region": "eu-central-1",
      ...Object.fromEntries(configuration.map(([k, v]) => [`web-infrastructure:${k}`, v])),
    },
    "unit",
  );
  assert.ok(config.target === "aws");
  const size = { memory: 2048, cores: 2 };
  const topology = planTopology({
    preset,
    stack: "unit",
    domain: "www.foobar.com",
    addressRange: "10.20.0.0/16",
    size,
    zones: 3,
  });
  planned = topology;
  const hardware = topology.machines.map(({ name }) => [
    name,
    { instanceType: "t3.small", image: "ami-01234567", size },
  ]);
  const facts = {
    account: "123456789012",
    partition: "aws",
    zones: ["a", "b", "c"],
    hardware: Object.fromEntries(hardware),
  };
  const infrastructure = new WebInfrastructure("site", {
    topology,
    application: { path: "/tmp/application.tar", sha256: "abc123", documentRoot: "public" },
    target: new AwsTarget(config, facts),
  });
  await new Promise((resolve) => pulumi.all([infrastructure.machines, infrastructure.url]).apply(resolve));
  return infrastructure;
}

const resolved = <T>(output: pulumi.Output<T>) =>
  new Promise<T>((resolve) => {
    output.apply((value) => resolve(value as T));
  });

describe("aws: the machines, with AWS mocked", function () {
  this.timeout(120_000);

  describe("of distributed", () => {
    let infrastructure: WebInfrastructure;
    before(async () => {
      infrastructure = await make("distributed");
    });

    const policyOf = (machine: string) =>
      registered.find(({ type, name }) => type === "aws:iam/rolePolicy:RolePolicy" && name === `site-${machine}-role`)
        ?.inputs.policy;

    it("may read their own secrets and programs and write their own report, and nobody else's", () => {
      const { Statement } = JSON.parse(policyOf("web-2"));
      const allowed = (Sid: string) => Statement.find((each: { Sid: string }) => each.Sid === Sid);
      const own = "arn:aws:ssm:eu-central-1:123456789012:parameter/web-infrastructure/unit/web-2";
      assert.deepEqual(allowed("OwnSecrets").Resource, [`${own}/secrets`, `${own}/secrets/*`]);
      assert.equal(allowed("OwnReport").Resource, `${own}/ready`);
      assert.match(
        allowed("OwnPrograms").Resource,
        /^arn:aws:s3:::web-infrastructure-unit-123456789012\/programs\/web-2\/[0-9a-f]{64}\.tar\.gz$/,
      );
      assert.equal(allowed("TakeAddress"), undefined);
      for (const { Sid, Resource, Action } of Statement) {
        if (Resource !== "*") continue;
        assert.ok(["SessionManager", "OwnMeasures"].includes(Sid), `${Sid} allows ${Action} on everything`);
      }
    });

    it("that balance load may take the site's address, for themselves alone", () => {
      const { Statement } = JSON.parse(policyOf("lb-1"));
      const allowed = (Sid: string) => Statement.find((each: { Sid: string }) => each.Sid === Sid);
      assert.deepEqual(allowed("TakeAddress").Resource, [
        "arn:aws:ec2:eu-central-1:123456789012:elastic-ip/site-entry-address-id",
      ]);
      assert.deepEqual(allowed("ToThisMachine").Resource, [
        "arn:aws:ec2:eu-central-1:123456789012:instance/*",
        "arn:aws:ec2:eu-central-1:123456789012:network-interface/*",
      ]);
      assert.deepEqual(allowed("ToThisMachine").Condition, {
        StringEquals: {
          "aws:ResourceTag/web-infrastructure.stack": "unit",
          "aws:ResourceTag/web-infrastructure.machine": "lb-1",
        },
      });
      const tagsOfInterface = registered.filter(({ type }) => type === "aws:ec2/tag:Tag").map((each) => each.inputs);
      assert.deepEqual(tagsOfInterface, [
        { resourceId: "eni-site-lb-1-instance", key: "web-infrastructure.stack", value: "unit" },
        { resourceId: "eni-site-lb-1-instance", key: "web-infrastructure.machine", value: "lb-1" },
      ]);
      assert.equal(allowed("Applications"), undefined);
    });

    it("find what is theirs in their tags", () => {
      assert.deepEqual(inputs("site-web-1-instance").tags, {
        Name: "web-infrastructure-unit-web-1",
        "web-infrastructure.stack": "unit",
        "web-infrastructure.machine": "web-1",
        "web-infrastructure.roles": "web,application,database",
        "web-infrastructure.data-volume": "site-web-1-data-id",
      });
      assert.equal(inputs("site-lb-1-instance").tags["web-infrastructure.entry-address"], "site-entry-address-id");
    });

    it("keep their secrets secret, also from what policies see of a component", () => {
      const secrets = registered.filter(({ inputs: { type } }) => type === "SecureString");
      const wanted = planned.machines.flatMap((machine) => secretNames(planned, machine));
      assert.equal(secrets.length, wanted.length);
      for (const { name, inputs: given } of secrets) assert.ok(isSecret(given.value), name);
      for (const { type, name, inputs: given } of registered) {
        if (!type.startsWith("web-infrastructure:") && !type.startsWith("aws:ec2")) continue;
        assert.doesNotMatch(JSON.stringify(given), /made-up-secret/, `${type} ${name}`);
      }
    });

    it("are waited for by what they report, each after its volume is there", () => {
      const { instanceId, parameter, region, timeout } = inputs("site-web-1-readiness");
      assert.deepEqual(
        [instanceId, parameter, region, timeout],
        ["site-web-1-instance-id", "/web-infrastructure/unit/web-1/ready", "eu-central-1", 1200],
      );
      const order = registered.map(({ name, type }) => `${type.split(":").pop()} ${name}`);
      const position = (what: string) => order.indexOf(what);
      assert.ok(position("VolumeAttachment site-web-1-data") < position("Resource site-web-1-readiness"));
      assert.ok(position("Resource site-web-1-readiness") < position("Instance site-web-2-instance"));
      assert.ok(position("Resource site-web-2-readiness") < position("Instance site-lb-1-instance"));
    });

    it("are there after their routes, rules, permissions and secrets", () => {
      const last = (pattern: RegExp) => registered.findLastIndex(({ type }) => pattern.test(type));
      const first = registered.findIndex(({ type }) => type === "aws:ec2/instance:Instance");
      assert.ok(last(/:Route$|RouteTableAssociation$|SecurityGroup(In|E)gressRule$/) < first);
      const names = registered.slice(0, first).map(({ name }) => name);
      for (const name of ["site-web-1-role", "site-web-1-secret-machine.key", "site-storage-web-1-programs"]) {
        assert.ok(names.includes(name), name);
      }
    });

    it("are known to a person by instance, and by how to open a session", async () => {
      assert.deepEqual(await resolved(infrastructure.entryAddresses), ["203.0.113.7"]);
      const { "web-1": web } = await resolved(infrastructure.machines);
      assert.deepEqual(web, {
        address: "10.20.128.11",
        roles: ["web", "application", "database"],
        instance: "site-web-1-instance-id",
        session: "aws ssm start-session --region eu-central-1 --target site-web-1-instance-id",
      });
    });
  });

  it("are protected when that is asked for, in a way that lets them be replaced", async () => {
    await make("highly-available", { protected: "true" });
    const { disableApiTermination, forceDestroy } = inputs("site-web-1-instance");
    assert.deepEqual([disableApiTermination, forceDestroy], [true, true]);
    assert.equal(inputs("site-storage-bucket").forceDestroy, false);
  });
});

describe("aws: what a machine reports", () => {
  const id = "i-1";

  it("counts when it is this instance's: what one before it said doesn't", () => {
    assert.deepEqual(judgeReport("i-1 ok", id), { ready: true, waitsFor: "" });
    for (const report of ["not made yet", "i-0 ok", "i-0 failed badly", ""]) {
      assert.equal(judgeReport(report, id).ready, false, report);
    }
    assert.deepEqual(judgeReport("i-1 waiting mysql starts", id), { ready: false, waitsFor: "mysql starts" });
  });

  it("is an error with the end of its log when it failed", () => {
    assert.throws(() => judgeReport("i-1 failed line 1\nline 2", id), /i-1 can't be set up[\s\S]*line 1\nline 2$/);
  });

  it("is waited for with what it waits for in between, each once, and not for ever", async () => {
    const reports = ["not made yet", "i-1 waiting apt", "i-1 waiting apt", "i-1 waiting mysql", "i-1 ok"];
    const said: string[] = [];
    await waitUntilReady(
      { instanceId: id, timeout: 5 },
      async () => reports.shift() ?? "",
      (each) => said.push(each),
      1,
    );
    assert.deepEqual(said, ["i-1: the machine has not reported yet", "i-1: apt", "i-1: mysql"]);
    await assert.rejects(
      waitUntilReady(
        { instanceId: id, timeout: 0 },
        async () => "i-1 waiting apt",
        () => undefined,
        2,
      ),
      /i-1 was not ready after 0 s\. Last it said: apt\nLook at it: aws ssm start-session --target i-1/,
    );
  });
});
