import assert from "node:assert/strict";
import type { ResourceValidationPolicy } from "@pulumi/policy";
import { loadBalancerRedundant } from "../../policy/rules/load-balancer-redundant";
import { singlePointOfFailure } from "../../policy/rules/single-point-of-failure";
import { judge, judgeStack } from "./judge";
import { container, EDGE, instance, userData } from "./machines";
import { type TestResource, UNKNOWN, urnOf } from "./pack";
import { check, type Expected, passes, refuses, undecided } from "./table";

const balancer = (name: string) => container(name, { roles: "load-balancer" });
const web = container("web-1", { roles: "web,application,database" });
const edge = (name: string) => instance(name, { userData: userData() });
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
    ["a managed load balancer before one HAProxy", [managed, edge("a")], passes],
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
      refuses(/^lb-1 is the only load balancer.*Pulumi\.test\.policies\.json.*"load-balancer-redundant":\{"accepted"/),
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
    it(title, () => check(judgeStack(loadBalancerRedundant, resources), expected));
  }

  it("names the load balancer's URN, for others to point at", () => {
    const [finding] = judgeStack(loadBalancerRedundant, [web, balancer("lb-1")]);
    assert.equal(finding?.urn, urnOf(balancer("lb-1")));
  });

  describe("from a component's inputs", () => {
    const early = loadBalancerRedundant as Partial<ResourceValidationPolicy>;
    const machines = [
      { name: "lb-1", roles: ["load-balancer"] },
      { name: "web-1", roles: ["web"] },
    ];

    it("refuses one load balancer before anything else of the stack is known", () => {
      check(
        judge(early, component({ topology: { machines }, image: UNKNOWN })),
        refuses(/^lb-1 is the only load balancer/),
      );
    });
    it("passes two", () => {
      check(judge(early, component({ machines: [...machines, { name: "lb-2", roles: ["load-balancer"] }] })), passes);
    });
    it("passes a component of one machine, which isn't a whole site", () => {
      check(judge(early, component({ roles: ["load-balancer"], userData: "#cloud-config\n" })), passes);
    });
    it("passes a component whose machines aren't known yet", () => {
      check(judge(early, component({ topology: UNKNOWN })), passes);
      check(judge(early, component({ machines: [{ name: "lb-1", roles: UNKNOWN }] })), passes);
    });
    it("isn't said a second time about a part that is given the same list", () => {
      const site = { ...component({ topology: { machines } }), name: "whole" };
      const part = { ...component({ topology: { machines } }), name: "part", parent: urnOf(site) };
      check(judge(early, site), refuses(/^lb-1/));
      check(judge(early, part), passes);
    });
    it("isn't said a second time with the stack", () => {
      const site = { ...component({ topology: { machines } }), name: "said-once" };
      judge(early, site);
      const child = { ...balancer("lb-1"), parent: urnOf(site) };
      check(judgeStack(loadBalancerRedundant, [site, child]), passes);
    });
  });
});

describe("policy single-point-of-failure", () => {
  const says = (resources: TestResource[]) =>
    judgeStack(singlePointOfFailure, resources)
      .map(({ message }) => message)
      .join("\n");

  it("names the only machine of a role", () => {
    const one = [container("web-1", { roles: "web" }), container("db-1", { roles: "database" })];
    assert.match(
      says(one),
      /^web-1 is the only machine with the role web:.*\ndb-1 is the only machine with the role database:/,
    );
  });
  it("names both of two database machines, one of which is the primary", () => {
    assert.match(
      says([web, container("web-2", { roles: "web,application,database" })]),
      /^web-1 and web-2 are the only two database machines/,
    );
  });
  it("says nothing about three of everything", () => {
    assert.equal(says(["a", "b", "c"].map((name) => container(name, { roles: "web,application,database" }))), "");
  });
  it("says nothing about machines without labels, nor about labels that aren't known", () => {
    assert.equal(says([instance("a", {}), { ...container("x"), properties: { labels: UNKNOWN } }]), "");
  });
});
