import { type Document, isMap, isScalar, parseDocument } from "yaml";
import { bytesToText, isArchive, isMime, type Part, partsOfArchive, partsOfMime, unpack } from "./user-data-formats";

export interface TextFile {
  readonly path: string;
  readonly content: string;
}

/** What a machine is told at its first boot, as far as it can be read. Never print any of it: it may hold secrets. */
export interface UserData {
  /** What else it says, decoded, with blank lines in the place of files and commands. */
  readonly rest: string;
  /** The files it writes. */
  readonly files: readonly TextFile[];
  /** The shell commands it runs, and the scripts among its files. */
  readonly scripts: readonly TextFile[];
  /** Packages that the cloud-config installs. */
  readonly packages: readonly string[];
  /** Parts that couldn't be read, each as a sentence without any value in it. */
  readonly problems: readonly string[];
}

const read = new Map<string, UserData>();

/** Reads user-data as it is given to a machine: plain, base64, gzip in base64, in one part or several. */
export function readUserData(given: string): UserData {
  const known = read.get(given);
  if (known) return known;
  const result = parse(given);
  // Each rule asks for the same machine's user-data in turn: a short memory is enough.
  if (read.size > 20) read.clear();
  read.set(given, result);
  return result;
}

function parse(given: string): UserData {
  const source = unpack(given);
  if (source === undefined) return unreadable("", "the user-data is packed in a way that this pack doesn't know");
  return readPart({ type: "", content: source }, "the user-data", 0);
}

/** Reads user-data, or one part of it, by how it starts, as cloud-init does. */
function readPart({ type, content }: Part, name: string, depth: number): UserData {
  const body = content.replace(/^\uFEFF?(?:##[ \t]*template:[^\n]*\n)?\s*/, "");
  if (depth > 5) return unreadable(content, `${name} is nested too deeply`);
  if (isMime(body)) return merge(partsOfMime(body), name, depth);
  if (isArchive(body)) return merge(partsOfArchive(body), name, depth);
  if (/^#cloud-config\s*(?:\n|$)/.test(body) || type === "text/cloud-config") return readCloudConfig(content);
  if (/^#!|^#cloud-boothook/.test(body) || /^text\/(?:x-shellscript|cloud-boothook)/.test(type)) {
    return withFilesOfScripts("", [], [{ path: `${name} script`, content: body }]);
  }
  if (/^#include\b/.test(body)) return unreadable(content, `${name} fetches more of itself from elsewhere at boot`);
  if (/^<powershell>|^<script>/i.test(body)) return unreadable(content, `${name} is for Windows`);
  return unreadable(content, `${name} is neither #cloud-config nor a script, MIME multipart or an archive of them`);
}

/** Several parts are one machine: what each of them says holds. */
function merge(parts: readonly Part[] | undefined, name: string, depth: number): UserData {
  if (!parts) return unreadable("", `${name} has several parts that can't be told apart`);
  const read = parts.map((part, index) => readPart(part, `part ${index + 1} of ${name}`, depth + 1));
  return {
    rest: read.map(({ rest }) => rest).join("\n"),
    files: read.flatMap(({ files }) => files),
    scripts: read.flatMap(({ scripts }) => scripts),
    packages: read.flatMap(({ packages }) => packages),
    problems: read.flatMap(({ problems }) => problems),
  };
}

function unreadable(source: string, problem: string): UserData {
  return { rest: source, files: [], scripts: [], packages: [], problems: [problem] };
}

function readCloudConfig(source: string): UserData {
  // No pretty errors: they quote the text they are about.
  const document = parseDocument(source, { prettyErrors: false, logLevel: "error" });
  const fault = document.errors[0];
  if (fault) {
    const line = source.slice(0, fault.pos[0]).split("\n").length;
    return unreadable(source, `the cloud-config is no valid YAML (line ${line}: ${fault.code})`);
  }
  let config: unknown;
  try {
    config = document.toJS({ maxAliasCount: 100 });
  } catch {
    return unreadable(source, "the cloud-config can't be expanded (too many aliases, or one that doesn't exist)");
  }
  const { write_files: writeFiles, bootcmd, runcmd, packages } = (config ?? {}) as Record<string, unknown>;
  const problems: string[] = [];
  const files = (Array.isArray(writeFiles) ? writeFiles : []).flatMap((entry, index) => {
    const file = readEntry(entry);
    if (typeof file !== "string") return [file];
    problems.push(`write_files[${index}] ${file}`);
    return [];
  });
  const scripts = Object.entries({ bootcmd, runcmd }).flatMap(([path, commands]) =>
    Array.isArray(commands) ? [{ path, content: commands.map(commandLine).join("\n") }] : [],
  );
  const wanted = Array.isArray(packages) ? packages.map((one) => String([one].flat()[0])) : [];
  return withFilesOfScripts(withoutParts(source, document), appended(files), scripts, wanted, problems);
}

function withoutParts(source: string, { contents }: Document.Parsed): string {
  let rest = source;
  for (const { key, value } of isMap(contents) ? contents.items : []) {
    const range = isScalar(key) && /^(?:write_files|bootcmd|runcmd)$/.test(String(key.value)) && value?.range;
    if (range)
      rest = rest.slice(0, range[0]) + rest.slice(range[0], range[1]).replace(/[^\n]/g, " ") + rest.slice(range[1]);
  }
  return rest;
}

interface Entry extends TextFile {
  readonly append: boolean;
}

/** The file that an entry of write_files makes, or what is wrong with the entry. */
function readEntry(entry: unknown): Entry | string {
  if (typeof entry !== "object" || entry === null) return "is no file";
  const { path, content = "", encoding = "text/plain", append = false, source } = entry as Record<string, unknown>;
  if (typeof path !== "string" || path === "") return "has no path";
  if (source) return `(${path}) is fetched from elsewhere at boot`;
  const packed = /\b(?:b64|base64)$/.test(String(encoding));
  const zipped = /^(?:gz|gzip)\b/.test(String(encoding));
  if (!packed && !zipped && encoding !== "text/plain") return `(${path}) has an encoding that cloud-init doesn't know`;
  const raw =
    content instanceof Uint8Array ? Buffer.from(content) : Buffer.from(String(content), packed ? "base64" : "utf8");
  // A binary value of YAML (`!!binary`) has been unpacked by the parser already, one level of base64 may remain.
  const bytes = packed && content instanceof Uint8Array ? Buffer.from(raw.toString("latin1"), "base64") : raw;
  const decoded = bytesToText(bytes);
  if (decoded === undefined) return `(${path}) is no text`;
  return { path, content: decoded, append: append === true };
}

function appended(entries: readonly Entry[]): TextFile[] {
  const files = new Map<string, string>();
  for (const { path, content, append } of entries)
    files.set(path, append ? (files.get(path) ?? "") + content : content);
  return Array.from(files, ([path, content]) => ({ path, content }));
}

function commandLine(command: unknown): string {
  return Array.isArray(command) ? command.map(String).join(" ") : String(command ?? "");
}

/** Adds the scripts among the files, and the files that scripts write by here-documents. */
function withFilesOfScripts(
  rest: string,
  files: readonly TextFile[],
  commands: readonly TextFile[],
  packages: readonly string[] = [],
  problems: readonly string[] = [],
): UserData {
  const found = [...commands, ...files.filter(({ content }) => /^#!.*\b(?:ba|da|z|k)?sh\b/.test(content))].map(
    splitHereDocuments,
  );
  return {
    rest,
    files: [...files, ...found.flatMap(({ written }) => written)],
    scripts: found.map(({ script }) => script),
    packages,
    problems,
  };
}

const HERE_DOCUMENT = /^(.*?)<<-?[ \t]*(["']?)([A-Za-z_]\w*)\2([^\n]*)\n([\s\S]*?\n)??[ \t]*\3[ \t]*$/gm;

function splitHereDocuments({ path, content }: TextFile): { script: TextFile; written: TextFile[] } {
  const written: TextFile[] = [];
  const rest = content
    .replace(HERE_DOCUMENT, (_whole, before: string, _quote, _word, after: string, body = "") => {
      const command = `${before} ${after}`;
      const target =
        />>?\s*["']?([^\s"'|;&>]+)/.exec(command) ?? /\btee\s+(?:-\S+\s+)*["']?([^\s"'|;&>]+)/.exec(command);
      if (target?.[1]) written.push({ path: target[1], content: body as string });
      return command;
    })
    // Comments of whole lines: a command that is commented out doesn't run.
    .replace(/^[ \t]*#[^\n]*$/gm, "");
  return { script: { path, content: rest }, written };
}
