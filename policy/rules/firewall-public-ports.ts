import { isAddressRange, isPublicListener } from "../reading/addresses";
import { readFirewall } from "../reading/firewall";
import { hasRole, type Machine, ROLES_LABEL, readMachine, rolesOfTags } from "../reading/machine";
import { describeReach, onlyAllowed, rangeWithin } from "../reading/ports";
import {
  type GroupRule,
  groupsOf,
  ingressRules,
  isSecurityGroup,
  type Opening,
  openings,
  rulesOfGroup,
} from "../reading/security-groups";
import { UNKNOWN } from "../reading/values";
import { type Report, type Resource, type Settings, stackRule } from "../rule";
import { ports as portsSetting, setting } from "../settings";

const PORTS = portsSetting("that may be open to the public", [80, 443]);

export const firewallPublicPorts = stackRule(
  {
    name: "firewall-public-ports",
    displayName: "Only HTTP and HTTPS are open to the public",
    description:
      "Nothing but ports 80 and 443 is open to the public, and those only on load balancers where roles are known.",
    severity: "critical",
    enforcementLevel: "mandatory",
    tags: ["firewall", "security-group", "nftables", "network"],
    framework: {
      name: "AWS Foundational Security Best Practices",
      version: "1.0.0",
      reference: "EC2.18",
      specification: "Security groups should only allow unrestricted incoming traffic for authorized ports",
    },
    remediationSteps:
      "Accept every port but 80 and 443 only from the addresses (or security groups) that need it; publish ports 80 and 443 " +
      "on load balancers only.",
    settings: { ports: PORTS },
  },
  judgeStack,
  (resource, report, settings) => {
    const allowed = allowedPorts(settings);
    const machine = readMachine(resource);
    if (machine) {
      judgePublished(machine, allowed, report);
      judgeHostFirewall(machine, allowed, report);
    }
    judgeGroupRules(resource, allowed, report);
  },
);

function allowedPorts({ ports }: Settings): ReadonlySet<number> {
  return new Set(setting<number[]>(PORTS, ports));
}

function portList(ports: ReadonlySet<number>): string {
  return [...ports].join(" and ");
}

function judgePublished(machine: Machine, allowed: ReadonlySet<number>, report: Report): void {
  const { name, ports } = machine;
  for (const { internal, address } of ports) {
    if (internal === UNKNOWN || address === UNKNOWN)
      report.undecided(`a published port of ${name} that isn't known yet.`);
    else if (isPublicListener(address) && !allowed.has(internal)) {
      report.violation(
        `${name} publishes its port ${internal}, so anybody who reaches the host reaches it.`,
        `Only ${portList(allowed)} may be public: remove it from \`ports\`, or publish it on the host's loopback (ip: "127.0.0.1").`,
      );
    }
  }
  const exposed = ports.filter(({ internal }) => internal !== UNKNOWN && allowed.has(internal));
  if (exposed.length > 0 && hasRole(machine, "load-balancer") === false) {
    report.violation(
      `${name} publishes port ${exposed.map(({ internal }) => String(internal)).join(" and ")} but is no load balancer (its label ` +
        `${ROLES_LABEL} doesn't say load-balancer), so requests pass by the load balancers.`,
      "Remove it from `ports`.",
    );
  }
}

function judgeHostFirewall(machine: Machine, allowed: ReadonlySet<number>, report: Report): void {
  const { name } = machine;
  const firewall = readFirewall(machine);
  if (!firewall?.dropsByDefault) return;
  for (const where of new Set(firewall.unsure)) {
    report.undecided(`a rule of the host firewall of ${name} (${where}) has a condition that this pack doesn't know.`);
  }
  const all = firewall.open.flatMap(({ ports, where }) => ports.map((range) => ({ range, where })));
  for (const { range, where } of all.filter(({ range }) => !isAllowed(range, allowed))) {
    report.violation(
      `${name} accepts ${range === "all" ? "every port" : `port ${range}`} from anywhere (${where}).`,
      `Only ${portList(allowed)} may be public: name who may reach it, as in "ip saddr 172.30.0.0/24 tcp dport … accept".`,
    );
  }
  const exposed = all.filter(({ range }) => isAllowed(range, allowed)).map(({ range }) => range);
  if (exposed.length > 0 && hasRole(machine, "load-balancer") === false) {
    report.violation(
      `${name} accepts port ${[...new Set(exposed)].join(" and ")} from anywhere but is no load balancer (its ${ROLES_LABEL} ` +
        "doesn't say load-balancer), so requests pass by the load balancers.",
      "Accept it from the load balancers' addresses only.",
    );
  }
}

function isAllowed(range: string, allowed: ReadonlySet<number>): boolean {
  const [first = Number.NaN, last = first] = range.split("-").map(Number);
  return Number.isInteger(first) && Number.isInteger(last) && rangeWithin(first, last, allowed);
}

/** Rules of security groups, inline and as resources of their own, as far as one resource tells. */
function judgeGroupRules(resource: Resource, allowed: ReadonlySet<number>, report: Report): void {
  const rules = ingressRules(resource);
  const open = openings(rules);
  for (const opening of open) {
    if (!onlyAllowed(opening.reach, allowed)) reportOpening(opening, allowed, report);
    else judgeRoles(resource, opening, report);
  }
  const rest = rules.filter((rule) => !open.some((opening) => opening.rule === rule));
  if (rest.some((rule) => isUnsure(rule, allowed))) {
    report.undecided(`a rule of security group ${resource.name} whose ports or addresses aren't known yet.`);
  }
  if (rest.some(({ ranges }) => !ranges.every(isAddressRange))) {
    report.undecided(`a rule of security group ${resource.name} with an address that is none.`);
  }
}

/** A group whose tag says what its machines do. */
function judgeRoles(group: Resource, { reach }: Opening, report: Report): void {
  const roles = isSecurityGroup(group) ? rolesOfTags(group.properties.tags) : undefined;
  if (roles === undefined || roles === UNKNOWN || roles.includes("load-balancer")) return;
  report.violation(
    `Security group ${group.name} opens ${describeReach(reach)} to the internet, but its machines balance no load (its ` +
      `${ROLES_LABEL} says ${roles.join(",")}), so requests pass by the load balancers.`,
    "Accept it from the load balancers' security group only.",
  );
}

function isUnsure({ reach, unknownRanges }: GroupRule, allowed: ReadonlySet<number>): boolean {
  return reach ? unknownRanges && !onlyAllowed(reach, allowed) : true;
}

function reportOpening({ rule, reach, ranges }: Opening, allowed: ReadonlySet<number>, report: Report): void {
  report.violation(
    `Security group rule ${rule.owner.name} opens ${describeReach(reach)} to the internet (${ranges.join(", ")}).`,
    `Only ${portList(allowed)} may be public: name the security group or the address range that needs it.`,
    rule.owner.urn,
  );
}

/** What only the stack tells: the world split among several resources, prefix lists, and which machines are behind. */
function judgeStack(stack: readonly Resource[], report: Report, settings: Settings): void {
  const allowed = allowedPorts(settings);
  const groups = stack.filter(isSecurityGroup);
  const openOf = new Map(groups.map((group) => [group, judgeWholeGroup(group, stack, allowed, report)]));
  if (groups.length === 0) return;
  for (const resource of stack) {
    const machine = readMachine(resource);
    if (!machine || hasRole(machine, "load-balancer") !== false) continue;
    for (const group of groupsOf(resource, stack)) {
      const open = openOf.get(group)?.filter(({ reach }) => onlyAllowed(reach, allowed)) ?? [];
      if (open.length === 0) continue;
      const ports = [...new Set(open.map(({ reach }) => describeReach(reach)))].join(" and ");
      report.violation(
        `${machine.name} lets in anybody on ${ports} by its security group ${group.name} but is no load balancer (its ` +
          `${ROLES_LABEL} doesn't say load-balancer), so requests pass by the load balancers.`,
        "Accept it from the load balancers' security group only.",
        resource.urn,
      );
    }
  }
}

function judgeWholeGroup(
  group: Resource,
  stack: readonly Resource[],
  allowed: ReadonlySet<number>,
  report: Report,
): Opening[] {
  const rules = rulesOfGroup(group, stack);
  const open = openings(rules);
  for (const opening of open) {
    // What one resource shows was said when it was judged.
    const alone = openings(ingressRules(opening.rule.owner));
    const saidBefore = alone.some(({ reach }) => describeReach(reach) === describeReach(opening.reach));
    if (!saidBefore && !onlyAllowed(opening.reach, allowed)) reportOpening(opening, allowed, report);
  }
  for (const { reach, prefixLists, owner } of rules) {
    if (prefixLists.length === 0 || (reach && onlyAllowed(reach, allowed))) continue;
    const known = prefixLists.map((list) => (list === UNKNOWN ? "one that isn't known yet" : list)).join(", ");
    report.undecided(`whom ${owner.name} lets in: the program doesn't make its prefix list (${known}).`, owner.urn);
  }
  return open;
}
