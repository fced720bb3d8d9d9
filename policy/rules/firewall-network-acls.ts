import { openToInternet } from "../reading/addresses";
import { covers, describeReach, onlyAllowed, type Reach, readReach } from "../reading/ports";
import { type Resource, refersTo } from "../reading/resource";
import { items, type Properties, record, text, UNKNOWN, type Value } from "../reading/values";
import { type Report, stackRule } from "../rule";
import { ports as portsSetting, setting } from "../settings";

const ACL = /^aws:ec2\/(?:networkAcl:NetworkAcl|defaultNetworkAcl:DefaultNetworkAcl)$/;
const ACL_RULE = "aws:ec2/networkAclRule:NetworkAclRule";
const PORTS = portsSetting("that may be open to the public", [80, 443]);

/** A network ACL keeps no state: answers to what the machines asked come in on any port of a range this wide. */
const REPLIES = { first: 1024, width: 20_000 } as const;

export const firewallNetworkAcls = stackRule(
  {
    name: "firewall-network-acls",
    displayName: "Network ACLs let in what is public only",
    description:
      "A network ACL that the program writes lets the internet in on ports 80 and 443 and on those of replies, not on all.",
    severity: "medium",
    enforcementLevel: "mandatory",
    tags: ["firewall", "network-acl", "network"],
    framework: {
      name: "AWS Foundational Security Best Practices",
      version: "1.0.0",
      reference: "EC2.21",
      specification: "Network ACLs should not allow ingress from 0.0.0.0/0 to port 22 or port 3389",
    },
    remediationSteps:
      "Allow ports 80 and 443 and the ports of replies (1024 to 65535, tcp) from 0.0.0.0/0, everything else only from the " +
      "addresses that need it.",
    settings: { ports: PORTS },
  },
  (stack, report, settings) => {
    const allowed = new Set(setting<number[]>(PORTS, settings.ports));
    const entries = stack.filter(({ type, properties }) => type === ACL_RULE && properties.egress !== true);
    const acls = stack.filter(({ type }) => ACL.test(type));
    for (const acl of acls) {
      const own = items(acl.properties.ingress).map((rule) => readEntry(acl, record(rule)));
      const standalone = entries
        .filter((entry) => refersTo(entry, "networkAclId", acl))
        .map((entry) => readEntry(entry, entry.properties));
      judge([...own, ...standalone], allowed, report);
    }
    const others = entries.filter((entry) => !acls.some((acl) => refersTo(entry, "networkAclId", acl)));
    for (const entry of others) judge([readEntry(entry, entry.properties)], allowed, report);
  },
);

interface Entry {
  readonly owner: Resource;
  readonly order: number;
  readonly allows: boolean;
  /** Undefined while ports, action or addresses aren't known. */
  readonly reach: Reach | undefined;
  readonly anybody: boolean;
}

function readEntry(owner: Resource, rule: Properties): Entry {
  const action = rule.action ?? rule.ruleAction;
  const ranges: Value[] = [rule.cidrBlock, rule.ipv6CidrBlock];
  const known = action !== UNKNOWN && !ranges.includes(UNKNOWN);
  return {
    owner,
    order: Number(text(rule.ruleNo ?? rule.ruleNumber) ?? Number.NaN),
    allows: text(action)?.toLowerCase() === "allow",
    reach: known ? readReach(rule.protocol, rule.fromPort, rule.toPort) : undefined,
    anybody: openToInternet(ranges.flatMap((range) => text(range) ?? [])),
  };
}

function judge(entries: readonly Entry[], allowed: ReadonlySet<number>, report: Report): void {
  for (const entry of entries) {
    const { owner, reach, allows, anybody, order } = entry;
    if (!reach) {
      report.undecided(`an entry of network ACL ${owner.name} that isn't known yet.`, owner.urn);
      continue;
    }
    if (!allows || !anybody || onlyAllowed(reach, allowed) || isForReplies(reach)) continue;
    // The first entry that matches decides.
    const denied = entries.filter((other) => !other.allows && other.anybody && other.order < order);
    if (isDenied(reach, denied, allowed)) continue;
    report.violation(
      `Network ACL ${owner.name} lets the internet in on ${describeReach(reach)}, so it keeps nothing out there.`,
      `Allow ${[...allowed].join(" and ")} and 1024 to 65535 (for replies) from anywhere, the rest only from who needs it.`,
      owner.urn,
    );
  }
}

function isForReplies({ protocol, first, last }: Reach): boolean {
  return /^(?:tcp|udp)$/.test(protocol) && first >= REPLIES.first && last - first >= REPLIES.width;
}

/** Whether earlier entries deny all ports below those of replies that aren't public. */
function isDenied(reach: Reach, denied: readonly Entry[], allowed: ReadonlySet<number>): boolean {
  const protocols = reach.protocol === "any" ? (["tcp", "udp"] as const) : [reach.protocol];
  for (let port = reach.first; port <= Math.min(reach.last, REPLIES.first - 1); port += 1) {
    const isThere = protocols.every((protocol) =>
      denied.some((other) => other.reach && covers(other.reach, { protocol, first: port, last: port })),
    );
    if (!allowed.has(port) && !isThere) return false;
  }
  return reach.first < REPLIES.first;
}
