import assert from "node:assert/strict";
import { encryptionVolumes } from "../../policy/rules/encryption-volumes";
import { firewallNetworkAcls } from "../../policy/rules/firewall-network-acls";
import { firewallPublicPorts } from "../../policy/rules/firewall-public-ports";
import { httpsOnly } from "../../policy/rules/https-only";
import { imdsv2Required } from "../../policy/rules/imdsv2-required";
import { loadBalancerRedundant } from "../../policy/rules/load-balancer-redundant";
import { judge, judgeStack, type Rule } from "./judge";
import { container } from "./machines";
import type { Diagnostic, TestResource } from "./pack";
import { ec2 } from "./resources";

const open = container("db-1", { roles: "database", properties: { ports: [{ internal: 3306, external: 3306 }] } });
const FUTURE = "2999-12-31";
const findings = (accepted: unknown) => judge(firewallPublicPorts, open, { accepted });

describe("accepted violations", () => {
  it("are said as advisory, with date and reason, until they expire", async () => {
    const [finding, another] = await findings([{ urn: "*::db-1", reason: "moves next month", expires: FUTURE }]);
    assert.equal(another, undefined);
    assert.equal(finding?.level, "advisory");
    assert.match(
      finding?.message ?? "",
      /^db-1 publishes its port 3306.*\nAccepted until 2999-12-31: moves next month\.$/,
    );
  });

  it("hold until the end of their last day", async () => {
    const today = new Date().toISOString().slice(0, 10);
    assert.equal((await findings([{ urn: "*", reason: "a", expires: today }]))[0]?.level, "advisory");
  });

  it("are violations that say so after it", async () => {
    const [finding] = await findings([{ urn: "*", reason: "moves next month", expires: "2020-02-29" }]);
    assert.equal(finding?.level, "mandatory");
    assert.match(
      finding?.message ?? "",
      /publishes its port 3306.*\nIt was accepted until 2020-02-29 \(moves next month\); that day is over\. Only/,
    );
  });

  it("hold when one of several entries still does", async () => {
    const entries = [
      { urn: "*", reason: "old", expires: "2020-01-01" },
      { urn: "*db*", reason: "new", expires: FUTURE },
    ];
    assert.match((await findings(entries))[0]?.message ?? "", /Accepted until 2999-12-31: new\./);
  });

  it("hold for the resources of their pattern only", async () => {
    for (const urn of ["*::db-10", "db-1", "*db.1", "urn:pulumi:prod::*"]) {
      const [finding, another] = await findings([{ urn, reason: "a", expires: FUTURE }]);
      assert.equal(finding?.level, "mandatory", urn);
      assert.equal(another, undefined);
    }
  });

  it("work for rules about the stack, by the URN of the resource they name", async () => {
    const stack = [container("lb-1", { roles: "load-balancer" })];
    const [finding] = await judgeStack(loadBalancerRedundant, stack, {
      accepted: [{ urn: "*::lb-1", reason: "a", expires: FUTURE }],
    });
    assert.equal(finding?.level, "advisory");
  });

  describe("that are configured wrongly are an error that names rule and key", () => {
    const wrong: [string, unknown, RegExp][] = [
      ["no reason", [{ urn: "*", expires: FUTURE }], /firewall-public-ports\.accepted\[0\]\.reason: is missing/],
      ["an empty reason", [{ urn: "*", reason: " ", expires: FUTURE }], /accepted\[0\]\.reason/],
      ["no date", [{ urn: "*", reason: "a" }], /accepted\[0\]\.expires: is missing/],
      [
        "another form of date",
        [{ urn: "*", reason: "a", expires: "31.12.2999" }],
        /accepted\[0\]\.expires: is no date; .*YYYY-MM-DD/,
      ],
      ["a day that doesn't exist", [{ urn: "*", reason: "a", expires: "2999-02-30" }], /accepted\[0\]\.expires/],
      ["no URN", [{ reason: "a", expires: FUTURE }], /accepted\[0\]\.urn/],
      [
        "a misspelt key",
        [{ urn: "*", reason: "a", expires: FUTURE, until: FUTURE }],
        /accepted\[0\]\.until: there is no such key; it takes urn, reason, expires/,
      ],
      ["no list", { urn: "*" }, /firewall-public-ports\.accepted: takes a list/],
      ["no object", ["*"], /accepted\[0\]: takes/],
    ];
    for (const [title, accepted, pattern] of wrong) {
      it(title, async () => {
        const [error, violation] = await findings(accepted);
        assert.equal(error?.level, "mandatory");
        assert.match(error?.message ?? "", pattern);
        assert.match(violation?.message ?? "", /publishes its port 3306/, "accepts nothing");
      });
    }

    it("are said once for a configuration, not once for each resource", async () => {
      const config = { accepted: [{ urn: "*" }] };
      assert.equal((await judge(firewallPublicPorts, container("a"), config)).length, 2);
      assert.equal((await judge(firewallPublicPorts, container("b"), config)).length, 0);
    });
  });

  it("settings that a rule doesn't have are named", async () => {
    assert.match(
      (await judge(firewallPublicPorts, open, { acepted: [] }))[0]?.message ?? "",
      /firewall-public-ports\.acepted: there is no such setting; the rule takes ports, accepted, enforcementLevel/,
    );
    assert.match(
      (await judge(firewallPublicPorts, open, { ports: "80" }))[0]?.message ?? "",
      /firewall-public-ports\.ports: takes a list of port numbers/,
    );
  });

  const wrongSettings: [rule: Rule, resource: TestResource, settings: Record<string, unknown>, said: RegExp][] = [
    [imdsv2Required, ec2("m"), { hopLimit: "two" }, /imdsv2-required\.hopLimit: takes a whole number from 1 to 64/],
    [imdsv2Required, ec2("m"), { hopLimit: 0 }, /imdsv2-required\.hopLimit/],
    [imdsv2Required, ec2("m"), { hoplimit: 2 }, /no such setting; the rule takes hopLimit, accepted, enforcementLevel/],
    [
      encryptionVolumes,
      ec2("m"),
      { encryptedByDefault: "yes" },
      /encryption-volumes\.encryptedByDefault: takes true or false/,
    ],
    [firewallPublicPorts, ec2("m"), { ports: [] }, /firewall-public-ports\.ports: takes a list of port numbers/],
    [firewallPublicPorts, ec2("m"), { ports: [70000] }, /firewall-public-ports\.ports/],
    [
      httpsOnly,
      ec2("m"),
      { ports: [80] },
      /https-only\.ports: there is no such setting; the rule takes accepted, enforcementLevel/,
    ],
  ];
  for (const [rule, resource, settings, said] of wrongSettings) {
    it(`${rule.name} names what it doesn't take: ${JSON.stringify(settings)}, once in a run`, async () => {
      const [first, second] = [resource, { ...resource, name: "another" }];
      const wrong = (found: Diagnostic[]) =>
        found.filter(({ message }) => message.startsWith("Wrong policy configuration"));
      const [error, ...more] = wrong(await judge(rule, first, settings));
      assert.equal(error?.level, "mandatory");
      assert.match(error?.message ?? "", said);
      assert.deepEqual(more.concat(wrong(await judge(rule, second, settings))), []);
    });
  }

  it("a wrong configuration of a rule about stacks is said too", async () => {
    const [error] = await judgeStack(firewallNetworkAcls, [], { ports: "all" });
    assert.match(error?.message ?? "", /firewall-network-acls\.ports: takes a list of port numbers/);
  });
});
