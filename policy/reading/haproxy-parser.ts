import type { TextFile } from "./user-data";

/** A line of a HAProxy configuration, split into words as HAProxy does. */
export interface Line {
  readonly words: readonly string[];
  /** `/etc/haproxy/haproxy.cfg, line 12`. */
  readonly where: string;
}

export interface Section {
  /** `global`, `defaults`, `frontend`, `listen`, `backend` … */
  readonly kind: string;
  readonly name: string;
  readonly lines: readonly Line[];
  /** Lines of the `defaults` section that holds for this one. */
  readonly inherited: readonly Line[];
}

const SECTIONS = new Set(
  (
    "global defaults frontend listen backend peers resolvers userlist mailers program http-errors ring cache " +
    "log-forward log-profile fcgi-app crt-store traces acme"
  ).split(" "),
);

/**
 * Reads a HAProxy configuration into sections, each with the defaults that hold for it. Several files are one
 * configuration (`haproxy -f haproxy.cfg -f conf.d`), in the order HAProxy reads them.
 */
export function parseHaproxy(files: readonly TextFile[]): Section[] {
  const sections: { kind: string; name: string; lines: Line[]; inherited: readonly Line[] }[] = [];
  for (const { words, where } of inOrder(files).flatMap(linesOf)) {
    const [kind = "", name = "", from, base] = words;
    if (!SECTIONS.has(kind)) {
      sections.at(-1)?.lines.push({ words, where });
      continue;
    }
    const defaults = sections.filter((section) => section.kind === "defaults");
    const chosen = from === "from" ? defaults.find((section) => section.name === base) : defaults.at(-1);
    const inherited =
      kind === "defaults" && from !== "from" ? [] : [...(chosen?.inherited ?? []), ...(chosen?.lines ?? [])];
    sections.push({ kind, name, lines: [], inherited });
  }
  return sections;
}

/** The main file before those in folders beside it, otherwise by name. */
function inOrder(files: readonly TextFile[]): TextFile[] {
  const depth = (path: string): number => path.split("/").length;
  return [...files].sort((a, b) => depth(a.path) - depth(b.path) || (a.path < b.path ? -1 : 1));
}

function linesOf({ path, content }: TextFile): Line[] {
  return content.split("\n").flatMap((line, index) => {
    const words = splitWords(line);
    return words.length > 0 ? [{ words, where: `${path}, line ${index + 1}` }] : [];
  });
}

/** Words with quotes and backslashes resolved; what follows a `#` outside of them is a comment. */
function splitWords(line: string): string[] {
  const words: string[] = [];
  let word: string | undefined;
  let quote = "";
  for (let index = 0; index < line.length; index += 1) {
    const character = line[index] as string;
    if (character === "\\" && quote !== "'") {
      index += 1;
      word = (word ?? "") + (line[index] ?? "");
    } else if (quote) {
      if (character === quote) quote = "";
      else word = (word ?? "") + character;
    } else if (character === '"' || character === "'") {
      quote = character;
      word ??= "";
    } else if (/\s/.test(character)) {
      if (word !== undefined) words.push(word);
      word = undefined;
    } else if (character === "#") {
      break;
    } else {
      word = (word ?? "") + character;
    }
  }
  if (word !== undefined) words.push(word);
  return words;
}

/** What is known about the requests that a condition is asked about. */
export interface Request {
  readonly tls: boolean;
  readonly port: number;
  /** Only requests for the site's own name count: conditions on the host are met. */
  readonly ownName?: boolean;
}

/** Validation of certificates by ACME has to answer in clear text. */
const ACME_PATH = "/.well-known/acme-challenge";

/**
 * Whether a rule holds for every such request (true), for none (false) or for some (undefined). Requests of a certificate
 * authority (ACME) don't count. `words` are those of the whole line: the condition starts at its `if` or `unless`.
 */
export function holds(words: readonly string[], lines: readonly Line[], request: Request): boolean | undefined {
  const start = words.findIndex((word) => word === "if" || word === "unless");
  if (start < 0) return true;
  const result = evaluate(words.slice(start + 1), lines, request);
  return words[start] === "unless" ? not(result) : result;
}

function evaluate(words: readonly string[], lines: readonly Line[], request: Request): boolean | undefined {
  let any: boolean | undefined = false;
  let all: boolean | undefined = true;
  for (let index = 0; index < words.length; index += 1) {
    let word = words[index] as string;
    if (word === "or" || word === "||" || word === "OR") {
      any = or(any, all);
      all = true;
      continue;
    }
    let negated = false;
    while (word.startsWith("!")) {
      negated = !negated;
      word = word.slice(1) || (words[++index] ?? "");
    }
    let term: boolean | undefined;
    if (word === "{") {
      const end = words.indexOf("}", index);
      term = criterion(words.slice(index + 1, end < 0 ? undefined : end), request);
      index = end < 0 ? words.length : end;
    } else {
      term = named(word, lines, request);
    }
    all = and(all, negated ? not(term) : term);
  }
  return or(any, all);
}

function named(name: string, lines: readonly Line[], request: Request): boolean | undefined {
  if (name === "TRUE") return true;
  if (name === "FALSE") return false;
  return lines
    .filter(({ words }) => words[0] === "acl" && words[1] === name)
    .map(({ words }) => criterion(words.slice(2), request))
    .reduce<boolean | undefined>(or, name === "" || lines.every(({ words }) => words[1] !== name) ? undefined : false);
}

function criterion([sample = "", ...rest]: readonly string[], { tls, port, ownName }: Request): boolean | undefined {
  if (ownName && /host|sni/i.test(sample)) return true;
  const values = rest.filter((word) => !word.startsWith("-") && word !== "eq");
  if (sample === "always_true") return true;
  if (sample === "always_false") return false;
  if (sample === "ssl_fc") return values.some((value) => /^(?:0|false)$/.test(value)) ? !tls : tls;
  if (/^(?:fc_)?dst_port$/.test(sample) && values.every((value) => /^\d+$/.test(value)))
    return values.includes(String(port));
  if (/^path(?:_beg|_dir|_reg)?$/.test(sample)) {
    // Requests of a certificate authority are left out of the question, so this never holds.
    if (values.length > 0 && values.every((value) => value.replace(/^\^/, "").replace(/\\/g, "").startsWith(ACME_PATH)))
      return false;
  }
  return undefined;
}

function not(value: boolean | undefined): boolean | undefined {
  return value === undefined ? undefined : !value;
}

function and(a: boolean | undefined, b: boolean | undefined): boolean | undefined {
  if (a === false || b === false) return false;
  return a === undefined || b === undefined ? undefined : true;
}

function or(a: boolean | undefined, b: boolean | undefined): boolean | undefined {
  if (a === true || b === true) return true;
  return a === undefined || b === undefined ? undefined : false;
}
