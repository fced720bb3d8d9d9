import type { Machine } from "./machine";
import { judgeRuleset, type OpenPorts, type Ruleset } from "./nftables";
import { readShellFirewalls } from "./shell-firewalls";
import type { TextFile, UserData } from "./user-data";
import { UNKNOWN } from "./values";
import { wildcard } from "./wildcard";

/** The host firewall that a machine's user-data sets up. */
export interface Firewall {
  /** Whether incoming packets are dropped unless a rule accepts them, for IPv4 and IPv6. */
  readonly dropsByDefault: boolean;
  /** Whether something loads it; undefined when there is nothing to load. */
  readonly loaded: boolean | undefined;
  /** What stands against it, as clauses for a person; empty when all is well. */
  readonly faults: readonly string[];
  /** What anybody may reach. */
  readonly open: readonly OpenPorts[];
  /** Rules that couldn't be judged. */
  readonly unsure: readonly string[];
}

/** Reads a machine's host firewall; undefined when its user-data is missing or unknown. */
export function readFirewall({ userData }: Machine): Firewall | undefined {
  if (userData === undefined || userData === UNKNOWN) return undefined;
  const rulesets = wholeRulesets(userData.files.filter(isRulesetFile)).map((file) => ({
    file,
    ruleset: judgeRuleset(file.content),
  }));
  const commands = userData.scripts.map(({ content }) => content).join("\n");
  const inline = judgeRuleset(nftCommands(commands));
  const relevant = rulesets.filter(({ ruleset }) => ruleset.hasInputChain);
  const shell = readShellFirewalls(`${commands}\n${restoreFiles(userData)}`);
  if (relevant.length === 0 && !inline.hasInputChain) return fromShell(shell);
  return fromRulesets(userData, commands, relevant, inline);
}

function fromShell(shell: ReturnType<typeof readShellFirewalls>): Firewall {
  const dropsByDefault = shell.some((firewall) => firewall.dropsByDefault);
  const open = shell.flatMap((firewall) => firewall.open);
  const faults = dropsByDefault
    ? []
    : [shell.length > 0 ? `${shell.map(({ tool }) => tool).join(" and ")} lets in by default` : "there is none"];
  return { dropsByDefault, loaded: shell.length > 0 || undefined, faults, open, unsure: [] };
}

function fromRulesets(
  userData: UserData,
  commands: string,
  files: readonly { file: TextFile; ruleset: Ruleset }[],
  inline: Ruleset,
): Firewall {
  const all = [...files.map(({ ruleset }) => ruleset), ...(inline.hasInputChain ? [inline] : [])];
  const families = new Set(all.flatMap((ruleset) => [...ruleset.dropsByDefault]));
  const faults: string[] = [];
  const undone = all.flatMap((ruleset) => ruleset.undone);
  if (undone.length > 0) faults.push(`chain ${undone[0]} has a rule that accepts everything`);
  else if (families.size === 0) faults.push("no input chain has `policy drop`");
  else if (!families.has("ip6")) faults.push("IPv6 is left open (use a table of family `inet`)");
  else if (!families.has("ip")) faults.push("IPv4 is left open (use a table of family `inet`)");
  const notLoaded = files.filter(({ file }) => !isLoaded(file, userData, commands));
  if (notLoaded.length > 0) faults.push(`nothing loads ${notLoaded.map(({ file }) => file.path).join(", ")}`);
  return {
    dropsByDefault: families.size === 2 && undone.length === 0,
    loaded: notLoaded.length === 0,
    faults,
    open: all.flatMap((ruleset) => ruleset.open),
    unsure: all.flatMap((ruleset) => ruleset.unsure),
  };
}

/** Whether anybody can reach a service that listens on this port, as far as the machine's host firewall says. */
export function admitsAnybody(firewall: Firewall | undefined, port: number): boolean {
  if (!firewall?.dropsByDefault || firewall.loaded === false || firewall.unsure.length > 0) return true;
  return firewall.open.some(({ ports }) => ports.some((range) => includesPort(range, port)));
}

function includesPort(range: string, port: number): boolean {
  if (range === "all") return true;
  const [first, last = first] = range.split("-").map(Number);
  // What is no number is the name of a service: it may be this port.
  return first === undefined || Number.isNaN(first) || (port >= first && port <= (last ?? first));
}

function isRulesetFile({ path, content }: TextFile): boolean {
  return /\.nft$|\/nftables(?:\.d\/[^/]+|\.conf)$/.test(path) || /^#!\s*\S*\bnft\s+-f/.test(content);
}

function restoreFiles({ files }: UserData): string {
  return files.flatMap(({ path, content }) => (/\/iptables\/|\/ip6?tables$/.test(path) ? [content] : [])).join("\n");
}

function nftCommands(commands: string): string {
  return [...commands.matchAll(/(?:^|[\s;&|])nft\s+(add|create|insert)\s+([^\n]*)/g)]
    .map(([, verb, rest = ""]) => `${verb} ${rest.replace(/['"\\]/g, "")}`)
    .join("\n");
}

const NFTABLES_SERVICE = /\bnftables(?:\.service)?\b/;

/** Whether the file takes effect at boot: by nftables.service, by a command, or by a unit of its own. */
function isLoaded(file: TextFile, userData: UserData, commands: string): boolean {
  const units = userData.files.filter(({ path }) => /^\/(?:etc|usr\/lib|lib)\/systemd\/system\//.test(path));
  if (mentionsLoad(commands, file.path)) return true;
  if (units.some((unit) => mentionsLoad(unit.content, file.path) && isStarted(unitName(unit.path), commands)))
    return true;
  return /^\/etc\/(?:sysconfig\/)?nftables\.conf$/.test(file.path) && isStarted("nftables", commands);
}

function mentionsLoad(commands: string, path: string): boolean {
  return (
    commands.split("\n").some((line) => /\bnft\b.*\s(?:-f|--file)\b/.test(line) && line.includes(path)) ||
    runs(commands, path)
  );
}

/** A ruleset that is a program of its own (`#!/usr/sbin/nft -f`). */
function runs(commands: string, path: string): boolean {
  return commands.split("\n").some((line) => line.trim() === path);
}

function unitName(path: string): string {
  return /\/([^/]+?)(?:\.service)?(?:\.d\/[^/]+)?$/.exec(path)?.[1] ?? path;
}

function isStarted(unit: string, commands: string): boolean {
  const name =
    unit === "nftables" ? NFTABLES_SERVICE : new RegExp(`\\b${unit.replace(/[.+?^${}()|[\]\\*]/g, "\\$&")}\\b`);
  return commands
    .replace(/\\\n/g, " ")
    .split("\n")
    .some(
      (line) => /\bsystemctl\b.*\b(?:enable|reenable|start|restart|reload-or-restart)\b/.test(line) && name.test(line),
    );
}

const INCLUDE = /^[ \t]*include[ \t]+"([^"]+)"[ \t]*;?[ \t]*$/gm;

/** The files that no other one includes, each with what it includes in its place. */
function wholeRulesets(files: readonly TextFile[]): TextFile[] {
  const included = new Set(files.flatMap((file) => includedBy(file, files)));
  const whole = (file: TextFile, depth: number): string =>
    file.content.replace(INCLUDE, (_line, pattern: string) => {
      const inner = depth > 8 ? [] : files.filter(({ path }) => ofFiles(pattern).test(path));
      return inner.map((one) => whole(one, depth + 1)).join("\n");
    });
  return files.filter((file) => !included.has(file)).map((file) => ({ path: file.path, content: whole(file, 0) }));
}

function includedBy(file: TextFile, files: readonly TextFile[]): TextFile[] {
  const patterns = [...file.content.matchAll(INCLUDE)].map(([, pattern = ""]) => pattern);
  return files.filter((other) => other !== file && patterns.some((pattern) => ofFiles(pattern).test(other.path)));
}

function ofFiles(pattern: string): RegExp {
  return wildcard(pattern, "[^/]*");
}
