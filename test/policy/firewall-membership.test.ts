import { firewallRulesMixed } from "../../policy/rules/firewall-rules-mixed";
import { firewallSecurityGroup } from "../../policy/rules/firewall-security-group";
import { type TestResource, UNKNOWN } from "./pack";
import {
  defaultSecurityGroup,
  ec2,
  egressRule,
  ingressRule,
  launchConfiguration,
  launchTemplate,
  networkInterface,
  scalingGroup,
  securityGroup,
  securityGroupRule,
  vpc,
} from "./resources";
import { checkPrograms, type Program, passes, refuses } from "./table";

const ssh = { protocol: "tcp", fromPort: 22, toPort: 22 };
const https = { protocol: "tcp", fromPort: 443, toPort: 443 };
const world = ["0.0.0.0/0"];
const group = securityGroup("g");
const of = (owner: TestResource) => ({ securityGroupId: [owner] });

const inline = securityGroup("g", { ingress: [{ ...https, cidrBlocks: world }] });
const standalone = ingressRule(
  "ssh",
  { ipProtocol: "tcp", cidrIpv4: "10.0.0.0/8", securityGroupId: UNKNOWN },
  of(inline),
);
const mixedPrograms: Program[] = [
  ["inline rules only", [inline], passes],
  ["rules of their own only", [group, { ...standalone, from: of(group) }], passes],
  ["both", [inline, standalone], refuses(/Security group g has `ingress` rules of its own, and ssh beside them/)],
  [
    "both, in the older shape",
    [inline, securityGroupRule("old", { type: "ingress", ...ssh, securityGroupId: UNKNOWN }, of(inline))],
    refuses(/and old beside them/),
  ],
  [
    "an empty list says that there are none, beside one",
    [securityGroup("g", { ingress: [] }), standalone],
    refuses(/ssh beside them/),
  ],
  [
    "both, known by id after an update",
    [{ ...inline, properties: { ...inline.properties, id: "sg-1" } }, ingressRule("ssh", { securityGroupId: "sg-1" })],
    refuses(/ssh beside them/),
  ],
  [
    "both, going out",
    [
      securityGroup("g", { egress: [{ protocol: "-1", cidrBlocks: world }] }),
      egressRule("out", { securityGroupId: UNKNOWN }, of(group)),
    ],
    refuses(/has `egress` rules of its own, and out/),
  ],
  [
    "one direction inline, the other not",
    [inline, egressRule("out", { securityGroupId: UNKNOWN }, of(inline))],
    passes,
  ],
  ["rules of another group", [inline, group, ingressRule("ssh", { securityGroupId: "sg-2" })], passes],
];

const template = launchTemplate("t", { imageId: "ami" });
const network = vpc("net", { defaultSecurityGroupId: UNKNOWN });
const ownPrograms: Program[] = [
  [
    "a machine with a group",
    [group, ec2("a", { vpcSecurityGroupIds: [UNKNOWN] }, { vpcSecurityGroupIds: [group] })],
    passes,
  ],
  ["a machine without any", [ec2("a")], refuses(/^a names no security group/)],
  ["an empty list of them", [ec2("a", { vpcSecurityGroupIds: [] })], refuses(/names no security group/)],
  ["groups that aren't known", [ec2("a", { vpcSecurityGroupIds: UNKNOWN })], passes],
  [
    "the default group by name",
    [ec2("a", { securityGroups: ["default"] })],
    refuses(/is in the default security group/),
  ],
  [
    "the default group of a network, in a preview",
    [network, ec2("a", { vpcSecurityGroupIds: [UNKNOWN] }, { vpcSecurityGroupIds: [network] })],
    refuses(/a is in the default security group of its VPC/),
  ],
  [
    "the default group of a network, by id",
    [vpc("net", { defaultSecurityGroupId: "sg-0" }), ec2("a", { vpcSecurityGroupIds: ["sg-0"] })],
    refuses(/default security group of its VPC/),
  ],
  [
    "the default group as a resource",
    [
      defaultSecurityGroup("d"),
      ec2("a", { vpcSecurityGroupIds: [UNKNOWN] }, { vpcSecurityGroupIds: [defaultSecurityGroup("d")] }),
    ],
    refuses(/default security group/),
  ],
  [
    "a network interface with a group",
    [
      networkInterface("eni", { securityGroups: ["sg-1"] }),
      ec2("a", { networkInterfaces: [{ networkInterfaceId: UNKNOWN }] }),
    ],
    passes,
  ],
  [
    "a network interface without one",
    [networkInterface("eni"), ec2("a", { networkInterfaces: [{ networkInterfaceId: UNKNOWN }] })],
    refuses(/^eni names no security group/),
  ],
  ["an instance of a template", [ec2("a", { launchTemplate: { id: UNKNOWN } })], passes],
  ["a template that nobody uses as it is", [template], passes],
  [
    "a template that a group makes machines of",
    [template, scalingGroup("asg", { launchTemplate: { id: UNKNOWN } }, { launchTemplate: [template] })],
    refuses(/^t names no security group/),
  ],
  [
    "a template with groups on its interface",
    [
      launchTemplate("t", { networkInterfaces: [{ securityGroups: ["sg-1"] }] }),
      scalingGroup("asg", { launchTemplate: { id: UNKNOWN } }, { launchTemplate: [template] }),
    ],
    passes,
  ],
  ["a launch configuration without any", [launchConfiguration("c")], refuses(/^c names no security group/)],
  [
    "a machine of any shape",
    [ec2("a", { vpcSecurityGroupIds: { a: 1 }, networkInterfaces: 7, launchTemplate: [] })],
    passes,
  ],
];

describe("policy firewall-rules-mixed", () => checkPrograms(firewallRulesMixed, mixedPrograms));
describe("policy firewall-security-group", () => checkPrograms(firewallSecurityGroup, ownPrograms));
