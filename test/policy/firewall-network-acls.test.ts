import { firewallNetworkAcls } from "../../policy/rules/firewall-network-acls";
import { UNKNOWN } from "./pack";
import { networkAcl, networkAclRule, of } from "./resources";
import { checkPrograms, type Program, passes, refuses, undecided } from "./table";

const entry = (
  ruleNo: number,
  action: string,
  protocol: unknown,
  fromPort: number,
  toPort: number,
  cidrBlock: unknown = "0.0.0.0/0",
) => ({
  ruleNo,
  action,
  protocol,
  fromPort,
  toPort,
  cidrBlock,
});
const web = entry(100, "allow", "tcp", 443, 443);
const replies = entry(110, "allow", "tcp", 1024, 65535);
const everything = entry(200, "allow", "-1", 0, 0);
const acl = (...ingress: unknown[]) => networkAcl("acl", { ingress });

const programs: Program[] = [
  ["HTTPS and replies", [acl(web, replies)], passes],
  ["everything", [acl(everything)], refuses(/Network ACL acl lets the internet in on every port/)],
  ["everything of the network itself", [acl(entry(1, "allow", "-1", 0, 0, "10.0.0.0/8"))], passes],
  ["SSH", [acl(web, entry(120, "allow", "6", 22, 22))], refuses(/port 22/)],
  ["RDP, above the ports of services", [acl(entry(120, "allow", "tcp", 3389, 3389))], refuses(/port 3389/)],
  [
    "everything, after what denies the ports of services",
    [acl(entry(1, "deny", "tcp", 0, 1023), entry(2, "deny", "udp", 0, 1023), everything)],
    passes,
  ],
  [
    "everything, after what denies too little",
    [acl(entry(1, "deny", "tcp", 0, 1023), everything)],
    refuses(/every port/),
  ],
  ["everything, before it is denied", [acl(everything, entry(300, "deny", "-1", 0, 0))], refuses(/every port/)],
  ["a denial", [acl(entry(1, "deny", "-1", 0, 0))], passes],
  [
    "IPv6",
    [acl({ ruleNo: 1, action: "allow", protocol: "-1", fromPort: 0, toPort: 0, ipv6CidrBlock: "::/0" })],
    refuses(/every port/),
  ],
  [
    "the default ACL",
    [of("aws:ec2/defaultNetworkAcl:DefaultNetworkAcl")("d", { ingress: [everything] })],
    refuses(/Network ACL d/),
  ],
  [
    "a rule of its own",
    [
      acl(),
      networkAclRule(
        "r",
        {
          ruleNumber: 5,
          ruleAction: "allow",
          protocol: "tcp",
          fromPort: 22,
          toPort: 22,
          cidrBlock: "0.0.0.0/0",
          networkAclId: UNKNOWN,
        },
        { networkAclId: [acl()] },
      ),
    ],
    refuses(/Network ACL r lets the internet in on port 22/),
  ],
  [
    "a rule of an ACL from elsewhere",
    [networkAclRule("r", { ruleAction: "ALLOW", protocol: "tcp", fromPort: 25, toPort: 25, cidrBlock: "0.0.0.0/0" })],
    refuses(/port 25/),
  ],
  [
    "a rule that goes out",
    [networkAclRule("r", { egress: true, ruleAction: "allow", protocol: "-1", cidrBlock: "0.0.0.0/0" })],
    passes,
  ],
  [
    "an entry that isn't known",
    [acl(entry(1, "allow", "tcp", 22, 22, UNKNOWN))],
    undecided(/an entry of network ACL acl/),
  ],
  ["entries of any shape", [acl(7, null, "x", [])], passes],
];

describe("policy firewall-network-acls", () => checkPrograms(firewallNetworkAcls, programs));
