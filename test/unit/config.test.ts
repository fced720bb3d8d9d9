import assert from "node:assert/strict";
import { ConfigError, parseConfig } from "../../config";

const parse = (settings: Record<string, string>) =>
  parseConfig(Object.fromEntries(Object.entries(settings).map(([k, v]) => [`web-infrastructure:${k}`, v])), "local");

describe("the stack configuration", () => {
  it("needs nothing but a target", () => {
    assert.deepEqual(parse({ target: "docker" }), {
      target: "docker",
      topology: "distributed",
      domain: "www.foobar.com",
      app: "./app",
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
    const { httpPort, httpsPort } = parse({ target: "docker", httpPort: "0", httpsPort: "0" });
    assert.deepEqual([httpPort, httpsPort], [0, 0]);
  });
});
