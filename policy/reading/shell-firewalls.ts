import { isAddressRange, openToInternet } from "./addresses";
import type { OpenPorts } from "./nftables";

/** What shell commands set up as a firewall: with ufw, iptables or firewalld. */
export interface ShellFirewall {
  readonly tool: "ufw" | "iptables" | "firewalld";
  readonly dropsByDefault: boolean;
  readonly open: readonly OpenPorts[];
}

/** Reads the firewalls that shell commands (or files of iptables-restore) set up; empty when there is none. */
export function readShellFirewalls(commands: string): ShellFirewall[] {
  const lines = commands.split(/\n|;|&&|\|\|/).map((line) => line.trim());
  return [readUfw(lines), readIptables(lines), readFirewalld(lines)].filter((firewall) => firewall !== undefined);
}

const UFW_PROFILES: Record<string, string> = {
  http: "80",
  https: "443",
  www: "80",
  "www secure": "443",
  "www full": "80,443",
  "nginx http": "80",
  "nginx https": "443",
  "nginx full": "80,443",
  "apache full": "80,443",
};

function readUfw(lines: readonly string[]): ShellFirewall | undefined {
  const commands = lines.flatMap((line) => /\bufw\s+(.*)/.exec(line)?.[1] ?? []);
  const enabled = commands.some((command) => /^(?:(?:--force|-f)\s+)?enable\b/.test(command));
  if (!enabled) return undefined;
  const allowsAll = commands.some((command) => /^default\s+allow(?:\s+incoming|\s+in)?\s*$/.test(command));
  const open = commands.flatMap((command) => {
    const [, rule] = /^(?:insert\s+\d+\s+)?(?:allow|limit)\s+(?:in\s+)?(.*)/.exec(command) ?? [];
    if (rule === undefined || /^(?:out|on)\b/.test(rule)) return [];
    const source = /\bfrom\s+(\S+)/.exec(rule)?.[1] ?? "any";
    if (source !== "any" && isAddressRange(source) && !openToInternet([source])) return [];
    const ports = /\bport\s+(\S+)/.exec(rule)?.[1] ?? (/\b(?:from|to|proto)\b/.test(rule) ? "all" : ufwPorts(rule));
    return [
      {
        ports: ports.split(",").map((port) => port.replace(/\/(?:tcp|udp)$/, "").replace(":", "-")),
        where: "a ufw rule",
      },
    ];
  });
  return { tool: "ufw", dropsByDefault: !allowsAll, open };
}

function ufwPorts(rule: string): string {
  const name = rule
    .replace(/\s+comment\b.*/, "")
    .replace(/["']/g, "")
    .trim();
  return UFW_PROFILES[name.toLowerCase()] ?? name;
}

function readIptables(lines: readonly string[]): ShellFirewall | undefined {
  const drops = lines.some((line) => /(?:\biptables\b.*-P\s+INPUT|^:INPUT)\s+DROP\b/.test(line));
  const open = lines.flatMap((line) => {
    const rule = /(?:-A|-I|--append|--insert)\s+INPUT\b(.*)-j\s+ACCEPT\b/.exec(line)?.[1];
    if (
      rule === undefined ||
      /(?:state|ctstate)\s+\S*ESTABLISHED|-i\s+lo\b|-p\s+(?:icmp|icmpv6|ipv6-icmp|vrrp|112)\b/.test(rule)
    )
      return [];
    const source = /(?:-s|--source|--src)\s+(\S+)/.exec(rule)?.[1];
    if (source && !source.includes("!") && isAddressRange(source) && !openToInternet([source])) return [];
    const ports = /--(?:dports?|destination-ports?)\s+(\S+)/.exec(rule)?.[1] ?? "all";
    return [{ ports: ports.split(",").map((port) => port.replace(":", "-")), where: "an iptables rule" }];
  });
  return drops || open.length > 0 ? { tool: "iptables", dropsByDefault: drops, open } : undefined;
}

function readFirewalld(lines: readonly string[]): ShellFirewall | undefined {
  const started = lines.some((line) => /\bsystemctl\b.*\b(?:enable|start|restart)\b.*\bfirewalld\b/.test(line));
  if (!started) return undefined;
  // Every zone of firewalld refuses what it doesn't list, but for `trusted`.
  const trusts = lines.some((line) => /\bfirewall-cmd\b.*--set-default-zone[= ]trusted\b/.test(line));
  const ports = lines.flatMap((line) => /\bfirewall-cmd\b.*--add-port[= ]([\d-]+)/.exec(line)?.[1] ?? []);
  return {
    tool: "firewalld",
    dropsByDefault: !trusts,
    open: ports.map((port) => ({ ports: [port], where: "a rule of firewalld" })),
  };
}
