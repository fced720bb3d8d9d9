import { refersTo } from "../reading/resource";
import { items, list, type Properties, record, text, UNKNOWN } from "../reading/values";
import { type Report, type Resource, stackRule } from "../rule";

const INSTANCES = new Set(["aws:ec2/instance:Instance", "aws:ec2/spotInstanceRequest:SpotInstanceRequest"]);
const LAUNCH_CONFIGURATION = "aws:ec2/launchConfiguration:LaunchConfiguration";
const LAUNCH_TEMPLATE = "aws:ec2/launchTemplate:LaunchTemplate";
const NETWORK_INTERFACE = "aws:ec2/networkInterface:NetworkInterface";
const SCALING_GROUP = "aws:autoscaling/group:Group";
const DEFAULT_GROUP = "aws:ec2/defaultSecurityGroup:DefaultSecurityGroup";
const NETWORKS = /^aws:ec2\/(?:defaultVpc:DefaultVpc|vpc:Vpc)$/;

/** Where a machine may name its security groups. */
const GROUPS = ["vpcSecurityGroupIds", "securityGroups", "securityGroupNames"] as const;
/** Interfaces bring security groups of their own. */
const INTERFACES = ["networkInterfaces", "primaryNetworkInterface"] as const;

const REMEDY =
  "Make an aws.ec2.SecurityGroup that lets in only what the machine serves, and name it in its `vpcSecurityGroupIds`.";

export const firewallSecurityGroup = stackRule(
  {
    name: "firewall-security-group",
    displayName: "Every machine has a security group of its own making",
    description: "No machine is in the default security group of its VPC, which it shares with everything there.",
    severity: "high",
    enforcementLevel: "mandatory",
    tags: ["firewall", "security-group", "network"],
    framework: {
      name: "AWS Foundational Security Best Practices",
      version: "1.0.0",
      reference: "EC2.2",
      specification: "VPC default security groups should not allow inbound or outbound traffic",
    },
    remediationSteps: REMEDY,
  },
  (stack, report) => {
    for (const resource of stack) judgeInStack(resource, stack, report);
  },
  (resource, report) => {
    const { type, name } = resource;
    if (INSTANCES.has(type)) {
      const { launchTemplate } = resource.properties;
      if (launchTemplate !== UNKNOWN && !text(record(launchTemplate).id))
        judgeGroups(name, resource.properties, report);
    }
    if (type === LAUNCH_CONFIGURATION || type === NETWORK_INTERFACE) judgeGroups(name, resource.properties, report);
  },
);

/** Nothing named is the default group; so is the group that AWS calls `default`. */
function judgeGroups(name: string, properties: Properties, report: Report, urn?: string): void {
  if (namesNone(properties)) {
    report.violation(
      `${name} names no security group, so it gets the default one of its VPC, which it shares with everything else there.`,
      REMEDY,
      urn,
    );
  } else if (GROUPS.some((key) => items(properties[key]).includes("default"))) {
    report.violation(`${name} is in the default security group, which it shares with everything else.`, REMEDY, urn);
  }
}

function namesNone(properties: Properties): boolean {
  const interfaces = INTERFACES.flatMap((key) => items(properties[key]));
  // An interface that exists already has its groups; one that is made here names them itself.
  const elsewhere = interfaces.some((one) => {
    const { networkInterfaceId, securityGroups } = record(one);
    return one === UNKNOWN || networkInterfaceId !== undefined || items(securityGroups).length > 0;
  });
  return !elsewhere && GROUPS.every((key) => items(properties[key]).length === 0) && !("launchTemplate" in properties);
}

function judgeInStack(resource: Resource, stack: readonly Resource[], report: Report): void {
  const { type, name, urn } = resource;
  // A template may be completed by whoever uses it: it is judged where a group makes machines of it as it is.
  if (type === LAUNCH_TEMPLATE) {
    const used = stack.some((one) => one.type === SCALING_GROUP && refersTo(one, "launchTemplate", resource));
    if (used) judgeGroups(name, resource.properties, report, urn);
  }
  for (const key of [...GROUPS, "networkInterfaces"]) {
    if (![...INSTANCES, LAUNCH_CONFIGURATION, LAUNCH_TEMPLATE, NETWORK_INTERFACE].includes(type)) return;
    if (!stack.some((one) => isDefaultGroup(resource, key, one))) continue;
    report.violation(
      `${name} is in the default security group of its VPC, which it shares with everything else there.`,
      REMEDY,
      urn,
    );
    return;
  }
}

function isDefaultGroup(machine: Resource, key: string, other: Resource): boolean {
  if (other.type === DEFAULT_GROUP) return refersTo(machine, key, other);
  if (!NETWORKS.test(other.type)) return false;
  const id = text(other.properties.defaultSecurityGroupId);
  const named = list(machine.properties[key]).flatMap((one) => text(one) ?? []);
  if (id !== undefined && named.length > 0) return named.includes(id);
  // In a preview ids aren't known, but where a value comes from is: of a VPC this can only be its default group.
  return key !== "networkInterfaces" && machine.dependencies(key).some(({ urn }) => urn === other.urn);
}
