import { addressesOf, type Balancer, findBalancers, managedZones, takesOver } from "../reading/balancers";
import { plannedMachines } from "../reading/planned";
import { UNKNOWN } from "../reading/values";
import { type Report, type Resource, stackRule } from "../rule";

const NAME = "load-balancer-redundant";

/** Load balancers that the cloud runs; a gateway load balancer is no entry for visitors. */
const MANAGED =
  /^aws:(?:lb|alb|applicationloadbalancing|elasticloadbalancingv2|elb|elasticloadbalancing)\/loadBalancer:LoadBalancer$/;

/** Components whose inputs were judged in this run: their machines aren't judged a second time with the stack. */
const judgedComponents = new Set<string>();

export const loadBalancerRedundant = stackRule(
  {
    name: NAME,
    displayName: "No single load balancer",
    description:
      "Whoever balances load has at least two load balancers, in two availability zones, and addresses that outlive one of them.",
    severity: "high",
    enforcementLevel: "mandatory",
    tags: ["load-balancer", "high-availability", "single-point-of-failure"],
    framework: {
      name: "AWS Foundational Security Best Practices",
      version: "1.0.0",
      reference: "ELB.13",
      specification: "Application, Network, and Gateway Load Balancers should span multiple Availability Zones",
    },
    remediationSteps:
      "Add a second load balancer in another availability zone, with an address that it takes over (keepalived) or of its own; " +
      "give a managed load balancer subnets in two zones.",
  },
  judgeStack,
  (resource, report) => {
    if (MANAGED.test(resource.type)) judgeManaged(resource, [], report);
    else judgeComponent(resource, report);
  },
);

function judgeStack(stack: readonly Resource[], report: Report): void {
  const { balancers, unsure } = findBalancers(stack, ({ ancestors }) =>
    ancestors.some((urn) => judgedComponents.has(urn)),
  );
  judgedComponents.clear();
  for (const resource of stack.filter(({ type }) => MANAGED.test(type))) judgeManaged(resource, stack, report);
  // A stack that balances no load itself has its entry elsewhere.
  const [first] = balancers;
  if (!first) return;
  const counts = balancers.map(({ count }) => count);
  const known = counts.reduce<number>((sum, count) => sum + (count === UNKNOWN ? 0 : count), 0);
  if (known >= 2) {
    judgeZones(balancers, report);
    judgeAddresses(balancers, stack, report);
  } else if (counts.includes(UNKNOWN)) {
    report.undecided(`whether ${first.name} is a single load balancer: its smallest size isn't known yet.`, first.urn);
  } else if (unsure.length > 0) {
    report.undecided(
      `whether ${first.name} is the only load balancer: what ${unsure.join(", ")} will do isn't known yet.`,
      first.urn,
    );
  } else {
    reportSingle(
      first.kind === "group" ? `Auto Scaling group ${first.name} may have a single machine and` : first.name,
      first.urn,
      report,
    );
  }
}

function judgeZones(balancers: readonly Balancer[], report: Report): void {
  const [first] = balancers;
  // Containers of one computer have no zones.
  if (!first || balancers.some(({ kind }) => kind === "container")) return;
  const names = balancers.map(({ name }) => name).join(" and ");
  const unknown = balancers.filter(({ zones }) => zones === UNKNOWN);
  const zones = new Set(balancers.flatMap(({ zones }) => (zones === UNKNOWN ? [] : zones)));
  if (zones.size >= 2) return;
  if (unknown.length > 0) {
    report.undecided(
      `whether ${names} stand in two availability zones: that isn't known yet, or left to AWS.`,
      first.urn,
    );
    return;
  }
  reportZone(balancers, [...zones].join(), first.urn, report);
}

function reportZone(balancers: readonly { name: string }[], zone: string, urn: string, report: Report): void {
  report.violation(
    `All load balancers (${balancers.map(({ name }) => name).join(" and ")}) stand in availability zone ${zone}: when it fails, ` +
      "the whole site is down.",
    "Put them into different availability zones.",
    urn,
  );
}

/** An address that is tied to one load balancer, and that no other one can take, goes down with it. */
function judgeAddresses(balancers: readonly Balancer[], stack: readonly Resource[], report: Report): void {
  const machines = balancers.filter(({ kind }) => kind === "instance");
  if (machines.length < balancers.length || machines.some(({ machine }) => takesOver(machine))) return;
  const withAddress = machines.filter(
    ({ resource, machine }) => machine.hasPublicAddress || addressesOf(resource, stack).length > 0,
  );
  const [only] = withAddress;
  if (!only || withAddress.length > 1 || addressesOf(only.resource, stack).length === 0) return;
  // Others may get a public address by their subnet; that isn't a fixed one, which a name could lead to.
  report.violation(
    `${only.name} has the only Elastic IP of the load balancers, and nothing can take it over: when it fails, the whole site is down.`,
    "Give each load balancer an Elastic IP that the site's name leads to, or let keepalived move it (associate-address).",
    only.urn,
  );
}

/** A load balancer of the cloud is as redundant as its subnets. */
function judgeManaged(balancer: Resource, stack: readonly Resource[], report: Report): void {
  const { name, urn, properties } = balancer;
  if (properties.internal === true || properties.loadBalancerType === "gateway") return;
  const { places, zones } = managedZones(balancer, stack);
  const early = stack.length === 0;
  const remedy = "Give it subnets in at least two availability zones.";
  if (places !== UNKNOWN && places < 2) {
    // With the stack it would be said a second time.
    if (early)
      report.violation(`Load balancer ${name} stands in one subnet, so in a single availability zone.`, remedy);
  } else if (!early && zones !== UNKNOWN && zones.length < 2) {
    report.violation(`All subnets of load balancer ${name} are in availability zone ${zones.join("")}.`, remedy, urn);
  }
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
  const zones = new Set(balancers.map(({ zone }) => zone));
  if (balancers.length === 1) reportSingle(single.name, urn, report);
  else if (zones.size === 1 && single.zone !== undefined) reportZone(balancers, single.zone, urn, report);
}

function reportSingle(name: string, urn: string, report: Report): void {
  const stack = /^urn:pulumi:([^:]+)::/.exec(urn)?.[1] ?? "<stack>";
  const example = { [NAME]: { accepted: [{ urn: "*", reason: "why one is enough for now", expires: "YYYY-MM-DD" }] } };
  report.violation(
    `${name} is the only load balancer: when it fails, the whole site is down.`,
    `Add a second one, or accept it for a while in Pulumi.${stack}.policies.json: ${JSON.stringify(example)}.`,
    urn,
  );
}
