import assert from "node:assert/strict";
import { loadBalancerRedundant } from "../../policy/rules/load-balancer-redundant";
import { singlePointOfFailure } from "../../policy/rules/single-point-of-failure";
import { judge, judgeStack } from "./judge";
import { container, EDGE, instance, userData } from "./machines";
import { type TestResource, UNKNOWN, urnOf } from "./pack";
import { check, type Expected, passes, refuses, undecided } from "./table";

const balancer = (name: string) => container(name, { roles: "load-balancer" });
const web = container("web-1", { roles: "web,application,database" });
const edge = (name: string, zone = `eu-central-1${name}`) =>
  instance(name, { userData: userData(), availabilityZone: zone });
const managed = { type: "aws:lb/loadBalancer:LoadBalancer", name: "managed", properties: {} };
const component = (args: Record<string, unknown>): TestResource => ({
  type: "web-infrastructure:index:WebInfrastructure",
  name: "site",
  properties: args,
});

describe("policy load-balancer-redundant", () => {
  const cases: [title: string, resources: TestResource[], expected: Expected][] = [
    ["two by label", [balancer("lb-1"), balancer("lb-2"), web], passes],
    ["two by their HAProxy", [edge("a"), edge("b")], passes],
    ["one by label, one by its HAProxy", [balancer("lb-1"), edge("b")], passes],
    ["nothing that balances load", [web], passes],
    ["an empty stack", [], passes],
    [
      "a managed load balancer before one HAProxy, which everything still goes through",
      [managed, edge("a")],
      refuses(/^a is the only load balancer/),
    ],
    [
      "a HAProxy for the machine itself only",
      [
        instance("db", {
          userData: userData({ "/etc/haproxy/haproxy.cfg": EDGE.replaceAll("bind :", "bind 127.0.0.1:") }),
        }),
      ],
      passes,
    ],
    [
      "one by label",
      [balancer("lb-1"), web],
      refuses(
        /^lb-1 is the only load balancer[\s\S]*Pulumi\.test\.policies\.json.*"load-balancer-redundant":\{"accepted"/,
      ),
    ],
    ["one by its HAProxy", [edge("proxy"), web], refuses(/^proxy is the only load balancer/)],
    [
      "one, while a label isn't known",
      [balancer("lb-1"), { ...container("x"), properties: { labels: UNKNOWN } }],
      undecided(/what x will do isn't known yet/),
    ],
    [
      "one, while user-data isn't known",
      [balancer("lb-1"), instance("x", { userData: UNKNOWN })],
      undecided(/what x will do/),
    ],
    [
      "two, while user-data isn't known",
      [balancer("lb-1"), balancer("lb-2"), instance("x", { userData: UNKNOWN })],
      passes,
    ],
  ];
  for (const [title, resources, expected] of cases) {
    it(title, async () => check(loadBalancerRedundant, await judgeStack(loadBalancerRedundant, resources), expected));
  }

  it("names the load balancer's URN, for others to point at", async () => {
    const [finding] = await judgeStack(loadBalancerRedundant, [web, balancer("lb-1")]);
    assert.equal(finding?.urn, urnOf(balancer("lb-1")));
  });

  describe("from a component's inputs", () => {
    const machines = [
      { name: "lb-1", roles: ["load-balancer"] },
      { name: "web-1", roles: ["web"] },
    ];

    it("refuses one load balancer before anything else of the stack is known", async () => {
      check(
        loadBalancerRedundant,
        await judge(loadBalancerRedundant, component({ topology: { machines }, image: UNKNOWN })),
        refuses(/^lb-1 is the only load balancer/),
      );
    });
    it("passes two", async () => {
      check(
        loadBalancerRedundant,
        await judge(
          loadBalancerRedundant,
          component({ machines: [...machines, { name: "lb-2", roles: ["load-balancer"] }] }),
        ),
        passes,
      );
    });
    it("passes a component of one machine, which isn't a whole site", async () => {
      check(
        loadBalancerRedundant,
        await judge(loadBalancerRedundant, component({ roles: ["load-balancer"], userData: "#cloud-config\n" })),
        passes,
      );
    });
    it("passes a component whose machines aren't known yet", async () => {
      check(loadBalancerRedundant, await judge(loadBalancerRedundant, component({ topology: UNKNOWN })), passes);
      check(
        loadBalancerRedundant,
        await judge(loadBalancerRedundant, component({ machines: [{ name: "lb-1", roles: UNKNOWN }] })),
        passes,
      );
    });
    it("isn't said a second time about a part that is given the same list", async () => {
      const site = { ...component({ topology: { machines } }), name: "whole" };
      const part = { ...component({ topology: { machines } }), name: "part", parent: urnOf(site) };
      check(loadBalancerRedundant, await judge(loadBalancerRedundant, site), refuses(/^lb-1/));
      check(loadBalancerRedundant, await judge(loadBalancerRedundant, part), passes);
    });
    it("isn't said a second time with the stack", async () => {
      const site = { ...component({ topology: { machines } }), name: "said-once" };
      await judge(loadBalancerRedundant, site);
      const child = { ...balancer("lb-1"), parent: urnOf(site) };
      check(loadBalancerRedundant, await judgeStack(loadBalancerRedundant, [site, child]), passes);
    });
  });
});

describe("policy single-point-of-failure", () => {
  const says = async (resources: TestResource[]) =>
    (await judgeStack(singlePointOfFailure, resources)).map(({ message }) => message).join("\n");

  it("names the only machine of a role", async () => {
    const one = [container("web-1", { roles: "web" }), container("db-1", { roles: "database" })];
    assert.match(
      await says(one),
      /^web-1 is the only machine with the role web:.*\n.*\ndb-1 is the only machine with the role database:/,
    );
  });
  it("names both of two database machines, one of which is the primary", async () => {
    assert.match(
      await says([web, container("web-2", { roles: "web,application,database" })]),
      /^web-1 and web-2 are the only two database machines/,
    );
  });
  it("says nothing about three of everything", async () => {
    assert.equal(await says(["a", "b", "c"].map((name) => container(name, { roles: "web,application,database" }))), "");
  });
  it("says nothing about machines without labels, nor about labels that aren't known", async () => {
    assert.equal(await says([instance("a", {}), { ...container("x"), properties: { labels: UNKNOWN } }]), "");
  });
});
