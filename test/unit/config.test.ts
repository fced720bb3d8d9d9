import assert from "node:assert/strict";
import { ConfigError, parseConfig } from "../../config";

const parse = (settings: Record<string, string>) =>
  parseConfig(Object.fromEntries(Object.entries(settings).map(([k, v]) => [`web-infrastructure:${k}`, v])), "local");

/** Defaults of both targets. */
const everywhere = {
  webServers: "active-active",
  loadBalancers: "active-passive",
  slowStart: 0,
  requestsPerAddress: 2000,
  connectionsPerAddress: 500,
  outgoingPorts: [80, 443],
  stickySessions: false,
  domain: "www.foobar.com",
  app: "./app",
  backupSchedule: "02:30",
  backupDays: 14,
  certificate: "self-signed",
};

describe("the stack configuration", () => {
  it("needs nothing but a target", () => {
    assert.deepEqual(parse({ target: "docker" }), {
      target: "docker",
      ...everywhere,
      addressRange: "172.30.0.0/24",
      httpPort: 8080,
      httpsPort: 8443,
      memory: 1024,
      cores: 2,
    });
  });

  it("leaves other namespaces alone", () => {
    assert.equal(
      parseConfig({ "web-infrastructure:target": "docker", "docker:host": "unix:///x" }, "a").target,
      "docker",
    );
  });

  const refused: [string, string][] = [
    ["target", "gcp"],
    ["topology", "cloud"],
    ["domain", "foo bar"],
    ["domain", "localhost"],
    ["domain", "-a.com"],
    ["domain", `${"a".repeat(64)}.com`],
    ["domain", "WWW.FOOBAR.COM"],
    ["domain", "http://www.foobar.com"],
    ["domain", "192.0.2.1"],
    ["app", ""],
    ["addressRange", "172.30.0.0"],
    ["addressRange", "fd00::/64"],
    ["httpPort", "70000"],
    ["httpsPort", "-1"],
    ["httpsPort", "8080"],
    ["memory", "1g"],
    ["memory", "100"],
    ["cores", "1.5"],
  ];
  for (const [key, value] of refused) {
    it(`refuses ${key} "${value.slice(0, 30)}" by name, with what it takes`, () => {
      assert.throws(
        () => parse({ target: "docker", [key]: value }),
        (error) =>
          error instanceof ConfigError &&
          error.message.includes(`web-infrastructure:${key} takes`) &&
          error.message.includes(`"${value}"`),
      );
    });
  }

  it("names every mistake at once, unknown keys and a missing target among them", () => {
    assert.throws(
      () => parse({ memroy: "1", memory: "lots" }),
      ({ message }) =>
        ["Pulumi.local.yaml", "memroy is not a setting", "memory takes", "target is missing"].every((part) =>
          message.includes(part),
        ),
    );
  });

  it("lets both ports be unpublished", () => {
    const config = parse({ target: "docker", httpPort: "0", httpsPort: "0" });
    assert.ok(config.target === "docker");
    assert.deepEqual([config.httpPort, config.httpsPort], [0, 0]);
  });
});

describe("the configuration of a stack on AWS", () => {
  const onAws = (
    settings: Record<string, string>,
    provider: Record<string, string> = { "aws:region": "eu-central-1" },
  ) =>
    parseConfig(
      {
        ...provider,
        ...Object.fromEntries(
          Object.entries({ target: "aws", ...settings }).map(([k, v]) => [`web-infrastructure:${k}`, v]),
        ),
      },
      "dev",
    );

  it("needs nothing but a region here; what only AWS can tell is asked later", () => {
    assert.deepEqual(onAws({}), {
      target: "aws",
      ...everywhere,
      addressRange: "10.20.0.0/16",
      instanceType: "t3.small",
      instanceTypes: {},
      ipv6: false,
      prebuilt: false,
      zones: 3,
      nat: "single",
      rootVolume: 10,
      dataVolume: 20,
      snapshots: 7,
      protected: false,
      region: "eu-central-1",
      profile: undefined,
    });
  });

  const refused: [setting: string, value: string][] = [
    ["image", "debian"],
    ["instanceType", "small"],
    ["zones", "0"],
    ["nat", "some"],
    ["prebuilt", "maybe"],
    ["imageArm64", "debian"],
    ["dataVolume", "9"],
    ["snapshots", "0"],
    ["backupSchedule", "25:00"],
    ["backupDays", "0"],
    ["backupPassword", "short"],
    ["protected", "yes"],
    ["hostedZone", "foobar"],
    ["alarmEmail", "me"],
  ];
  for (const [setting, value] of refused) {
    it(`refuses ${setting} "${value}" by name, with what it takes`, () => {
      assert.throws(
        () => onAws({ [setting]: value }),
        new RegExp(`web-infrastructure:${setting} takes .*not "${value}"`),
      );
    });
  }

  it("refuses settings of the other target by name, in both directions", () => {
    assert.throws(() => onAws({ httpsPort: "8443" }), /httpsPort is a setting of the target docker, not of aws/);
    assert.throws(
      () => parse({ target: "docker", nat: "single" }),
      /nat is a setting of the target aws, not of docker/,
    );
  });

  it("refuses a missing or impossible region, and credentials that what waits for machines couldn't use", () => {
    assert.throws(() => onAws({}, {}), /aws:region is missing: it takes a region such as eu-central-1/);
    assert.throws(() => onAws({}, { "aws:region": "Frankfurt" }), /aws:region takes a region/);
    assert.throws(
      () => onAws({}, { "aws:region": "eu-central-1", "aws:accessKey": "AKIA" }),
      /aws:accessKey can't be used: put it into a profile/,
    );
  });
});
