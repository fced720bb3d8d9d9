import { isPublicListener, openToInternet } from "../reading/addresses";
import { readFirewall } from "../reading/firewall";
import { hasRole, type Machine, ROLES_LABEL, readMachine } from "../reading/machine";
import { items, list, type Properties, record, text, UNKNOWN, type Value } from "../reading/values";
import { type Report, type Resource, resourceRule } from "../rule";

const DEFAULT_PORTS = [80, 443];

export const firewallPublicPorts = resourceRule(
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
    settings: {
      ports: {
        schema: {
          type: "array",
          items: { type: "integer", minimum: 1, maximum: 65535 },
          minItems: 1,
          default: DEFAULT_PORTS,
          description: "a list of port numbers that may be open to the public, such as [80, 443].",
        },
        valid: (value) =>
          Array.isArray(value) &&
          value.length > 0 &&
          value.every((port) => Number.isInteger(port) && port > 0 && port < 65536),
      },
    },
  },
  (resource, report, { ports }) => {
    const allowed = new Set(Array.isArray(ports) ? ports.map(Number) : DEFAULT_PORTS);
    const machine = readMachine(resource);
    if (machine) {
      judgePublished(machine, allowed, report);
      judgeHostFirewall(machine, allowed, report);
    }
    judgeSecurityGroup(resource, allowed, report);
  },
);

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
  return Number.isInteger(first) && Number.isInteger(last) && within(first, last, allowed);
}

function within(first: number, last: number, allowed: ReadonlySet<number>): boolean {
  const inside = [...allowed].filter((port) => port >= first && port <= last);
  return first <= last && inside.length === last - first + 1;
}

/** Rules of a security group in one shape, whichever resource they are written in. */
interface GroupRule {
  readonly protocol: Value;
  readonly from: Value;
  readonly to: Value;
  readonly ranges: readonly Value[];
}

function groupRules({ type, properties }: Resource): Value[] | undefined {
  if (/^aws:ec2\/(?:default)?securityGroup:(?:Default)?SecurityGroup$/i.test(type)) {
    return properties.ingress === UNKNOWN ? [UNKNOWN] : list(properties.ingress);
  }
  if (type === "aws:ec2/securityGroupRule:SecurityGroupRule") return properties.type === "ingress" ? [properties] : [];
  return type === "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule" ? [properties] : undefined;
}

function normalised(rule: Properties): GroupRule {
  const given: Value[] = [rule.cidrBlocks, rule.ipv6CidrBlocks, rule.cidrIpv4, rule.cidrIpv6];
  const ranges = given.flatMap(items);
  return { protocol: rule.protocol ?? rule.ipProtocol, from: rule.fromPort, to: rule.toPort, ranges };
}

function judgeSecurityGroup(resource: Resource, allowed: ReadonlySet<number>, report: Report): void {
  for (const rule of groupRules(resource) ?? []) {
    const { protocol, from, to, ranges } = normalised(record(rule));
    const known = ranges.flatMap((range) => text(range) ?? []);
    const unknown = rule === UNKNOWN || [...ranges, protocol, from, to].includes(UNKNOWN);
    const open = openToInternet(known);
    const harmless = isHarmless(protocol, from, to, allowed);
    if (open && harmless === false) {
      report.violation(
        `Security group rule ${resource.name} opens ${describePorts(protocol, from, to)} to the internet ` +
          `(${known.join(", ")}).`,
        `Only ${portList(allowed)} may be public: name the security group or the address range that needs it.`,
      );
    } else if (unknown && harmless !== true) {
      report.undecided(`a rule of security group ${resource.name} whose ports or addresses aren't known yet.`);
    }
  }
}

/** Whether these ports may be public; undefined while they aren't known. */
function isHarmless(protocol: Value, from: Value, to: Value, allowed: ReadonlySet<number>): boolean | undefined {
  if (protocol === UNKNOWN) return undefined;
  const name = text(protocol)?.toLowerCase() ?? "-1";
  if (/^(?:icmp|icmpv6|1|58)$/.test(name)) return true;
  if (!/^(?:tcp|udp|6|17)$/.test(name)) return false;
  if (from === UNKNOWN || to === UNKNOWN) return undefined;
  const [first, last] = [Number(text(from) ?? Number.NaN), Number(text(to) ?? text(from) ?? Number.NaN)];
  return within(first, last, allowed);
}

function describePorts(protocol: Value, from: Value, to: Value): string {
  const name = text(protocol) ?? "-1";
  if (!/^(?:tcp|udp|6|17)$/i.test(name)) return name === "-1" || name === "all" ? "every port" : `protocol ${name}`;
  const [first, last] = [text(from) ?? "0", text(to) ?? text(from) ?? "65535"];
  return first === last ? `port ${first}` : `ports ${first} to ${last}`;
}
