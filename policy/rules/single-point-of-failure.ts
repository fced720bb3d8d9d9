import { groupsFrom, smallestSize } from "../reading/balancers";
import { hasRole, type Machine, readMachine } from "../reading/machine";
import { type Resource, refersTo } from "../reading/resource";
import { UNKNOWN } from "../reading/values";
import { zonesOf } from "../reading/zones";
import { type Report, stackRule } from "../rule";

const REMEDY =
  "Give the role to a second machine; a database to two more, because two can't tell which of them is left.";

export const singlePointOfFailure = stackRule(
  {
    name: "single-point-of-failure",
    displayName: "No machine that everything depends on",
    description:
      "Names each machine or database whose failure stops what only it does, and a zone that holds them all.",
    severity: "medium",
    enforcementLevel: "advisory",
    tags: ["high-availability", "single-point-of-failure", "database"],
    framework: {
      name: "AWS Foundational Security Best Practices",
      version: "1.0.0",
      reference: "RDS.5",
      specification: "RDS DB instances should be configured with multiple Availability Zones",
    },
    remediationSteps: REMEDY,
  },
  (stack, report) => {
    judgeRoles(stack, report);
    judgeZone(stack, report);
    judgeScaling(stack, report);
    judgeManagedDatabases(stack, report);
  },
);

/** The load balancer is missing here because it has a rule of its own. */
const CONSEQUENCES = {
  web: "nothing serves the site",
  application: "the application is down",
  database: "all data is out of reach, and gone with its disk",
} as const;

function judgeRoles(stack: readonly Resource[], report: Report): void {
  const machines = stack.flatMap((resource) => readMachine(resource) ?? []).filter(({ kind }) => kind !== "template");
  const withRole = (role: string): Machine[] => machines.filter((machine) => hasRole(machine, role));
  for (const [role, consequence] of Object.entries(CONSEQUENCES)) {
    const [only, another] = withRole(role);
    if (!only || another) continue;
    const problem = `${only.name} is the only machine with the role ${role}: when it fails, ${consequence}.`;
    report.violation(problem, REMEDY, only.urn);
  }
  const [first, second, third] = withRole("database");
  if (first && second && !third) {
    report.violation(
      `${first.name} and ${second.name} are the only two database machines: one of them is the primary, and when it fails nothing ` +
        "can be written until somebody promotes the other.",
      "With a third machine the role `database` could move by itself.",
      first.urn,
    );
  }
}

function judgeZone(stack: readonly Resource[], report: Report): void {
  const instances = stack.filter((resource) => readMachine(resource)?.kind === "instance");
  const [first] = instances;
  const zones = instances.map((instance) => zonesOf(instance, stack));
  if (!first || instances.length < 2 || zones.includes(UNKNOWN)) return;
  const names = new Set(zones.flatMap((zone) => (zone === UNKNOWN ? [] : zone)));
  if (names.size !== 1) return;
  report.violation(
    `All ${instances.length} machines (${first.name} and others) stand in availability zone ${[...names].join()}: when it fails, all ` +
      "of them do.",
    "Spread them over subnets in two or three zones.",
    first.urn,
  );
}

function judgeScaling(stack: readonly Resource[], report: Report): void {
  // Templates whose machines balance load are judged by the rule about load balancers.
  const balancing = stack.filter((resource) => {
    const machine = readMachine(resource);
    return machine?.kind === "template" && hasRole(machine, "load-balancer");
  });
  const left = new Set(balancing.flatMap((template) => groupsFrom(template, stack)));
  for (const group of stack.filter(({ type }) => type === "aws:autoscaling/group:Group")) {
    if (left.has(group)) continue;
    const zones = zonesOf(group, stack);
    if (smallestSize(group) === 1) {
      const problem = `Auto Scaling group ${group.name} may have a single machine: while it is replaced, nothing does its work.`;
      report.violation(problem, "Set its minSize to 2 or more.", group.urn);
    } else if (zones !== UNKNOWN && zones.length === 1) {
      const problem = `Auto Scaling group ${group.name} stands in availability zone ${zones.join()} only: when it fails, all its machines do.`;
      report.violation(problem, "Give it subnets in two zones or more.", group.urn);
    }
  }
}

function judgeManagedDatabases(stack: readonly Resource[], report: Report): void {
  for (const { type, name, urn, properties } of stack) {
    // A copy for reading is there beside its source.
    if (type !== "aws:rds/instance:Instance" || properties.replicateSourceDb) continue;
    if (properties.multiAz === true || properties.multiAz === UNKNOWN) continue;
    const problem = `Database ${name} stands in one availability zone: when it fails, all data is out of reach.`;
    report.violation(problem, "Set `multiAz: true`.", urn);
  }
  for (const cluster of stack.filter(({ type }) => type === "aws:rds/cluster:Cluster")) {
    const members = stack.filter(
      (one) => one.type === "aws:rds/clusterInstance:ClusterInstance" && refersTo(one, "clusterIdentifier", cluster),
    );
    if (members.length !== 1) continue;
    const problem = `Database cluster ${cluster.name} has a single instance: when it fails, all data is out of reach until AWS makes another.`;
    report.violation(problem, "Add a second aws.rds.ClusterInstance.", cluster.urn);
  }
}
