import { firewallPublicPorts } from "../../policy/rules/firewall-public-ports";
import { judge } from "./judge";
import { container } from "./machines";
import { UNKNOWN } from "./pack";
import { type Case, check, checkTable, passes, refuses, undecided } from "./table";

const publishing = (roles: string | undefined, ...ports: Record<string, unknown>[]) =>
  container("m", { roles, properties: { ports } });
const publishedCases: Case[] = [
  ["80 of a load balancer", publishing("load-balancer", { internal: 80, external: 8080 }), passes],
  ["80 of a container without roles", publishing(undefined, { internal: 80, external: 80 }), passes],
  ["MySQL on loopback", publishing(undefined, { internal: 3306, external: 3306, ip: "127.0.0.1" }), passes],
  ["MySQL", publishing(undefined, { internal: 3306, external: 3306 }), refuses(/m publishes its port 3306/)],
  ["MySQL as port 443 of the host", publishing(undefined, { internal: 3306, external: 443 }), refuses(/port 3306/)],
  ["MySQL on all IPv6 addresses", publishing(undefined, { internal: 3306, ip: "::" }), refuses(/port 3306/)],
  [
    "80 of a web server",
    publishing("web,application", { internal: 80, external: 80, ip: "127.0.0.1" }),
    refuses(/is no load balancer/),
  ],
  ["an unknown port", publishing(undefined, { internal: UNKNOWN }), undecided(/published port of m/)],
  [
    "unknown labels",
    { ...publishing("web", { internal: 80 }), properties: { labels: UNKNOWN, ports: [{ internal: 80 }] } },
    passes,
  ],
];

const group = (ingress: unknown) => ({
  type: "aws:ec2/securityGroup:SecurityGroup",
  name: "g",
  properties: { ingress },
});
const rule = (properties: Record<string, unknown>) => ({
  type: "aws:ec2/securityGroupRule:SecurityGroupRule",
  name: "g",
  properties: { type: "ingress", ...properties },
});
const ingress = (properties: Record<string, unknown>) => ({
  type: "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule",
  name: "g",
  properties,
});
const world = ["0.0.0.0/0"];
const groupCases: Case[] = [
  ["HTTPS to the world", group([{ protocol: "tcp", fromPort: 443, toPort: 443, cidrBlocks: world }]), passes],
  [
    "SSH from a private network",
    group([{ protocol: "tcp", fromPort: 22, toPort: 22, cidrBlocks: ["10.0.0.0/8", "192.168.0.0/16"] }]),
    passes,
  ],
  [
    "SSH from a few public addresses",
    group([{ protocol: "tcp", fromPort: 22, toPort: 22, cidrBlocks: ["203.0.114.8/29"] }]),
    passes,
  ],
  [
    "everything from another group",
    group([{ protocol: "-1", fromPort: 0, toPort: 0, securityGroups: ["sg-1"] }]),
    passes,
  ],
  ["everything from itself", group([{ protocol: "-1", fromPort: 0, toPort: 0, self: true }]), passes],
  ["ping", group([{ protocol: "icmp", fromPort: -1, toPort: -1, cidrBlocks: world }]), passes],
  ["everything going out", rule({ type: "egress", protocol: "-1", fromPort: 0, toPort: 0, cidrBlocks: world }), passes],
  ["everything from unique local IPv6", group([{ protocol: "-1", ipv6CidrBlocks: ["fc00::/7"] }]), passes],
  [
    "HTTPS from an address that isn't known",
    group([{ protocol: "tcp", fromPort: 443, toPort: 443, cidrBlocks: [UNKNOWN] }]),
    passes,
  ],
  [
    "SSH to the world",
    group([{ protocol: "tcp", fromPort: 22, toPort: 22, cidrBlocks: world }]),
    refuses(/rule g opens port 22 to the internet \(0\.0\.0\.0\/0\)/),
  ],
  [
    "SSH, as a number in text",
    group([{ protocol: "TCP", fromPort: "22", toPort: "22", cidrBlocks: world }]),
    refuses(/port 22/),
  ],
  [
    "SSH, protocol by number",
    group([{ protocol: "6", fromPort: 22, toPort: 22, cidrBlocks: world }]),
    refuses(/port 22/),
  ],
  [
    "SSH to the world in halves",
    group([{ protocol: "tcp", fromPort: 22, toPort: 22, cidrBlocks: ["0.0.0.0/1", "128.0.0.0/1"] }]),
    refuses(/port 22/),
  ],
  [
    "SSH to half of the world",
    rule({ protocol: "tcp", fromPort: 22, toPort: 22, cidrBlocks: ["128.0.0.0/1"] }),
    refuses(/port 22/),
  ],
  [
    "SSH to the IPv6 world",
    group([{ protocol: "tcp", fromPort: 22, toPort: 22, ipv6CidrBlocks: ["::/0"] }]),
    refuses(/port 22/),
  ],
  [
    "SSH to handed-out IPv6",
    ingress({ ipProtocol: "tcp", fromPort: 22, toPort: 22, cidrIpv6: "2000::/3" }),
    refuses(/port 22/),
  ],
  [
    "SSH to the world beside a group",
    group([{ protocol: "tcp", fromPort: 22, toPort: 22, self: true, securityGroups: ["sg-1"], cidrBlocks: world }]),
    refuses(/port 22/),
  ],
  [
    "a range around 80",
    group([{ protocol: "tcp", fromPort: 80, toPort: 90, cidrBlocks: world }]),
    refuses(/ports 80 to 90/),
  ],
  ["every protocol", group([{ protocol: "-1", fromPort: 0, toPort: 0, cidrBlocks: world }]), refuses(/every port/)],
  ["an odd protocol", group([{ protocol: "47", cidrBlocks: world }]), refuses(/protocol 47/)],
  ["a rule resource", rule({ protocol: "tcp", fromPort: 3306, toPort: 3306, cidrBlocks: world }), refuses(/port 3306/)],
  [
    "an ingress-rule resource",
    ingress({ ipProtocol: "tcp", fromPort: 22, toPort: 22, cidrIpv4: "0.0.0.0/0" }),
    refuses(/port 22/),
  ],
  ["an ingress rule for everything", ingress({ ipProtocol: "-1", cidrIpv4: "0.0.0.0/0" }), refuses(/every port/)],
  [
    "the default group",
    {
      ...group([{ protocol: "tcp", fromPort: 22, toPort: 22, cidrBlocks: world }]),
      type: "aws:ec2/defaultSecurityGroup:DefaultSecurityGroup",
    },
    refuses(/port 22/),
  ],
  [
    "one unknown address beside the world",
    group([{ protocol: "tcp", fromPort: 22, toPort: 22, cidrBlocks: [UNKNOWN, "0.0.0.0/0"] }]),
    refuses(/port 22/),
  ],
  [
    "unknown addresses",
    group([{ protocol: "tcp", fromPort: 22, toPort: 22, cidrBlocks: UNKNOWN }]),
    undecided(/aren't known yet/),
  ],
  [
    "unknown ports",
    group([{ protocol: "tcp", fromPort: UNKNOWN, toPort: UNKNOWN, cidrBlocks: world }]),
    undecided(/aren't known yet/),
  ],
  ["unknown rules", group(UNKNOWN), undecided(/aren't known yet/)],
];

describe("policy firewall-public-ports", () => {
  describe("published ports", () => checkTable(firewallPublicPorts, publishedCases));
  describe("security groups", () => checkTable(firewallPublicPorts, groupCases));

  it("takes other ports by its setting `ports`", async () => {
    const ssh = group([{ protocol: "tcp", fromPort: 22, toPort: 22, cidrBlocks: world }]);
    check(firewallPublicPorts, await judge(firewallPublicPorts, ssh, { ports: [22, 443] }), passes);
    const http = group([{ protocol: "tcp", fromPort: 80, toPort: 80, cidrBlocks: world }]);
    check(
      firewallPublicPorts,
      await judge(firewallPublicPorts, http, { ports: [22, 443] }),
      refuses(/Only 22 and 443 may be public/),
    );
  });
});
