import { isLoopback } from "./addresses";
import { holds, type Line, parseHaproxy, type Request, type Section } from "./haproxy-parser";
import type { TextFile } from "./user-data";

/** What is wrong with an entry, as a clause for a person, and what to do about it. */
export interface Fault {
  readonly problem: string;
  readonly remedy: string;
}

/** A port that HAProxy serves to other machines. */
interface Bind {
  readonly port: number;
  readonly tls: boolean;
  /** `frontend web, /etc/haproxy/haproxy.cfg, line 12`. */
  readonly where: string;
  readonly section: Section;
  readonly words: readonly string[];
}

/** Whether HAProxy is a public entry for HTTP here: it serves port 80 or 443, or ends TLS. */
export function isEdge(files: readonly TextFile[]): boolean {
  return publicBinds(parseHaproxy(haproxyFiles(files))).some(({ port, tls }) => tls || port === 80 || port === 443);
}

/** Judges the entries that `admits` says anybody can reach. */
export function judgeHaproxy(files: readonly TextFile[], admits: (port: number) => boolean): Fault[] {
  const sections = parseHaproxy(haproxyFiles(files));
  const global = sections.filter(({ kind }) => kind === "global").flatMap(({ lines }) => lines);
  return publicBinds(sections)
    .filter(({ port }) => admits(port))
    .flatMap((bind) => {
      if (!bind.tls) return judgeClear(bind, sections);
      return [...judgeVersion(bind, global), ...judgeStrictTransport(bind, sections)];
    });
}

function haproxyFiles(files: readonly TextFile[]): TextFile[] {
  // In a container of its own HAProxy may be given any directory.
  return files.filter(({ path }) => /\/haproxy(?:\/.*)?[^/]*\.cfg$/.test(path));
}

function publicBinds(sections: readonly Section[]): Bind[] {
  return sections
    .filter(({ kind }) => kind === "frontend" || kind === "listen")
    .flatMap((section) =>
      section.lines
        .filter(({ words }) => words[0] === "bind" && words[1])
        .flatMap(({ words, where }) =>
          String(words[1])
            .split(",")
            .flatMap((address) => ports(address))
            .map((port) => {
              const title = `${section.kind} ${section.name}, ${where}`;
              return {
                port,
                tls: words.includes("ssl") || /^quic[46]@/.test(words[1] ?? ""),
                where: title,
                section,
                words,
              };
            }),
        ),
    );
}

/** The ports of an address that other machines can reach; none for a socket of the machine itself. */
function ports(address: string): number[] {
  if (/^(?:\/|unix@|uxst@|abns@|abnsz@|fd@|sockpair@|rhttp@)/.test(address)) return [];
  const [, host = "", port = ""] = /^(?:\w+@)?(.*?):?([\d-]*)$/.exec(address) ?? [];
  if (isLoopback(host)) return [];
  const [first = 0, last = first] = port.split("-").filter(Boolean).map(Number);
  return Array.from({ length: Math.min(last - first, 100) + 1 }, (_, index) => first + index);
}

function linesOf(section: Section): Line[] {
  return [...section.inherited, ...section.lines];
}

function isHttp(section: Section): boolean {
  return (
    linesOf(section)
      .filter(({ words }) => words[0] === "mode")
      .at(-1)?.words[1] === "http"
  );
}

function judgeClear({ port, section, where }: Bind, sections: readonly Section[]): Fault[] {
  // Other protocols aren't this rule's subject, and TLS may pass through to where it ends.
  if (!isHttp(section) && port !== 80) return [];
  const outcome = isHttp(section) ? follow(section, sections, { tls: false, port }, 0) : "other";
  if (outcome === "redirected") return [];
  const remedy = `make "http-request redirect scheme https code 301 unless { ssl_fc }" the first http-request rule there`;
  return [{ problem: `HAProxy serves clear-text HTTP on port ${port} (${where}) ${explain(outcome)}`, remedy }];
}

type Outcome = "redirected" | "partly" | "other" | { readonly line: string };

function explain(outcome: Outcome): string {
  if (outcome === "partly") return "and redirects only some requests to HTTPS";
  if (typeof outcome === "object") return `and answers some requests itself before any redirect (${outcome.line})`;
  return "and doesn't redirect to HTTPS";
}

/** What becomes of requests, rule by rule, then in the backends they may go to. */
function follow(section: Section, sections: readonly Section[], request: Request, depth: number): Outcome {
  const lines = linesOf(section);
  let partly = false;
  const rules = [
    ...lines
      .filter(({ words }) => words[0] === "http-request")
      .map(({ words, where }) => ({ words: words.slice(1), where })),
    ...lines.filter(({ words }) => words[0] === "redirect"),
  ];
  for (const { words, where } of rules) {
    const applies = holds(words, lines, request);
    const [action = ""] = words;
    if (applies === false) continue;
    if (action === "redirect" && redirectsToHttps(words)) {
      if (applies) return "redirected";
      partly = true;
    } else if (refuses(words)) {
      if (applies) return "redirected";
    } else if (/^(?:return|allow|use-service|redirect|auth)$/.test(action)) {
      return { line: where };
    }
  }
  const reached = targets(lines)
    .filter(({ words }) => holds(words, lines, request) !== false)
    .map(({ words }) => words[1]);
  const backends = sections.filter(({ kind, name }) => kind === "backend" && reached.includes(name));
  const outcomes =
    depth > 0 || section.kind === "listen" ? [] : backends.map((backend) => follow(backend, sections, request, 1));
  if (
    outcomes.length > 0 &&
    outcomes.length === new Set(reached).size &&
    outcomes.every((one) => one === "redirected")
  ) {
    return "redirected";
  }
  return partly || outcomes.includes("redirected") ? "partly" : "other";
}

/** The lines that choose a backend; of several defaults the last one counts. */
function targets(lines: readonly Line[]): Line[] {
  const last = lines.filter(({ words }) => words[0] === "default_backend").at(-1);
  return [...lines.filter(({ words }) => words[0] === "use_backend"), ...(last ? [last] : [])];
}

/** Answers that give nothing away, such as to a name that isn't served here. */
function refuses([action = "", ...rest]: readonly string[]): boolean {
  if (action === "return") return /^[45]\d\d$/.test(rest[rest.indexOf("status") + 1] ?? "") && rest.includes("status");
  return /^(?:deny|tarpit|reject|silent-drop)$/.test(action);
}

function redirectsToHttps(words: readonly string[]): boolean {
  return words.some((word, index) => {
    const value = words[index + 1] ?? "";
    return word === "scheme" ? value === "https" : /^(?:location|prefix)$/.test(word) && value.startsWith("https://");
  });
}

function judgeVersion({ port, where, words, section }: Bind, global: readonly Line[]): Fault[] {
  const options = global
    .filter((line) => line.words[0] === "ssl-default-bind-options")
    .flatMap((line) => line.words.slice(1));
  const old = oldVersion(words) ?? (words.includes("ssl-min-ver") ? undefined : oldVersion(options));
  if (!old || !section) return [];
  const problem = `HAProxy allows ${old} on port ${port} (${where})`;
  return [
    {
      problem,
      remedy: `set "ssl-default-bind-options ssl-min-ver TLSv1.2" in the global section, and no lower version on the bind line`,
    },
  ];
}

/** The version below TLS 1.2 that the options of a bind line ask for. Without any of them HAProxy starts at TLS 1.2. */
function oldVersion(options: readonly string[]): string | undefined {
  const at = ["ssl-min-ver", "ssl-max-ver"].map((key) => options[options.indexOf(key) + 1 || -1]);
  const forced = options.flatMap((option) => /^force-(sslv3|tlsv1[01])$/.exec(option)?.[1] ?? []);
  return [...at, ...forced].find((version) => version !== undefined && !/^(?:force-)?tlsv1\.?[2-9]/i.test(version));
}

function judgeStrictTransport({ port, where, section }: Bind, sections: readonly Section[]): Fault[] {
  if (!isHttp(section)) return [];
  const own = linesOf(section);
  const reached = targets(own).map(({ words }) => words[1]);
  const backends = sections.filter(({ kind, name }) => kind === "backend" && reached.includes(name));
  const everyBackend = backends.length > 0 && backends.every((backend) => setsStrictTransport(linesOf(backend), port));
  if (setsStrictTransport(own, port) || everyBackend) return [];
  const problem = `HAProxy ends TLS on port ${port} (${where}) without a Strict-Transport-Security header on every answer`;
  return [
    {
      problem,
      remedy: `add 'http-after-response set-header Strict-Transport-Security "max-age=31536000"' to that section`,
    },
  ];
}

function setsStrictTransport(lines: readonly Line[], port: number): boolean {
  return lines.some(({ words }) => {
    const [rule = "", action = "", header = "", value = ""] = words;
    if (!/^http-(?:after-)?response$/.test(rule) || !/^(?:set|add)-header$/.test(action)) return false;
    if (header.toLowerCase() !== "strict-transport-security") return false;
    return !/max-age="?0+(?!\d)/i.test(value) && holds(words, lines, { tls: true, port, ownName: true }) === true;
  });
}
