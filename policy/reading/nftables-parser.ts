/** A part of an nftables file: a word, or what stands between braces. */
export type Node = string | readonly Node[];
/** The words and blocks of one line. */
export type Statement = readonly Node[];

export interface Chain {
  readonly family: string;
  readonly table: string;
  readonly name: string;
  readonly statements: Statement[];
}

export interface ParsedRuleset {
  readonly chains: readonly Chain[];
  /** Variables as `$name`, named sets as `@name`. */
  readonly values: ReadonlyMap<string, readonly Node[]>;
}

/** Reads an nftables file: chains with their statements, variables and sets. What it doesn't know it leaves out. */
export function parseRuleset(source: string): ParsedRuleset {
  return collect(statements(parse(tokenize(source))));
}

function tokenize(source: string): string[] {
  const tokens: string[] = [];
  const pattern = /\\\n|#[^\n]*|"([^"]*)"|[{};,\n]|!=|[<>=]=?|[^\s{};,"#=!<>]+|[^\s]/g;
  for (const [token, quoted] of source.matchAll(pattern)) {
    if (token === "\\\n" || token.startsWith("#")) continue;
    tokens.push(quoted ?? (token === "\n" ? ";" : token));
  }
  return tokens;
}

function parse(tokens: string[]): Node[] {
  const stack: Node[][] = [[]];
  for (const token of tokens) {
    const top = stack.at(-1) as Node[];
    if (token === "{") {
      const group: Node[] = [];
      top.push(group);
      stack.push(group);
    } else if (token === "}") {
      if (stack.length > 1) stack.pop();
    } else {
      top.push(token);
    }
  }
  return stack[0] as Node[];
}

/** Splits at newlines and semicolons; a block ends its statement too (`chain a { … } chain b { … }`). */
function statements(nodes: readonly Node[]): Statement[] {
  const found: Node[][] = [[]];
  for (const node of nodes) {
    const current = found.at(-1) as Node[];
    if (node === ";") found.push([]);
    else current.push(node);
    const opensBlock = ["table", "chain", "set", "map"].some((word) => current[0] === word || current[1] === word);
    if (typeof node !== "string" && opensBlock) found.push([]);
  }
  return found.filter(({ length }) => length > 0);
}

function collect(top: readonly Statement[]): ParsedRuleset {
  const chains = new Map<string, Chain>();
  const values = new Map<string, readonly Node[]>();
  const chainOf = (family: string, table: string, name: string): Chain => {
    const key = `${family} ${table} ${name}`;
    const chain = chains.get(key) ?? { family, table, name, statements: [] };
    chains.set(key, chain);
    return chain;
  };
  const define = (words: Statement): void => {
    const equals = words.indexOf("=");
    if (equals > 1) values.set(`$${words[1]}`, words.slice(equals + 1));
  };
  for (const given of top) {
    const words = given[0] === "add" || given[0] === "create" ? given.slice(1) : given;
    const block = words.find((node) => typeof node !== "string") as readonly Node[] | undefined;
    const names = words.slice(1).filter((word): word is string => typeof word === "string");
    if (names.length > 0 && !FAMILIES.has(names[0] as string)) names.unshift("ip");
    const [family = "ip", table = "", name = ""] = names;
    if (words[0] === "define" || words[0] === "redefine") define(words);
    else if (words[0] === "chain" && block) chainOf(family, table, name).statements.push(...statements(block));
    else if (words[0] === "rule" || given[0] === "insert") {
      const start = words.indexOf(name) + 1;
      chainOf(family, table, name).statements.push(words.slice(start));
    } else if (words[0] === "table" && block) {
      for (const inner of statements(block)) {
        const content = inner.find((node) => typeof node !== "string") as readonly Node[] | undefined;
        if (inner[0] === "define") define(inner);
        else if (inner[0] === "chain" && content)
          chainOf(family, table, String(inner[1])).statements.push(...statements(content));
        else if ((inner[0] === "set" || inner[0] === "map") && content) {
          const elements = statements(content).find((words) => words[0] === "elements");
          values.set(`@${inner[1]}`, elements ? elements.slice(2) : []);
        }
      }
    }
  }
  return { chains: [...chains.values()], values };
}

const FAMILIES = new Set(["ip", "ip6", "inet", "arp", "bridge", "netdev"]);
