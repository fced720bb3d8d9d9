import assert from "node:assert/strict";
import { gunzipSync } from "node:zlib";
import { parse } from "yaml";
import type { Properties } from "../../engine/provider";
import { UNKNOWN } from "../../engine/values";
import { inputs, type Preview, previewStack } from "./preview";

const INSTANCE = "aws:ec2/instance:Instance";

const userData = ({ userDataBase64 }: Properties): string =>
  gunzipSync(Buffer.from(userDataBase64, "base64")).toString("utf8");

const count = (preview: Preview, type: string): number => Object.keys(inputs(preview, type)).length;

describe("aws: the network", function () {
  this.timeout(180_000);

  it("of load balancers only has no NAT gateway; private machines have one, or one in each zone", async () => {
    const distributed = { "web-infrastructure:topology": "distributed" };
    assert.equal(count(await previewStack("dev"), "aws:ec2/natGateway:NatGateway"), 0);
    assert.equal(count(await previewStack("dev", distributed), "aws:ec2/natGateway:NatGateway"), 1);
    assert.equal(count(await previewStack("prod", distributed), "aws:ec2/natGateway:NatGateway"), 3);
  });

  it("of private machines with a prebuilt image may do without, and reach the services of AWS inside", async () => {
    const settings = {
      "web-infrastructure:topology": "distributed",
      "web-infrastructure:nat": "none",
      "web-infrastructure:prebuilt": "true",
    };
    const preview = await previewStack("dev", settings);
    assert.equal(count(preview, "aws:ec2/natGateway:NatGateway"), 0);
    const endpoints = Object.values(inputs(preview, "aws:ec2/vpcEndpoint:VpcEndpoint"));
    assert.deepEqual(endpoints.map(({ serviceName }) => serviceName).sort(), [
      "com.amazonaws.eu-central-1.monitoring",
      "com.amazonaws.eu-central-1.s3",
      "com.amazonaws.eu-central-1.ssm",
      "com.amazonaws.eu-central-1.ssmmessages",
    ]);
    const config = parse(userData(inputs(preview, INSTANCE)["web-web-1-instance"] as Properties));
    assert.deepEqual([config.packages, config.apt, config.package_update], [undefined, undefined, undefined]);
  });

  it("has machines of another type where a role is given one, with what that type has in user-data", async () => {
    const preview = await previewStack(
      "dev",
      {
        "web-infrastructure:topology": "distributed",
        "web-infrastructure:instanceTypes": '{"load-balancer": "t4g.small", "database": "m7i.large"}',
        "web-infrastructure:imageArm64": "ami-00000000000000a64",
      },
      {
        "aws:ec2/getAmi:getAmi": ({ filters }) => ({
          architecture: filters[0].values[0].endsWith("a64") ? "arm64" : "x86_64",
        }),
      },
    );
    const instances = inputs(preview, INSTANCE);
    const hardware = (name: string) => [instances[name]?.instanceType, instances[name]?.ami];
    assert.deepEqual(hardware("web-lb-1-instance"), ["t4g.small", "ami-00000000000000a64"]);
    assert.deepEqual(hardware("web-web-1-instance"), ["m7i.large", "ami-0123456789abcdef0"]);
    // a quarter of 8 GiB
    assert.match(userData(instances["web-web-1-instance"] as Properties), /innodb_buffer_pool_size = 2048M/);
  });

  it("gives each of several load balancers a public address of the site, which any of them may have", async () => {
    const preview = await previewStack("dev", {
      "web-infrastructure:loadBalancers": "active-active",
      "web-infrastructure:hostedZone": "foobar.com",
    });
    assert.equal(count(preview, "aws:ec2/eip:Eip"), 3);
    assert.equal(count(preview, "aws:route53/healthCheck:HealthCheck"), 3);
    const records = Object.values(inputs(preview, "aws:route53/record:Record"));
    assert.deepEqual(
      records.map(({ name, setIdentifier }) => [name, setIdentifier]),
      ["web-entry", "web-entry-2", "web-entry-3"].map((identifier) => ["www.foobar.com", identifier]),
    );
    const instance = inputs(preview, INSTANCE)["web-web-2-instance"] as Properties;
    assert.equal(instance.secondaryPrivateIps.length, 3);
    const files = parse(userData(instance)).write_files.filter(({ path }: { path: string }) =>
      /machine.entry-/.test(path),
    );
    assert.deepEqual(
      files.map(({ path, content }: { path: string; content: string }) => [
        path,
        /^ENTRY_ADDRESS=(.*)$/m.exec(content)?.[1],
      ]),
      instance.secondaryPrivateIps.map((address: string, index: number) => [
        `/etc/machine/entry-${index + 1}`,
        address,
      ]),
    );
    const virtualIps = files.map(({ content }: { content: string }) => /^VIRTUAL_IP=(.+)$/m.exec(content)?.[1]);
    assert.equal(new Set(virtualIps).size, 3);
    const notified = userData(instance).match(/notify_master .*entry-address@\d\.service/g) ?? [];
    assert.deepEqual(
      notified.map((line) => /@\d/.exec(line)?.[0]),
      ["@1", "@2", "@3"],
    );
  });

  const measured = [
    ...["application", "database", "load-balancer", "monitor", "web"].map((role) => `${role}-9100`),
    ...["application-8405", "load-balancer-8405", "web-9113", "database-9104", "database-9200"],
    ...["monitor-9090", "monitor-9093", "monitor-9094"],
  ];

  it("lets through the topology's flows, in both directions, and packages and AWS outwards", async () => {
    const preview = await previewStack("dev");
    const rules = (direction: string) =>
      Object.entries(inputs(preview, `aws:vpc/securityGroup${direction}Rule:SecurityGroup${direction}Rule`)).map(
        ([name, { ipProtocol, fromPort, toPort, cidrIpv4, description }]) => {
          assert.equal(toPort, fromPort === 33061 ? 33064 : fromPort);
          // what EC2 takes as a description of a rule
          assert.match(description, /^[a-zA-Z0-9. _\-:/()#,@[\]+=&;{}!$*]{1,255}$/);
          return `${name.replace(/^web-firewalls-(in|out)-/, "")} ${ipProtocol} ${cidrIpv4 ?? "group"}`;
        },
      );
    assert.deepEqual(
      rules("Ingress").sort(),
      [
        "application-database-3306 tcp group",
        "application-database-9200 tcp group",
        "database-database-3306 tcp group",
        "database-database-33061 tcp group",
        "database-database-9200 tcp group",
        "internet-load-balancer-443 tcp 0.0.0.0/0",
        "internet-load-balancer-80 tcp 0.0.0.0/0",
        "load-balancer-load-balancer-vrrp 112 group",
        "load-balancer-web-8080 tcp group",
        ...measured.map((flow) => `monitor-${flow} tcp group`),
      ].sort(),
    );
    const inside = rules("Ingress").filter((rule) => rule.endsWith("group"));
    assert.deepEqual(
      rules("Egress").sort(),
      [
        ...inside,
        ...["application", "database", "load-balancer", "monitor", "web"].flatMap((role) => [
          `${role}-internet-443 tcp 0.0.0.0/0`,
          `${role}-internet-80 tcp 0.0.0.0/0`,
        ]),
      ].sort(),
    );
  });

  it("lets load balancers out to an ACME directory, and among themselves for the certificate", async () => {
    const preview = await previewStack("dev", {
      "web-infrastructure:certificate": "acme",
      "web-infrastructure:acmeDirectory": "https://ca.foobar.com:9000/directory",
    });
    const rules = Object.keys(inputs(preview, "aws:vpc/securityGroupEgressRule:SecurityGroupEgressRule"));
    assert.deepEqual(
      rules
        .filter((name) => /-(9000|8444)$/.test(name))
        .map((name) => name.replace("web-firewalls-out-", ""))
        .sort(),
      ["load-balancer-load-balancer-8444", "load-balancer-internet-9000"].sort(),
    );
    const description = inputs(preview, "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule")[
      "web-firewalls-in-load-balancer-load-balancer-8444"
    ]?.description;
    assert.equal(description, "certificate and key of the site, over TLS");
    // nothing of the account is in user-data, which anybody on the machine can read
    assert.doesNotMatch(
      userData(inputs(preview, INSTANCE)["web-web-1-instance"] as Properties),
      /PRIVATE KEY|THUMBPRINT=/,
    );
  });

  it("is named in a hosted zone, watched from outside, and alarms go to somebody, when that is configured", async () => {
    const preview = await previewStack("dev", {
      "web-infrastructure:hostedZone": "foobar.com",
      "web-infrastructure:alarmEmail": "ops@foobar.com",
    });
    const [record] = Object.values(inputs(preview, "aws:route53/record:Record"));
    assert.deepEqual([record?.name, record?.type, record?.zoneId], ["www.foobar.com", "A", "Z0123456789"]);
    const [check] = Object.values(inputs(preview, "aws:route53/healthCheck:HealthCheck"));
    assert.deepEqual([check?.type, check?.fqdn, check?.resourcePath], ["HTTPS", "www.foobar.com", "/up"]);
    assert.equal(count(preview, "aws:sns/topicSubscription:TopicSubscription"), 1);
    const alarms = inputs(preview, "aws:cloudwatch/metricAlarm:MetricAlarm");
    assert.deepEqual(
      Object.keys(alarms)
        .filter((name) => name.includes("web-1"))
        .sort(),
      [
        "web-monitoring-web-1-credits",
        "web-monitoring-web-1-disk",
        "web-monitoring-web-1-disk-var-lib-mysql",
        "web-monitoring-web-1-status",
      ],
    );
    for (const alarm of Object.values(alarms)) assert.deepEqual(alarm.alarmActions, [UNKNOWN]);
  });
});

describe("aws: what machines install", function () {
  this.timeout(180_000);

  it("is Debian's, and MySQL by Oracle's key on database machines alone", async () => {
    const preview = await previewStack("dev", { "web-infrastructure:topology": "distributed" });
    const config = (name: string) => parse(userData(inputs(preview, INSTANCE)[`web-${name}-instance`] as Properties));
    assert.equal(config("lb-1").apt.sources, undefined);
    const { source, keyid } = config("web-1").apt.sources.mysql;
    assert.match(source, /signed-by=\$KEY_FILE\] https:\/\/repo\.mysql\.com\/apt\/debian \$RELEASE mysql-9\.7-lts$/);
    assert.equal(keyid, "BCA43417C3B485DD128EC6D4B7B3B788A8D3785C");
    assert.ok(config("web-1").packages.includes("mysql-server"));
    assert.ok(config("lb-1").packages.includes("awscli"));
  });
});
