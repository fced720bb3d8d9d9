import { isEdge } from "../reading/haproxy";
import { filesOf, hasRole, type Machine, plannedMachines, readMachine } from "../reading/machine";
import { UNKNOWN } from "../reading/values";
import { type Report, type Resource, stackRule } from "../rule";

const NAME = "load-balancer-redundant";

/** Load balancers that a cloud keeps redundant itself. */
const MANAGED = /^aws:(?:lb|alb|applicationloadbalancing|elasticloadbalancingv2|elb)\/loadBalancer:LoadBalancer$/;

/** Components whose inputs were judged in this run: their machines aren't judged a second time with the stack. */
const judgedComponents = new Set<string>();

export const loadBalancerRedundant = stackRule(
  {
    name: NAME,
    displayName: "No single load balancer",
    description: "A stack whose machines balance load has at least two of them, so that one can fail.",
    severity: "high",
    enforcementLevel: "mandatory",
    tags: ["load-balancer", "high-availability", "single-point-of-failure"],
    remediationSteps:
      "Add a second load balancer: set `topology: highly-available` in Pulumi.<stack>.yaml (once that topology is built), or " +
      "accept the single one in Pulumi.<stack>.policies.json with a reason and an expiry date.",
  },
  judgeStack,
  judgeComponent,
);

function judgeStack(resources: readonly Resource[], report: Report): void {
  const machines = resources
    .flatMap((resource) => readMachine(resource) ?? [])
    .filter(({ kind }) => kind !== "template");
  const rest = machines.filter(({ ancestors }) => !ancestors.some((urn) => judgedComponents.has(urn)));
  const balancers = rest.filter(balancesLoad);
  const [single] = balancers;
  // A stack that balances no load itself has its entry elsewhere.
  if (!single || balancers.length > 1 || resources.some(({ type }) => MANAGED.test(type))) return;
  const undecided = rest.filter((machine) => balancesLoad(machine) === undefined);
  if (undecided.length > 0) {
    const names = undecided.map(({ name }) => name).join(", ");
    report.undecided(
      `whether ${single.name} is the only load balancer: what ${names} will do isn't known yet.`,
      single.urn,
    );
    return;
  }
  report.violation(problem(single.name), remedy(single.urn), single.urn);
}

/** Judges the list of machines that a component is given, before any of them exists. */
function judgeComponent({ urn, ancestors, properties }: Resource, report: Report): void {
  if (ancestors.some((ancestor) => judgedComponents.has(ancestor))) {
    // A part of it that is given the same list has nothing to add.
    judgedComponents.add(urn);
    return;
  }
  const planned = plannedMachines(properties);
  if (!planned) return;
  const balancers = planned.filter(({ roles }) => roles.includes("load-balancer"));
  const [single] = balancers;
  if (!single) return;
  judgedComponents.add(urn);
  if (balancers.length === 1) report.violation(problem(single.name), remedy(urn));
}

/** Whether a machine is a load balancer, by its label or by the HAProxy in its user-data; undefined while unknown. */
function balancesLoad(machine: Machine): boolean | undefined {
  const labelled = hasRole(machine, "load-balancer");
  if (labelled !== undefined) return labelled;
  if (isEdge(filesOf(machine))) return true;
  return machine.roles === UNKNOWN || machine.userData === UNKNOWN ? undefined : false;
}

function problem(name: string): string {
  return `${name} is the only load balancer: when it fails, the whole site is down.`;
}

function remedy(urn: string): string {
  const stack = /^urn:pulumi:([^:]+)::/.exec(urn)?.[1] ?? "<stack>";
  const example = { [NAME]: { accepted: [{ urn: "*", reason: "why one is enough for now", expires: "YYYY-MM-DD" }] } };
  return (
    `Add a second one (\`topology: highly-available\` in Pulumi.${stack}.yaml, once that topology is built), or accept it for a ` +
    `while in Pulumi.${stack}.policies.json: ${JSON.stringify(example)}.`
  );
}
