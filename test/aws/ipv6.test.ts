import assert from "node:assert/strict";
import { gunzipSync } from "node:zlib";
import * as pulumi from "@pulumi/pulumi";
import { type AwsConfig, parseConfig } from "../../config";
import type { Properties } from "../../engine/provider";
import { UNKNOWN } from "../../engine/values";
import { configuredTopology } from "../../topology";
import { inputs, judge, type Preview, previewStack } from "./preview";

const ON = { "web-infrastructure:ipv6": "true" };
const DISTRIBUTED = { "web-infrastructure:topology": "distributed" };
const ROUTE = "aws:ec2/route:Route";
const EGRESS_ONLY = "aws:ec2/egressOnlyInternetGateway:EgressOnlyInternetGateway";

const userData = ({ userDataBase64 }: Properties): string =>
  gunzipSync(Buffer.from(userDataBase64, "base64")).toString("utf8");

/** Names of the routes to the internet of IPv6, each with what it leads through. */
const ways = (preview: Preview) =>
  Object.entries(inputs(preview, ROUTE)).flatMap(([name, { destinationIpv6CidrBlock, ...way }]) =>
    destinationIpv6CidrBlock === "::/0" ? [[name, Object.keys(way).find((key) => /gateway/i.test(key))]] : [],
  );

/** Rules of IPv6, such as `load-balancer-443 tcp 443`. */
const rules = (preview: Preview, direction: "Ingress" | "Egress") =>
  Object.entries(inputs(preview, `aws:vpc/securityGroup${direction}Rule:SecurityGroup${direction}Rule`))
    .filter(([, { cidrIpv6 }]) => cidrIpv6 !== undefined)
    .map(([name, { cidrIpv6, ipProtocol, fromPort }]) => {
      assert.equal(cidrIpv6, "::/0");
      return `${name.replace(/^web-firewalls-(in|out)-/, "")} ${ipProtocol} ${fromPort}`;
    });

const allRoles = ["application", "database", "load-balancer", "monitor", "web"];

describe("aws: IPv6", function () {
  this.timeout(180_000);
  let dev: Preview;
  before(async () => {
    dev = await previewStack("dev", { ...ON, "web-infrastructure:hostedZone": "foobar.com" });
  });

  it("is nowhere unless it is asked for", async () => {
    const preview = await previewStack("dev");
    const made = preview.resources.map(({ registration }) => registration).filter(({ custom }) => custom);
    // in what is compressed those letters stand by chance
    const readable = (_key: string, value: unknown) =>
      typeof value === "string" && /^[\w+/=-]{1000,}$/.test(value) ? "" : value;
    assert.deepEqual(
      made
        .filter((each) => /ipv6/i.test(JSON.stringify(each.properties, readable) + each.name))
        .map(({ name }) => name),
      [],
    );
    for (const instance of Object.values(inputs(preview, "aws:ec2/instance:Instance")))
      assert.doesNotMatch(userData(instance), /v6only|dport 546/);
  });

  it("breaks no policy, and leaves none undecided", async () => {
    assert.deepEqual(
      (await judge(dev)).filter(({ mandatory, message }) => mandatory || /Could not be judged/.test(message)),
      [],
    );
  });

  it("lets visitors in on 80 and 443, machines out to the same, and routers say that a packet is too big", () => {
    assert.deepEqual(
      rules(dev, "Ingress").sort(),
      [
        "internet-load-balancer-443-ipv6 tcp 443",
        "internet-load-balancer-80-ipv6 tcp 80",
        ...allRoles.map((role) => `internet-${role}-too-big-ipv6 icmpv6 2`),
      ].sort(),
    );
    assert.deepEqual(
      rules(dev, "Egress").sort(),
      allRoles.flatMap((role) => [443, 80].map((port) => `${role}-internet-${port}-ipv6 tcp ${port}`)).sort(),
    );
  });

  it("comes in by the internet gateway; machines without a public address only get out", async () => {
    assert.deepEqual(ways(dev), [["web-network-public-internet-ipv6", "gatewayId"]]);
    assert.deepEqual(inputs(dev, EGRESS_ONLY), {});
    const preview = await previewStack("dev", { ...ON, ...DISTRIBUTED });
    assert.equal(Object.keys(inputs(preview, EGRESS_ONLY)).length, 1);
    assert.deepEqual(ways(preview), [
      ["web-network-public-internet-ipv6", "gatewayId"],
      ...[1, 2, 3].map((zone) => [`web-network-private-${zone}-internet-ipv6`, "egressOnlyGatewayId"]),
    ]);
    assert.deepEqual(
      (await judge(preview)).filter(({ mandatory }) => mandatory).map(({ rule }) => rule),
      ["load-balancer-redundant"],
    );
  });

  it("is no way out where there is to be none", async () => {
    const closed = { "web-infrastructure:nat": "none", "web-infrastructure:prebuilt": "true" };
    const preview = await previewStack("dev", { ...ON, ...DISTRIBUTED, ...closed });
    assert.deepEqual(ways(preview), [["web-network-public-internet-ipv6", "gatewayId"]]);
  });

  it("has a record for each load balancer, which is answered while its health check passes", () => {
    const records = Object.values(inputs(dev, "aws:route53/record:Record"));
    assert.deepEqual(
      records
        .map(({ type, setIdentifier, records, multivalueAnswerRoutingPolicy }) => [
          ...[type, setIdentifier, records, multivalueAnswerRoutingPolicy],
        ])
        .sort(),
      [
        ["A", "web-entry", [UNKNOWN], true],
        ...[1, 2, 3].map((number) => ["AAAA", `web-entry-web-${number}-ipv6`, [UNKNOWN], true]),
      ],
    );
    for (const { healthCheckId } of records) assert.equal(healthCheckId, UNKNOWN);
    const checks = Object.values(inputs(dev, "aws:route53/healthCheck:HealthCheck"));
    assert.deepEqual(
      checks.map(({ type, fqdn, port }) => [type, fqdn, port]),
      records.map(() => ["HTTPS", "www.foobar.com", 443]),
    );
  });

  it("hands nothing from machine to machine: addresses are known by the network", () => {
    for (const { registration } of dev.resources) {
      const from = [
        ...(registration.propertyDependencies.ipv6Addresses ?? []),
        ...(registration.type === "aws:route53/record:Record" ? (registration.propertyDependencies.records ?? []) : []),
      ];
      for (const urn of from) assert.doesNotMatch(urn, /instance/i, registration.name);
    }
  });

  it("reaches HAProxy and the firewall of load balancers", () => {
    for (const instance of Object.values(inputs(dev, "aws:ec2/instance:Instance"))) {
      const text = userData(instance);
      assert.match(text, /^ *bind :::80 v6only$/m);
      assert.match(text, /^ *bind :::443 v6only ssl crt /m);
      assert.match(text, /ip6 saddr fe80::\/10 udp sport 547 udp dport 546 accept/);
    }
  });

  it("is refused where it isn't true or false, and on Docker", () => {
    const of = (target: string, ipv6: string) => () =>
      parseConfig({ "web-infrastructure:target": target, "web-infrastructure:ipv6": ipv6 }, "test");
    assert.throws(of("aws", "yes"), /web-infrastructure:ipv6 takes true or false, not "yes"/);
    assert.throws(of("docker", "true"), /web-infrastructure:ipv6 is a setting of the target aws, not of docker/);
  });
});

describe("aws: IPv6, once AWS has given the network its range", function () {
  this.timeout(60_000);
  const made: Record<string, Properties> = {};
  before(async () => {
    const ipv6CidrBlock = "2001:db8:1234:1a00::/56";
    pulumi.runtime.setMocks(
      {
        newResource({ name, type, inputs }) {
          made[`${type.split(":").at(-1)} ${name}`] = inputs;
          return { id: `${name}-id`, state: type === "aws:ec2/vpc:Vpc" ? { ipv6CidrBlock, ...inputs } : inputs };
        },
        call: () => ({}),
      },
      "web-infrastructure",
      "unit",
    );
    // after setMocks: what is made before looks for a real engine
    const { AwsTarget } = require("../../components/aws/target") as typeof import("../../components/aws/target");
    const { WebInfrastructure } =
      require("../../components/web-infrastructure") as typeof import("../../components/web-infrastructure");
    const settings = { target: "aws", ipv6: "true", instanceType: "t3.small" };
    const config = parseConfig(
      {
        "aws:region": "eu-central-1",
        ...Object.fromEntries(Object.entries(settings).map(([key, value]) => [`web-infrastructure:${key}`, value])),
      },
      "unit",
    ) as AwsConfig;
    const size = { memory: 2048, cores: 2 };
    const topology = configuredTopology(config, "unit", { size, zones: 3 });
    const hardware = Object.fromEntries(
      topology.machines.map(({ name }) => [name, { image: "ami-0", instanceType: "t3.small", size }]),
    );
    const zones = ["a", "b", "c"].map((letter) => `eu-central-1${letter}`);
    const facts = { account: "123456789012", partition: "aws", zones, hardware, hostedZoneId: "Z1" };
    const infrastructure = new WebInfrastructure("web", {
      topology,
      application: { path: __filename, sha256: "abc", documentRoot: "" },
      target: new AwsTarget(config, facts),
    });
    addresses = await new Promise((resolve) => {
      pulumi.all([infrastructure.entryAddresses, infrastructure.machines]).apply(([given]) => resolve(given));
    });
  });
  let addresses: string[];

  const own = [0, 1, 2].map((zone) => `2001:db8:1234:1a0${zone}::11`);

  it("subnets and machines have fixed parts of it", () => {
    assert.equal(made["Vpc web-network-vpc"]?.assignGeneratedIpv6CidrBlock, true);
    for (const zone of [0, 1, 2]) {
      assert.equal(made[`Subnet web-network-public-${zone + 1}`]?.ipv6CidrBlock, `2001:db8:1234:1a0${zone}::/64`);
      assert.equal(made[`Subnet web-network-private-${zone + 1}`]?.ipv6CidrBlock, `2001:db8:1234:1a0${zone + 4}::/64`);
      assert.deepEqual(made[`Instance web-web-${zone + 1}-instance`]?.ipv6Addresses, [own[zone]]);
    }
  });

  it("the site's name leads to each load balancer, and a health check visits it", () => {
    for (const [index, address] of own.entries()) {
      const record = made[`Record web-entry-name-web-${index + 1}-ipv6`];
      assert.deepEqual([record?.type, record?.records, record?.name], ["AAAA", [address], "www.foobar.com"]);
      assert.equal(record?.healthCheckId, `web-entry-health-web-${index + 1}-ipv6-id`);
      assert.equal(made[`HealthCheck web-entry-health-web-${index + 1}-ipv6`]?.ipAddress, address);
    }
  });

  it("is among the outputs, after the address of IPv4", () => {
    assert.deepEqual(addresses.slice(-3), own);
    assert.equal(addresses.length, 4);
  });
});
