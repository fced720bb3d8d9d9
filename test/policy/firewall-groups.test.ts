import { firewallPublicPorts } from "../../policy/rules/firewall-public-ports";
import { type TestResource, UNKNOWN } from "./pack";
import {
  ec2,
  egressRule,
  ingressRule,
  networkInterface,
  prefixList,
  prefixListEntry,
  securityGroup,
  securityGroupRule,
} from "./resources";
import { type Case, checkPrograms, checkTable, type Program, passes, refuses, undecided } from "./table";

const ssh = { protocol: "tcp", fromPort: 22, toPort: 22 };
const https = { protocol: "tcp", fromPort: 443, toPort: 443 };
const world = ["0.0.0.0/0"];
const group = securityGroup("g");
const closed = securityGroup("g", { ingress: [{ ...ssh, cidrBlocks: ["10.0.0.0/8"] }] });
const of = (owner: TestResource) => ({ securityGroupId: [owner] });
const list = prefixList("office", { entries: [{ cidr: "203.0.113.0/29" }] });
const everybody = prefixList("everybody", { id: "pl-1", entries: [{ cidr: "0.0.0.0/1" }, { cidr: "128.0.0.0/1" }] });
const byList = (lists: unknown, from: TestResource[]) =>
  securityGroupRule(
    "by-list",
    { type: "ingress", ...ssh, prefixListIds: lists, securityGroupId: UNKNOWN },
    { securityGroupId: [group], prefixListIds: from },
  );

const web = (groups: TestResource[], properties = {}) =>
  ec2(
    "web-1",
    { tags: { "web-infrastructure.roles": "web" }, vpcSecurityGroupIds: groups.map(() => UNKNOWN), ...properties },
    { vpcSecurityGroupIds: groups },
  );
const open443 = securityGroup("open", { ingress: [{ ...https, cidrBlocks: world }] });

const portPrograms: Program[] = [
  ["a private group and its machine", [closed, web([closed])], passes],
  [
    "halves of a range of addresses in rules of two groups",
    [
      group,
      securityGroupRule("a", { type: "ingress", ...ssh, cidrBlocks: ["3.0.0.0/9"], securityGroupId: "sg-1" }),
      securityGroupRule("b", { type: "ingress", ...ssh, cidrBlocks: ["3.128.0.0/9"], securityGroupId: "sg-2" }),
    ],
    passes,
  ],
  [
    "halves of a range of addresses in two rules of one group",
    [
      group,
      securityGroupRule(
        "a",
        { type: "ingress", ...ssh, cidrBlocks: ["3.0.0.0/9"], securityGroupId: UNKNOWN },
        of(group),
      ),
      ingressRule("b", { ipProtocol: "-1", cidrIpv4: "3.128.0.0/9", securityGroupId: UNKNOWN }, of(group)),
    ],
    refuses(/Security group rule a opens port 22 to the internet \(3\.0\.0\.0\/9, 3\.128\.0\.0\/9\)/),
  ],
  ["a list of the office's addresses", [group, list, byList([UNKNOWN], [list])], passes],
  ["a list of everybody", [group, everybody, byList(["pl-1"], [])], refuses(/by-list opens port 22/)],
  [
    "a list of everybody, in a preview",
    [group, { ...everybody, properties: { ...everybody.properties, id: UNKNOWN } }, byList([UNKNOWN], [everybody])],
    refuses(/by-list opens port 22/),
  ],
  [
    "a list of everybody, in the shape of one rule",
    [
      group,
      everybody,
      ingressRule(
        "r",
        { ipProtocol: "tcp", fromPort: 22, toPort: 22, prefixListId: "pl-1", securityGroupId: UNKNOWN },
        of(group),
      ),
    ],
    refuses(/r opens port 22/),
  ],
  [
    "a list of everybody, inline",
    [everybody, securityGroup("g", { ingress: [{ ...ssh, prefixListIds: ["pl-1"] }] })],
    refuses(/g opens port 22/),
  ],
  [
    "a list whose entries are resources",
    [
      group,
      list,
      prefixListEntry("e", { cidr: "::/0", prefixListId: UNKNOWN }, { prefixListId: [list] }),
      byList([UNKNOWN], [list]),
    ],
    refuses(/by-list opens port 22/),
  ],
  ["a list for HTTPS", [everybody, securityGroup("g", { ingress: [{ ...https, prefixListIds: ["pl-1"] }] })], passes],
  ["a list from elsewhere", [group, byList(["pl-3b927c52"], [])], undecided(/prefix list \(pl-3b927c52\)/)],
  [
    "HTTPS to a web machine from anywhere",
    [open443, web([open443])],
    refuses(/^web-1 lets in anybody on port 443 by its security group open but is no load balancer/),
  ],
  [
    "HTTPS to a web machine by its network interface",
    [
      open443,
      networkInterface("eni", { securityGroups: [UNKNOWN] }, { securityGroups: [open443] }),
      ec2(
        "web-1",
        { tags: { "web-infrastructure.roles": "web" }, networkInterfaces: [{ networkInterfaceId: UNKNOWN }] },
        { networkInterfaces: [networkInterface("eni")] },
      ),
    ],
    refuses(/^web-1 lets in anybody/),
  ],
  [
    "HTTPS to a load balancer",
    [open443, web([open443], { tags: { "web-infrastructure.roles": "web,load-balancer" } })],
    passes,
  ],
  ["HTTPS to a machine without roles", [open443, web([open443], { tags: {} })], passes],
  [
    "a group for web machines by its tag",
    [
      securityGroup("g", {
        tags: { "web-infrastructure.roles": "database" },
        ingress: [{ ...https, cidrBlocks: world }],
      }),
    ],
    refuses(/its machines balance no load/),
  ],
];

const shapes: Case[] = [
  [
    "every port, in words",
    securityGroup("g", { ingress: [{ protocol: "all", cidrBlocks: world }] }),
    refuses(/every port/),
  ],
  ["TCP without ports", ingressRule("g", { ipProtocol: "tcp", cidrIpv4: "0.0.0.0/0" }), refuses(/every TCP port/)],
  [
    "TCP from -1",
    securityGroup("g", { ingress: [{ protocol: "tcp", fromPort: -1, toPort: -1, cidrBlocks: world }] }),
    refuses(/every TCP port/),
  ],
  [
    "ports in the wrong order",
    securityGroup("g", { ingress: [{ protocol: "tcp", fromPort: 443, toPort: 22, cidrBlocks: world }] }),
    refuses(/ports 22 to 443/),
  ],
  [
    "UDP by number",
    securityGroup("g", { ingress: [{ protocol: 17, fromPort: 53, toPort: 53, cidrBlocks: world }] }),
    refuses(/port 53/),
  ],
  ["no protocol at all", securityGroup("g", { ingress: [{ cidrBlocks: world }] }), refuses(/every port/)],
  [
    "one rule where a list was expected",
    securityGroup("g", { ingress: { ...ssh, cidrBlocks: world } }),
    refuses(/port 22/),
  ],
  [
    "one range where a list was expected",
    securityGroup("g", { ingress: [{ ...ssh, cidrBlocks: "0.0.0.0/0" }] }),
    refuses(/port 22/),
  ],
  [
    "an address that is none",
    securityGroup("g", { ingress: [{ ...ssh, cidrBlocks: ["anywhere"] }] }),
    undecided(/an address that is none/),
  ],
  [
    "an address that is none, for HTTPS",
    securityGroup("g", { ingress: [{ ...https, cidrBlocks: ["0.0.0.0/33"] }] }),
    undecided(/an address that is none/),
  ],
  [
    "the world of IPv6, beside itself",
    securityGroup("g", { ingress: [{ ...ssh, self: true, ipv6CidrBlocks: ["::/0"] }] }),
    refuses(/port 22/),
  ],
  [
    "one rule of two not known",
    securityGroup("g", { ingress: [UNKNOWN, { ...ssh, cidrBlocks: world }] }),
    refuses(/port 22/),
  ],
  ["an egress rule", egressRule("g", { ipProtocol: "-1", cidrIpv4: "0.0.0.0/0" }), passes],
  ["a rule without direction", securityGroupRule("g", { ...ssh, cidrBlocks: world }), passes],
  [
    "a single public address",
    ingressRule("g", { ipProtocol: "tcp", fromPort: 22, toPort: 22, cidrIpv4: "203.0.114.8/32" }),
    passes,
  ],
  [
    "an unknown address for HTTPS",
    ingressRule("g", { ipProtocol: "tcp", fromPort: 443, toPort: 443, cidrIpv4: UNKNOWN }),
    passes,
  ],
];

describe("policy firewall-public-ports: rules of any shape", () => checkTable(firewallPublicPorts, shapes));
describe("policy firewall-public-ports: programs", () => checkPrograms(firewallPublicPorts, portPrograms));
