import { loadBalancerRedundant } from "../../policy/rules/load-balancer-redundant";
import { userData } from "./machines";
import { type TestResource, UNKNOWN } from "./pack";
import {
  classicLoadBalancer,
  ec2,
  elasticIp,
  elasticIpAssociation,
  launchConfiguration,
  launchTemplate,
  loadBalancer,
  of,
  scalingGroup,
  subnet,
} from "./resources";
import { type Case, checkPrograms, checkTable, type Program, passes, refuses, undecided } from "./table";

const a = subnet("a", { id: "subnet-a", availabilityZone: "eu-central-1a" });
const b = subnet("b", { id: "subnet-b", availabilityZone: "eu-central-1b" });
const a2 = subnet("a2", { id: "subnet-a2", availabilityZone: "eu-central-1a" });
const both = [a, b, a2];

const edge = (name: string, at: TestResource | undefined, properties: Record<string, unknown> = {}) =>
  ec2(name, { userData: userData(), ...(at && { subnetId: UNKNOWN }), ...properties }, at && { subnetId: [at] });
const labelled = (name: string, zone: unknown) =>
  ec2(name, { tags: { "web-infrastructure.roles": "load-balancer" }, availabilityZone: zone });
const address = (name: string, machine: TestResource) =>
  elasticIp(name, { instance: UNKNOWN }, { instance: [machine] });
const taking = userData({ "/etc/keepalived/keepalived.conf": "vrrp_instance site {\n}\n" });

const [one, two] = [edge("lb-1", a), edge("lb-2", b)];
const machines: Program[] = [
  ["two machines in two zones", [a, b, one, two], passes],
  [
    "two machines in two zones, by their own words",
    [labelled("x", "eu-central-1a"), labelled("y", "eu-central-1b")],
    passes,
  ],
  ["one machine", [a, one], refuses(/^lb-1 is the only load balancer/)],
  [
    "two machines in subnets of one zone",
    [a, a2, one, edge("lb-2", a2)],
    refuses(/\(lb-1 and lb-2\) stand in availability zone eu-central-1a/),
  ],
  [
    "two machines in one subnet, known by id",
    [a, edge("x", undefined, { subnetId: "subnet-a" }), edge("y", undefined, { subnetId: "subnet-a" })],
    refuses(/stand in availability zone eu-central-1a/),
  ],
  ["three machines, two of them in one zone", [...both, one, two, edge("lb-3", a2)], passes],
  [
    "two machines wherever AWS puts them",
    [edge("x", undefined), edge("y", undefined)],
    undecided(/two availability zones/),
  ],
  [
    "two machines in a zone that isn't known",
    [labelled("x", UNKNOWN), labelled("y", "eu-central-1a")],
    undecided(/two availability zones/),
  ],
  [
    "one Elastic IP for two machines",
    [a, b, one, two, address("ip", one)],
    refuses(/^lb-1 has the only Elastic IP of the load balancers, and nothing can take it over/),
  ],
  [
    "one Elastic IP by an association",
    [
      a,
      b,
      one,
      two,
      elasticIp("ip"),
      elasticIpAssociation(
        "as",
        { instanceId: UNKNOWN, allocationId: UNKNOWN },
        { instanceId: [two], allocationId: [elasticIp("ip")] },
      ),
    ],
    refuses(/^lb-2 has the only Elastic IP/),
  ],
  ["an Elastic IP each", [a, b, one, two, address("ip-1", one), address("ip-2", two)], passes],
  [
    "one Elastic IP that keepalived takes over",
    [
      a,
      b,
      edge("lb-1", a, { userData: taking }),
      edge("lb-2", b, { userData: taking }),
      address("ip", edge("lb-1", a)),
    ],
    passes,
  ],
  [
    "one Elastic IP that a script takes over",
    [
      a,
      b,
      one,
      edge("lb-2", b, {
        userData: userData({
          "/usr/local/bin/take": "#!/bin/sh\naws ec2 associate-address --allocation-id eipalloc-1\n",
        }),
      }),
      address("ip", one),
    ],
    passes,
  ],
  ["an Elastic IP of another machine", [a, b, one, two, ec2("bastion"), address("ip", ec2("bastion"))], passes],
];

const template = launchTemplate("t", { userData: Buffer.from(userData()).toString("base64") });
const group = (properties: Record<string, unknown>, subnets: TestResource[] = [a, b], from: TestResource = template) =>
  scalingGroup(
    "asg",
    { launchTemplate: { id: UNKNOWN }, vpcZoneIdentifiers: subnets.map(() => UNKNOWN), ...properties },
    { launchTemplate: [from], vpcZoneIdentifiers: subnets },
  );
const old = launchConfiguration("old", { userData: userData(), name: "old" });
const groups: Program[] = [
  ["at least two over two zones", [...both, template, group({ minSize: 2, maxSize: 4 })], passes],
  [
    "at least one",
    [...both, template, group({ minSize: 1, maxSize: 4 })],
    refuses(/^Auto Scaling group asg may have a single machine/),
  ],
  ["none at least", [...both, template, group({ minSize: 0 })], refuses(/may have a single machine/)],
  [
    "at least two in one zone",
    [...both, template, group({ minSize: 2 }, [a, a2])],
    refuses(/stand in availability zone eu-central-1a/),
  ],
  [
    "at least two in zones by name",
    [
      template,
      scalingGroup(
        "asg",
        { minSize: 2, availabilityZones: ["x", "y"], launchTemplate: { id: UNKNOWN } },
        { launchTemplate: [template] },
      ),
    ],
    passes,
  ],
  ["a size that isn't known", [...both, template, group({ minSize: UNKNOWN })], undecided(/smallest size isn't known/)],
  [
    "a launch configuration by name",
    [old, scalingGroup("asg", { minSize: 1, launchConfiguration: "old" })],
    refuses(/may have a single machine/),
  ],
  [
    "a mixed instances policy",
    [
      template,
      scalingGroup(
        "asg",
        { minSize: 1, mixedInstancesPolicy: { launchTemplate: {} } },
        { mixedInstancesPolicy: [template] },
      ),
    ],
    refuses(/may have a single machine/),
  ],
  ["a template that no group uses", [template], passes],
  ["a group of other machines", [launchTemplate("t"), group({ minSize: 1 }, [a, b], launchTemplate("t"))], passes],
];

const managedIn = (properties: Record<string, unknown>, from: TestResource[] = []) =>
  loadBalancer("alb", properties, { subnets: from });
const managed: Program[] = [
  ["subnets in two zones", [a, b, managedIn({ subnets: [UNKNOWN, UNKNOWN] }, [a, b])], passes],
  [
    "subnets in one zone",
    [a, a2, managedIn({ subnets: [UNKNOWN, UNKNOWN] }, [a, a2])],
    refuses(/All subnets of load balancer alb are in availability zone eu-central-1a/),
  ],
  [
    "subnets in one zone, by the older name",
    [a, a2, of("aws:alb/loadBalancer:LoadBalancer")("alb", { subnets: ["subnet-a", "subnet-a2"] })],
    refuses(/All subnets of load balancer alb/),
  ],
  ["subnets from elsewhere", [managedIn({ subnets: ["subnet-8", "subnet-9"] })], passes],
  ["subnets that aren't known", [managedIn({ subnets: UNKNOWN })], passes],
  ["an internal one", [a, managedIn({ internal: true, subnets: [UNKNOWN] }, [a])], passes],
];
const alone: Case[] = [
  ["one subnet", managedIn({ subnets: [UNKNOWN] }), refuses(/alb stands in one subnet/)],
  [
    "one subnet mapping",
    managedIn({ loadBalancerType: "network", subnetMappings: [{ subnetId: UNKNOWN }] }),
    refuses(/one subnet/),
  ],
  ["one zone of a classic one", classicLoadBalancer("elb", { availabilityZones: ["a"] }), refuses(/one subnet/)],
  ["two zones of a classic one", classicLoadBalancer("elb", { availabilityZones: ["a", "b"] }), passes],
  ["a gateway", managedIn({ loadBalancerType: "gateway", subnets: [UNKNOWN] }), passes],
];

const planned = (machines: unknown): TestResource => ({
  type: "my:index:Site",
  name: `site-${JSON.stringify(machines)}`,
  properties: { machines },
});
const components: Case[] = [
  [
    "a single one among roles",
    planned([{ roles: ["load-balancer"] }, { name: "w", roles: ["web"] }]),
    refuses(/^machine 1 is the only load balancer/),
  ],
  [
    "a single one by name",
    planned({ edge: { role: "load-balancer" }, app: { role: "web" } }),
    refuses(/^edge is the only load balancer/),
  ],
  [
    "two in one zone",
    planned([
      { name: "x", roles: ["load-balancer"], zone: "a" },
      { name: "y", roles: ["load-balancer"], zone: "a" },
    ]),
    refuses(/\(x and y\) stand in availability zone a/),
  ],
  [
    "two in two zones",
    planned([
      { name: "x", roles: ["load-balancer"], zone: "a" },
      { name: "y", roles: ["load-balancer"], zone: "b" },
    ]),
    passes,
  ],
  ["none of them balances load", planned([{ roles: ["web"] }]), passes],
  ["roles of another kind", planned([{ roles: "load-balancer" }, 7]), passes],
];

describe("policy load-balancer-redundant: machines", () => checkPrograms(loadBalancerRedundant, machines));
describe("policy load-balancer-redundant: Auto Scaling groups", () => checkPrograms(loadBalancerRedundant, groups));
describe("policy load-balancer-redundant: managed", () => {
  checkPrograms(loadBalancerRedundant, managed);
  checkTable(loadBalancerRedundant, alone);
});
describe("policy load-balancer-redundant: components", () => checkTable(loadBalancerRedundant, components));
