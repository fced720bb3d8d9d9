import { isAddressRange, openToInternet } from "./addresses";
import { type Chain, type Node, type ParsedRuleset, parseRuleset, type Statement } from "./nftables-parser";

/** Ports that a ruleset lets anybody reach. */
export interface OpenPorts {
  /** `all`, numbers, ranges such as `8000-8010`, or names of services that aren't 80 and 443. */
  readonly ports: readonly string[];
  /** Where it says so, for a person to find. */
  readonly where: string;
}

export interface Ruleset {
  /** Families (`ip`, `ip6`) whose incoming packets are dropped unless a rule accepts them. */
  readonly dropsByDefault: ReadonlySet<"ip" | "ip6">;
  /** Chains that would drop by default, if a rule of theirs didn't accept everything. */
  readonly undone: readonly string[];
  readonly open: readonly OpenPorts[];
  /** Rules that accept under a condition this pack doesn't know. */
  readonly unsure: readonly string[];
  readonly hasInputChain: boolean;
}

/** Judges the input chains of nftables files, given as one text: what they drop, and what anybody may reach. */
export function judgeRuleset(source: string): Ruleset {
  const world = parseRuleset(source);
  const inputs = world.chains.filter((chain) => chain.statements.some((words) => hooksInput(words)));
  const drops = new Set<"ip" | "ip6">();
  const undone: string[] = [];
  const open: OpenPorts[] = [];
  const unsure: string[] = [];
  for (const chain of inputs) {
    if (!dropsLast(world, chain)) continue;
    const accepts = accepted(world, chain, EVERYTHING);
    if (accepts.some(({ everything }) => everything)) undone.push(chain.name);
    else for (const family of families(chain.family)) drops.add(family);
    for (const { ports, unsure: maybe, everything } of accepts) {
      const where = `chain ${chain.name} of table ${chain.family} ${chain.table}`;
      if (maybe) unsure.push(where);
      else if (!everything) open.push({ ports, where });
    }
  }
  return { dropsByDefault: drops, undone, open, unsure, hasInputChain: inputs.length > 0 };
}

function families(family: string): ("ip" | "ip6")[] {
  if (family === "inet") return ["ip", "ip6"];
  return family === "ip" || family === "ip6" ? [family] : [];
}

function hooksInput(words: Statement): boolean {
  return words[0] === "type" && words[1] === "filter" && words[words.indexOf("hook") + 1] === "input";
}

/** Whether what no rule accepted is dropped: by policy, or by a last rule for everything. */
function dropsLast(world: ParsedRuleset, { statements }: Chain): boolean {
  if (statements.find((words) => words[0] === "policy")?.[1] === "drop") return true;
  const last = readRule(world, statements.at(-1) ?? [], EVERYTHING);
  return (
    last.branches.length === 1 &&
    last.branches.every((branch) => !branch.condition.any && /^(?:drop|reject)$/.test(branch.verdict[0] ?? ""))
  );
}

/** What a rule asks of a packet before it accepts, as far as it matters here. */
interface Condition {
  /** Only from known places: other machines, the loopback, answers to what the machine itself asked. */
  readonly restricted: boolean;
  readonly ports: readonly string[] | undefined;
  /** A condition that this pack can't judge. */
  readonly unsure: boolean;
  /** Any condition at all, judged or not. */
  readonly any: boolean;
}

interface Accept {
  readonly ports: readonly string[];
  readonly unsure: boolean;
  readonly everything: boolean;
}

const EVERYTHING: Condition = { restricted: false, ports: undefined, unsure: false, any: false };

function accepted(world: ParsedRuleset, chain: Chain, reached: Condition, depth = 0): Accept[] {
  if (depth > 15) return [];
  return chain.statements
    .filter(([first]) => first !== "type" && first !== "policy")
    .flatMap((words) => readRule(world, words, reached).branches)
    .flatMap(({ condition, verdict: [action, target] }) => {
      if (action === "accept") return judgeAccept(condition);
      if (action !== "jump" && action !== "goto") return [];
      const next = world.chains.find(
        ({ family, table, name }) => family === chain.family && table === chain.table && name === target,
      );
      return next ? accepted(world, next, condition, depth + 1) : [];
    });
}

function judgeAccept({ restricted, ports, unsure, any }: Condition): Accept[] {
  if (restricted) return [];
  return [{ ports: ports ?? ["all"], unsure, everything: !any }];
}

interface Branch {
  readonly condition: Condition;
  readonly verdict: readonly string[];
}

/** Words that change nothing about which packets a rule is for, and how many words follow each of them. */
const NO_CONDITION: Record<string, number> = {
  counter: 0,
  name: 1,
  packets: 1,
  bytes: 1,
  comment: 1,
  log: 0,
  prefix: 1,
  level: 1,
  flags: 1,
  group: 1,
};
const VERDICTS = new Set(["accept", "drop", "reject", "return", "continue", "queue", "jump", "goto"]);

/** Where a rule sends which packets: one branch for a verdict, several for a verdict map. */
function readRule(world: ParsedRuleset, words: Statement, reached: Condition): { branches: Branch[] } {
  let condition: Condition = reached;
  const branches: Branch[] = [];
  for (let index = 0; index < words.length; ) {
    const word = String(words[index]);
    if (VERDICTS.has(word)) {
      branches.push({ condition, verdict: [word, String(words[index + 1] ?? "")] });
      break;
    }
    if (word in NO_CONDITION) {
      index += 1 + (NO_CONDITION[word] ?? 0);
      continue;
    }
    if (word === "limit") {
      // Slower for everybody is still for everybody.
      while (index < words.length && !VERDICTS.has(String(words[index]))) index += 1;
      continue;
    }
    const match = readMatch(words, index);
    if (match.operator === "vmap") {
      for (const { key, verdict } of verdictMap(values(world, match.value))) {
        branches.push({ condition: narrowed(condition, match, [key]), verdict });
      }
    } else {
      condition = narrowed(condition, match, values(world, match.value));
    }
    index = match.end;
  }
  return { branches };
}

interface Match {
  readonly key: string;
  readonly operator: string;
  readonly value: Node | undefined;
  readonly end: number;
}

const TWO_WORDS = new Set([
  "ip",
  "ip6",
  "tcp",
  "udp",
  "th",
  "sctp",
  "dccp",
  "udplite",
  "icmp",
  "icmpv6",
  "ct",
  "meta",
  "ether",
  "fib",
]);
const OPERATORS = new Set(["!=", "==", "vmap", "<", ">", "<=", ">=", "eq", "ne", "in"]);

function readMatch(words: Statement, start: number): Match {
  let index = start;
  const next = (): string => String(words[index++] ?? "");
  let key = next();
  if (TWO_WORDS.has(key)) key = `${key} ${next()}`;
  key = key.replace(/^meta /, "");
  while (
    words[index] === "." ||
    (key.startsWith("fib") && words[index] !== undefined && !/^(?:type|vmap|!=)$/.test(String(words[index])))
  ) {
    // Concatenations (`ip saddr . tcp dport`) aren't taken apart: the rule counts as one that can't be judged.
    index += 1;
    key = `${key} .`;
  }
  const operator = OPERATORS.has(String(words[index])) ? next() : "==";
  const parts: Node[] = [];
  // A condition that isn't known may have no value: the verdict must not be taken for one.
  if (index < words.length && !VERDICTS.has(String(words[index]))) parts.push(words[index++] as Node);
  while (words[index] === ",") {
    parts.push(words[index + 1] as Node);
    index += 2;
  }
  return { key, operator, value: parts.length === 1 ? parts[0] : parts, end: index };
}

/** The words of a value, with variables, sets and braces resolved; an unknown set stays as `@name`. */
function values(world: ParsedRuleset, value: Node | undefined, depth = 0): string[] {
  if (value === undefined || depth > 15) return [];
  if (typeof value !== "string")
    return value.flatMap((node) => (node === "," || node === ";" ? [] : values(world, node, depth + 1)));
  const defined = world.values.get(value);
  return defined && defined.length > 0 ? values(world, defined as Node, depth + 1) : [value];
}

/** `{ 22 : accept, 80 : jump web }` as keys and verdicts. */
function verdictMap(words: readonly string[]): { key: string; verdict: string[] }[] {
  const text = words.join(" ").replace(/\s+:/g, ":");
  return [...text.matchAll(/(\S+):\s*(accept|drop|reject|return|continue|(?:jump|goto)\s+\S+)(?=\s|$)/g)].map(
    ([, key = "", verdict = ""]) => ({ key, verdict: verdict.split(/\s+/) }),
  );
}

const INSIDE_INTERFACES = /^(?!eth|en[opsx]|wlan|wan|ppp|\*)/;
const WITHOUT_PORTS = /^(?:icmp|icmpv6|ipv6-icmp|igmp|vrrp|ah|esp|gre|ospf|pim|ipip|1|2|47|50|51|58|89|112)$/;
const SERVICES: Record<string, string> = { http: "80", https: "443" };

function narrowed(before: Condition, { key, operator }: Match, wanted: readonly string[]): Condition {
  const condition = { ...before, any: true };
  const negated = operator === "!=" || operator === "ne";
  const restrictedIf = (yes: boolean): Condition => ({
    ...condition,
    restricted: condition.restricted || (yes && !negated),
  });
  const unsure = { ...condition, unsure: condition.unsure || !condition.restricted };
  switch (key) {
    case "ip saddr":
    case "ip6 saddr":
      if (negated) return condition;
      if (!wanted.every(isAddressRange)) return unsure;
      return restrictedIf(!openToInternet(wanted));
    case "ip daddr":
    case "ip6 daddr":
      // Multicast of the neighbours, and the machine's own loopback.
      return restrictedIf(wanted.every((address) => /^(?:22[4-9]|23\d|127)\.|^ff|^fe80|^::1/i.test(address)));
    case "iif":
    case "iifname":
      return restrictedIf(wanted.every((name) => INSIDE_INTERFACES.test(name)));
    case "ct state":
      return restrictedIf(wanted.every((state) => ["established", "related", "invalid"].includes(state)));
    case "ct direction":
      return restrictedIf(wanted.every((direction) => direction === "reply"));
    case "icmp type":
    case "icmpv6 type":
    case "icmp code":
    case "icmpv6 code":
      return { ...condition, restricted: true };
    case "ip protocol":
    case "ip6 nexthdr":
    case "l4proto":
      return restrictedIf(wanted.every((protocol) => WITHOUT_PORTS.test(protocol)));
    case "tcp dport":
    case "udp dport":
    case "th dport":
    case "sctp dport":
    case "dccp dport":
    case "udplite dport":
      if (operator !== "==" && operator !== "vmap" && operator !== "eq" && operator !== "in") return unsure;
      return { ...condition, ports: wanted.map((port) => SERVICES[port] ?? port) };
    // Chosen by the sender, or the same for everybody: these keep nobody out.
    case "tcp sport":
    case "udp sport":
    case "th sport":
    case "tcp flags":
    case "nfproto":
    case "protocol":
    case "pkttype":
      return condition;
    default:
      return unsure;
  }
}
