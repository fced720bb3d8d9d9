import { refersTo } from "../reading/resource";
import { isSecurityGroup, standaloneDirection } from "../reading/security-groups";
import { type Report, type Resource, stackRule } from "../rule";

const DIRECTIONS = ["ingress", "egress"] as const;
type Direction = (typeof DIRECTIONS)[number];

/**
 * Directions that each group writes inline, by its inputs: after an update, a group's outputs hold the standalone rules
 * too, and look the same.
 */
const inlineOf = new Map<string, readonly Direction[]>();

export const firewallRulesMixed = stackRule(
  {
    name: "firewall-rules-mixed",
    displayName: "A security group has its rules in one place",
    description:
      "A security group has inline rules or rules that are resources of their own, never both: each erases the other's.",
    severity: "high",
    enforcementLevel: "mandatory",
    tags: ["firewall", "security-group", "network"],
    remediationSteps:
      "Remove `ingress` and `egress` from the security group and write every rule as an aws.vpc.SecurityGroupIngressRule or " +
      "aws.vpc.SecurityGroupEgressRule, or the other way round.",
  },
  (stack, report) => {
    for (const group of stack.filter(isSecurityGroup)) {
      for (const direction of inlineOf.get(group.urn) ?? []) judgeDirection(group, direction, stack, report);
    }
    inlineOf.clear();
  },
  (resource) => {
    if (!isSecurityGroup(resource)) return;
    // An empty list is inline too: it says that there are no other rules.
    const given = DIRECTIONS.filter((direction) => Array.isArray(resource.properties[direction]));
    inlineOf.set(resource.urn, given);
  },
);

function judgeDirection(group: Resource, direction: Direction, stack: readonly Resource[], report: Report): void {
  const standalone = stack.filter(
    (one) => standaloneDirection(one) === direction && refersTo(one, "securityGroupId", group),
  );
  if (standalone.length === 0) return;
  report.violation(
    `Security group ${group.name} has \`${direction}\` rules of its own, and ${standalone.map(({ name }) => name).join(", ")} ` +
      "beside them: each update erases the one or the other, so nobody can tell what the firewall lets through.",
    `Write all of them inline, or remove \`${direction}\` from the group.`,
    group.urn,
  );
}
