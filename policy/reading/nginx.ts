import { isLoopback } from "./addresses";
import type { Fault } from "./haproxy";
import type { TextFile } from "./user-data";
import { wildcard } from "./wildcard";

interface Directive {
  readonly name: string;
  readonly values: readonly string[];
  readonly block?: readonly Directive[];
}

interface Server {
  readonly directives: readonly Directive[];
  /** Directives of the surrounding `http` block, or of the file itself. */
  readonly inherited: readonly Directive[];
  readonly path: string;
}

interface Listener {
  readonly port: number;
  readonly tls: boolean;
}

export interface NginxJudgement {
  readonly faults: readonly Fault[];
  readonly undecided: readonly string[];
}

/** Whether Nginx passes requests on to other machines, or ends TLS: then it is an entry, not a web server behind one. */
export function isNginxEntry(files: readonly TextFile[]): boolean {
  return servers(files).some(({ directives }) => {
    const passesOn = flatten(directives).some(({ name, values: [target = ""] }) => {
      const host = /^https?:\/\/([^/:]+|\[[^\]]+\])/.exec(target)?.[1];
      return name === "proxy_pass" && host !== undefined && host !== "unix" && !isLoopback(host);
    });
    return listeners(directives).length > 0 && (passesOn || listeners(directives).some(({ tls }) => tls));
  });
}

/** Judges the servers that listen where `admits` says anybody can reach. */
export function judgeNginx(files: readonly TextFile[], admits: (port: number) => boolean): NginxJudgement {
  const faults: Fault[] = [];
  const undecided: string[] = [];
  for (const server of servers(files)) {
    const reachable = listeners(server.directives).filter(({ port }) => admits(port));
    const title = `server ${directive(server.directives, "server_name")?.values[0] ?? "without a name"}, ${server.path}`;
    const clear = reachable.find(({ tls }) => !tls);
    if (clear && !onlyRedirects(server.directives)) {
      const problem = `Nginx serves clear-text HTTP on port ${clear.port} (${title}) and doesn't redirect every request to HTTPS`;
      faults.push({
        problem,
        remedy: 'give port 80 a server of its own with nothing but "return 301 https://$host$request_uri;"',
      });
    }
    const secure = reachable.find(({ tls }) => tls);
    if (!secure) continue;
    const scope = [...server.inherited, ...server.directives];
    const versions = scope.filter(({ name }) => name === "ssl_protocols").at(-1)?.values;
    const old = versions?.find((version) => /^(?:SSLv\d|TLSv1(?:\.1)?)$/i.test(version));
    if (old) {
      const problem = `Nginx allows ${old} on port ${secure.port} (${title})`;
      faults.push({ problem, remedy: 'set "ssl_protocols TLSv1.2 TLSv1.3;"' });
    }
    if (!versions) undecided.push(`${title} leaves ssl_protocols to a file that isn't in the user-data; set it there`);
    const gap = withoutStrictTransport(server);
    if (gap !== undefined) {
      const problem = `Nginx ends TLS on port ${secure.port} (${title}) without a Strict-Transport-Security header${gap}`;
      faults.push({ problem, remedy: `add 'add_header Strict-Transport-Security "max-age=31536000" always;' there` });
    }
  }
  return { faults, undecided };
}

function servers(files: readonly TextFile[]): Server[] {
  const own = files.filter(({ path }) => path.startsWith("/etc/nginx/"));
  const parsed = new Map(own.map(({ path, content }) => [path, parse(content)]));
  const included = new Set<string>();
  const expanded = new Map([...parsed].map(([path, directives]) => [path, expand(directives, parsed, included, 0)]));
  return [...expanded]
    .filter(([path]) => !included.has(path))
    .flatMap(([path, directives]) => [
      ...serversIn(directives, [], path),
      ...directives
        .filter(({ name }) => name === "http")
        .flatMap(({ block = [] }) => serversIn(block, directives, path)),
    ]);
}

function serversIn(directives: readonly Directive[], outer: readonly Directive[], path: string): Server[] {
  const inherited = [...outer, ...directives].filter(({ block }) => !block);
  return directives.flatMap(({ name, block }) =>
    name === "server" && block ? [{ directives: block, inherited, path }] : [],
  );
}

/** Puts included files in the place of their `include`, as far as they are at hand. */
function expand(
  directives: readonly Directive[],
  files: ReadonlyMap<string, readonly Directive[]>,
  included: Set<string>,
  depth: number,
): Directive[] {
  if (depth > 8) return [...directives];
  return directives.flatMap((directive) => {
    const [pattern = ""] = directive.values;
    if (directive.name !== "include") {
      return [directive.block ? { ...directive, block: expand(directive.block, files, included, depth) } : directive];
    }
    const absolute = pattern.startsWith("/") ? pattern : `/etc/nginx/${pattern}`;
    const matching = wildcard(absolute, "[^/]*");
    return [...files].flatMap(([path, content]) => {
      if (!matching.test(path)) return [];
      included.add(path);
      return expand(content, files, included, depth + 1);
    });
  });
}

function parse(source: string): Directive[] {
  const stack: { directives: Directive[]; words: string[] }[] = [{ directives: [], words: [] }];
  for (const [token, double, single] of source.matchAll(
    /#[^\n]*|"((?:\\.|[^"\\])*)"|'((?:\\.|[^'\\])*)'|[{};]|(?:\\.|\$\{|[^\s{};"'#])[^\s{};]*/gs,
  )) {
    const top = stack.at(-1) as (typeof stack)[number];
    if (token.startsWith("#")) continue;
    if (token === ";" || token === "{") {
      const [name = "", ...values] = top.words;
      top.words = [];
      const block: Directive[] = [];
      if (token === "{") stack.push({ directives: block, words: [] });
      if (name || token === "{") top.directives.push({ name, values, ...(token === "{" && { block }) });
    } else if (token === "}") {
      if (stack.length > 1) stack.pop();
    } else {
      top.words.push(double ?? single ?? token);
    }
  }
  return (stack[0] as (typeof stack)[number]).directives;
}

function flatten(directives: readonly Directive[]): Directive[] {
  return directives.flatMap((directive) => [directive, ...flatten(directive.block ?? [])]);
}

function directive(directives: readonly Directive[], wanted: string): Directive | undefined {
  return directives.find(({ name }) => name === wanted);
}

/** What a server listens on, but for sockets and loopback addresses. */
function listeners(directives: readonly Directive[]): Listener[] {
  const listens = directives.filter(({ name }) => name === "listen");
  // Without any, Nginx listens on port 80.
  if (listens.length === 0) return [{ port: 80, tls: false }];
  const allTls = directive(directives, "ssl")?.values[0] === "on";
  return listens.flatMap(({ values: [address = "", ...options] }) => {
    if (address.startsWith("unix:")) return [];
    const [, host = "", port = ""] = /^(?:(.*):)?(\d+)$/.exec(address) ?? ["", address, "80"];
    if (isLoopback(host)) return [];
    return [{ port: Number(port), tls: allTls || options.includes("ssl") || options.includes("quic") }];
  });
}

function isRedirect({ name, values }: Directive): boolean {
  if (name === "return") {
    const [status = "", target = ""] = values;
    return status.startsWith("https://") || (/^30[12378]$/.test(status) && target.startsWith("https://"));
  }
  return (
    name === "rewrite" &&
    (values[1] ?? "").startsWith("https://") &&
    /^(?:\^|\^?\(?\.\*\)?\$?|\^\/?\(\.\*\)\$?)/.test(values[0] ?? "")
  );
}

/** Answers that give nothing away: refused, closed, not found. */
function isRefusal({ name, values }: Directive): boolean {
  return (
    (name === "return" && /^4\d\d$/.test(values[0] ?? "") && values.length === 1) ||
    (name === "deny" && values[0] === "all")
  );
}

function onlyRedirects(directives: readonly Directive[]): boolean {
  if (directives.some((one) => isRedirect(one) || isRefusal(one))) return true;
  const forClearText = directives.some(
    ({ name, values, block }) =>
      name === "if" &&
      /^\(\s*\$(?:scheme\s*(?:=\s*"?http"?|!=\s*"?https"?)|https\s*(?:=\s*""?|!=\s*"?on"?))\s*\)$/.test(
        values.join(" "),
      ) &&
      block?.some(isRedirect),
  );
  if (forClearText) return true;
  const locations = directives.filter(({ name }) => name === "location");
  const serving = locations.filter(({ values }) => !(values.at(-1) ?? "").includes("/.well-known/acme-challenge"));
  const root = locations.some(({ values }) => values.at(-1) === "/");
  return root && serving.every(({ block = [] }) => block.some((one) => isRedirect(one) || isRefusal(one)));
}

/** Where the header is missing: everywhere (``), or in a location whose own headers replace those of the server. */
function withoutStrictTransport({ directives, inherited }: Server): string | undefined {
  const headers = (scope: readonly Directive[]) => scope.filter(({ name }) => name === "add_header");
  const set = (scope: readonly Directive[]) =>
    headers(scope).some(
      ({ values: [name = "", value = ""] }) =>
        /^strict-transport-security$/i.test(name) && !/max-age=0(?!\d)/.test(value),
    );
  if (!set(headers(directives).length > 0 ? directives : inherited)) {
    return directives.some(isRedirect) ? undefined : "";
  }
  const lost = directives.find(
    ({ name, block = [] }) => name === "location" && headers(block).length > 0 && !set(block),
  );
  return lost && ` in location ${lost.values.join(" ")}, whose own add_header lines replace the server's`;
}
