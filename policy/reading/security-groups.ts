import { countPublic, openToInternet } from "./addresses";
import { covers, type Reach, readReach } from "./ports";
import { type Resource, refersTo } from "./resource";
import { items, record, text, UNKNOWN, type Value } from "./values";

const INLINE = /^aws:ec2\/(?:default)?securityGroup:(?:Default)?SecurityGroup$/i;
const STANDALONE = "aws:ec2/securityGroupRule:SecurityGroupRule";
const INGRESS = "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule";
const EGRESS = "aws:vpc/securityGroupEgressRule:SecurityGroupEgressRule";
const PREFIX_LIST = "aws:ec2/managedPrefixList:ManagedPrefixList";
const PREFIX_LIST_ENTRY = "aws:ec2/managedPrefixListEntry:ManagedPrefixListEntry";

/** A rule that lets something in, in one shape, whichever resource it is written in. */
export interface GroupRule {
  /** The resource it is written in. */
  readonly owner: Resource;
  /** Undefined while it isn't known. */
  readonly reach: Reach | undefined;
  readonly ranges: readonly string[];
  /** Ids of prefix lists, whose ranges only the stack can tell. */
  readonly prefixLists: readonly (string | typeof UNKNOWN)[];
  /** Some of its addresses aren't known yet. */
  readonly unknownRanges: boolean;
}

export function isSecurityGroup({ type }: Resource): boolean {
  return INLINE.test(type);
}

/** The direction of a rule that is a resource of its own; undefined for anything else. */
export function standaloneDirection({ type, properties }: Resource): "ingress" | "egress" | undefined {
  if (type === INGRESS) return "ingress";
  if (type === EGRESS) return "egress";
  if (type !== STANDALONE) return undefined;
  return properties.type === "ingress" || properties.type === "egress" ? properties.type : undefined;
}

/** The rules that a resource lets something in with: inline in a group, or a rule of its own. */
export function ingressRules(resource: Resource): GroupRule[] {
  const { properties } = resource;
  if (isSecurityGroup(resource)) return items(properties.ingress).map((rule) => readRule(resource, rule));
  return standaloneDirection(resource) === "ingress" ? [readRule(resource, properties)] : [];
}

function readRule(owner: Resource, given: Value): GroupRule {
  if (given === UNKNOWN) return { owner, reach: undefined, ranges: [], prefixLists: [], unknownRanges: true };
  const rule = record(given);
  const ranges = together([rule.cidrBlocks, rule.ipv6CidrBlocks, rule.cidrIpv4, rule.cidrIpv6]);
  const lists = together([rule.prefixListIds, rule.prefixListId]);
  return {
    owner,
    reach: readReach(rule.protocol ?? rule.ipProtocol, rule.fromPort, rule.toPort),
    ranges: ranges.flatMap((range) => text(range) ?? []),
    prefixLists: lists.map((list) => (list === UNKNOWN ? UNKNOWN : (text(list) ?? ""))).filter((list) => list !== ""),
    unknownRanges: ranges.includes(UNKNOWN),
  };
}

function together(values: readonly Value[]): Value[] {
  return values.flatMap((value) => items(value));
}

/** A rule that, alone or together with others of its group, lets in the internet. */
export interface Opening {
  readonly rule: GroupRule;
  readonly reach: Reach;
  readonly ranges: readonly string[];
}

/** What these rules of one group open to the internet. The world may be split among several of them. */
export function openings(rules: readonly GroupRule[]): Opening[] {
  return rules.flatMap((rule) => {
    const { reach, ranges } = rule;
    if (!reach || reach.protocol === "none" || countPublic(ranges) === 0n) return [];
    if (openToInternet(ranges)) return [{ rule, reach, ranges }];
    const together = rules
      .filter((other) => other.reach && covers(other.reach, reach))
      .flatMap((other) => other.ranges);
    return openToInternet(together) ? [{ rule, reach, ranges: [...new Set(together)] }] : [];
  });
}

/** All rules of a group in a stack, wherever they are written, with the ranges of prefix lists that the stack makes. */
export function rulesOfGroup(group: Resource, stack: readonly Resource[]): GroupRule[] {
  const standalone = stack.filter(
    (one) => standaloneDirection(one) === "ingress" && refersTo(one, "securityGroupId", group),
  );
  return [group, ...standalone].flatMap(ingressRules).map((rule) => withPrefixLists(rule, stack));
}

function withPrefixLists(rule: GroupRule, stack: readonly Resource[]): GroupRule {
  if (rule.prefixLists.length === 0) return rule;
  const { owner } = rule;
  const property = ["ingress", "prefixListIds", "prefixListId"].find((key) => owner.properties[key] !== undefined);
  const lists = stack
    .filter(({ type }) => type === PREFIX_LIST)
    .filter((list) => refersTo(owner, property ?? "", list));
  const mine = lists.filter(
    ({ properties }) => rule.prefixLists.includes(UNKNOWN) || rule.prefixLists.includes(text(properties.id) ?? UNKNOWN),
  );
  const entries = stack
    .filter(({ type }) => type === PREFIX_LIST_ENTRY)
    .filter((entry) => mine.some((list) => refersTo(entry, "prefixListId", list)));
  const ranges = [
    ...mine.flatMap(({ properties }) => items(properties.entries).map((entry) => record(entry).cidr)),
    ...entries.map(({ properties }) => properties.cidr),
  ];
  return {
    ...rule,
    ranges: [...rule.ranges, ...ranges.flatMap((range) => text(range) ?? [])],
    prefixLists: mine.length > 0 ? [] : rule.prefixLists,
    unknownRanges: rule.unknownRanges || ranges.includes(UNKNOWN),
  };
}

/** The security groups of the stack that a machine is in, directly or by a network interface. */
export function groupsOf(machine: Resource, stack: readonly Resource[]): Resource[] {
  const interfaces = stack.filter(
    (one) =>
      one.type === "aws:ec2/networkInterface:NetworkInterface" &&
      ["networkInterfaces", "primaryNetworkInterface"].some((property) => refersTo(machine, property, one)),
  );
  const names = ["vpcSecurityGroupIds", "securityGroups", "networkInterfaces"];
  return stack.filter(
    (group) =>
      isSecurityGroup(group) &&
      (names.some((property) => refersTo(machine, property, group)) ||
        interfaces.some((one) => refersTo(one, "securityGroups", group))),
  );
}
