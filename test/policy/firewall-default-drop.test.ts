import { firewallDefaultDrop } from "../../policy/rules/firewall-default-drop";
import { cloudConfig, container, FIREWALL, instance } from "./machines";
import { UNKNOWN } from "./pack";
import { type Case, checkTable, passes, refuses, undecided } from "./table";

const withRules = (ruleset: string, runcmd: unknown[] = ["systemctl enable --now nftables"]) =>
  instance("web-1", { userData: cloudConfig({ files: { "/etc/nftables.conf": ruleset }, runcmd }) });
const script = (...lines: string[]) => instance("web-1", { userData: `#!/bin/bash\n${lines.join("\n")}\n` });
const input = (...rules: string[]) =>
  `table inet filter {\n chain input {\n  type filter hook input priority 0; policy drop;\n  ${rules.join("\n  ")}\n }\n}\n`;

const dropCases: Case[] = [
  ["policy drop, enabled", withRules(FIREWALL), passes],
  [
    "policy on a line of its own",
    withRules(FIREWALL.replace("filter; policy drop;", "filter\n    policy drop")),
    passes,
  ],
  ["one line", withRules("table inet f { chain i { type filter hook input priority 0; policy drop; }; }"), passes],
  [
    "a last rule drops",
    withRules(input("tcp dport 80 accept", "counter drop").replace("policy drop", "policy accept")),
    passes,
  ],
  [
    "a last rule rejects",
    withRules(
      input("tcp dport 80 accept", "reject with icmpx type port-unreachable").replace("policy drop", "policy accept"),
    ),
    passes,
  ],
  [
    "tables for each family",
    withRules(`${FIREWALL.replace("inet", "ip")}\n${FIREWALL.replace("inet", "ip6")}`),
    passes,
  ],
  ["an array as command", withRules(FIREWALL, [["systemctl", "enable", "--now", "nftables.service"]]), passes],
  ["loaded by nft -f", withRules(FIREWALL, ["/usr/sbin/nft -f /etc/nftables.conf"]), passes],
  [
    "enabled by a script among the files",
    instance("web-1", {
      userData: cloudConfig({
        files: {
          "/etc/nftables.conf": FIREWALL,
          "/usr/local/sbin/setup": "#!/bin/sh\nset -eu\nsystemctl enable --now haproxy nftables\n",
        },
        runcmd: ["/usr/local/sbin/setup"],
      }),
    }),
    passes,
  ],
  [
    "a file that the main one includes",
    instance("web-1", {
      userData: cloudConfig({
        files: { "/etc/nftables.conf": 'include "/etc/nftables.d/*.nft"\n', "/etc/nftables.d/a.nft": FIREWALL },
      }),
    }),
    passes,
  ],
  [
    "a unit of its own",
    instance("web-1", {
      userData: cloudConfig({
        files: {
          "/etc/fw.nft": FIREWALL,
          "/etc/systemd/system/fw.service": "[Service]\nExecStart=/usr/sbin/nft -f /etc/fw.nft\n",
        },
        runcmd: ["systemctl enable --now fw.service"],
      }),
    }),
    passes,
  ],
  [
    "nft commands in a script",
    script(
      "nft add table inet f",
      "nft add chain inet f input '{ type filter hook input priority 0 ; policy drop ; }'",
      "nft add rule inet f input tcp dport 443 accept",
    ),
    passes,
  ],
  [
    "a here-document",
    script("cat > /etc/nftables.conf <<EOF", FIREWALL, "EOF", "systemctl enable --now nftables"),
    passes,
  ],
  ["ufw", script("ufw allow 80/tcp", "ufw --force enable"), passes],
  ["iptables", script("iptables -A INPUT -i lo -j ACCEPT", "iptables -P INPUT DROP"), passes],
  ["firewalld", script("systemctl enable --now firewalld"), passes],
  ["no user-data", instance("web-1", {}), passes],
  ["something that is no machine", { type: "aws:s3/bucket:Bucket", name: "b", properties: {} }, passes],
  ["a container that is no machine", container("redis"), passes],
  [
    "no firewall",
    instance("web-1", { userData: cloudConfig({ runcmd: ["apt-get install -y nginx"] }) }),
    refuses(/^web-1 has no host firewall.*there is none/),
  ],
  ["a script without one", script("apt-get install -y nginx"), refuses(/there is none/)],
  [
    "policy accept",
    withRules(FIREWALL.replace("policy drop", "policy accept")),
    refuses(/no input chain has `policy drop`/),
  ],
  ["no policy", withRules(FIREWALL.replace(" policy drop;", "")), refuses(/no input chain/)],
  ["the policy is a comment", withRules(FIREWALL.replace("policy drop;", "# policy drop;")), refuses(/no input chain/)],
  ["only forwarding drops", withRules(FIREWALL.replace("hook input", "hook forward")), refuses(/there is none/)],
  ["IPv4 only", withRules(FIREWALL.replace("table inet", "table ip")), refuses(/IPv6 is left open/)],
  [
    "a rule accepts everything",
    withRules(input("iif lo accept", "counter accept")),
    refuses(/chain input has a rule that accepts everything/),
  ],
  ["never loaded", withRules(FIREWALL, []), refuses(/nothing loads \/etc\/nftables\.conf/)],
  [
    "loading is a comment",
    script("cat > /etc/nftables.conf <<EOF", FIREWALL, "EOF", "# systemctl enable --now nftables"),
    refuses(/nothing loads/),
  ],
  ["another file is loaded", withRules(FIREWALL, ["nft -f /etc/other.nft"]), refuses(/nothing loads/)],
  [
    "a unit that nothing starts",
    instance("web-1", {
      userData: cloudConfig({
        files: {
          "/etc/fw.nft": FIREWALL,
          "/etc/systemd/system/fw.service": "[Service]\nExecStart=/usr/sbin/nft -f /etc/fw.nft\n",
        },
        runcmd: [],
      }),
    }),
    refuses(/nothing loads \/etc\/fw\.nft/),
  ],
  ["ufw lets in by default", script("ufw default allow incoming", "ufw --force enable"), refuses(/ufw lets in/)],
  ["ufw is never enabled", script("ufw allow 80"), refuses(/there is none/)],
  [
    "unknown user-data",
    instance("web-1", { userData: UNKNOWN }),
    undecided(/web-1 has a firewall: its user-data isn't known/),
  ],
  [
    "part of the user-data can't be read",
    instance("web-1", {
      userData: "#cloud-config\nwrite_files:\n- path: /etc/nftables.conf\n  source: { uri: https://example.org }\n",
    }),
    undecided(/fetched from elsewhere/),
  ],
];

describe("policy firewall-default-drop", () => checkTable(firewallDefaultDrop, dropCases));
