import { firewallPublicPorts } from "../../policy/rules/firewall-public-ports";
import { cloudConfig, container, FIREWALL, instance } from "./machines";
import { type Case, checkTable, passes, refuses, undecided } from "./table";

const withRules = (ruleset: string, runcmd: unknown[] = ["systemctl enable --now nftables"]) =>
  instance("web-1", { userData: cloudConfig({ files: { "/etc/nftables.conf": ruleset }, runcmd }) });
const script = (...lines: string[]) => instance("web-1", { userData: `#!/bin/bash\n${lines.join("\n")}\n` });
const input = (...rules: string[]) =>
  `table inet filter {\n chain input {\n  type filter hook input priority 0; policy drop;\n  ${rules.join("\n  ")}\n }\n}\n`;

const portCases: Case[] = [
  ["80 and 443", withRules(FIREWALL), passes],
  ["HTTP/3", withRules(input("udp dport 443 accept")), passes],
  ["names of services", withRules(input("tcp dport { http, https } accept")), passes],
  ["SSH from a network", withRules(input("ip saddr 10.0.0.0/8 tcp dport 22 accept")), passes],
  ["SSH from an office", withRules(input("ip saddr 203.0.113.7 tcp dport 22 accept")), passes],
  [
    "SSH from a variable",
    withRules(`define office = { 203.0.113.0/28, 198.51.100.9 }\n${input("ip saddr $office tcp dport ssh accept")}`),
    passes,
  ],
  [
    "SSH from a set",
    withRules(
      FIREWALL.replace(
        "chain input",
        "set office {\n type ipv4_addr\n flags interval\n elements = { 203.0.113.0/28 }\n }\n chain input",
      ).replace("172.30.0.0/24", "@office"),
    ),
    passes,
  ],
  ["SSH over a tunnel", withRules(input('iifname "wg0" tcp dport 22 accept')), passes],
  [
    "answers and pings",
    withRules(
      input(
        "ct state vmap { established : accept, related : accept, invalid : drop }",
        "meta l4proto ipv6-icmp accept",
        "icmp type echo-request limit rate 5/second accept",
        "iifname lo accept",
      ),
    ),
    passes,
  ],
  ["DHCPv6 of its own network", withRules(input("ip6 saddr fe80::/10 udp sport 547 udp dport 546 accept")), passes],
  ["DHCPv6 of anybody", withRules(input("udp sport 547 udp dport 546 accept")), refuses(/port 546 from anywhere/)],
  ["SSH of the IPv6 internet", withRules(input("ip6 saddr 2000::/3 tcp dport 22 accept")), refuses(/port 22/)],
  ["a set of interfaces", withRules(input("iifname { lo, wg0 } counter name inside log flags all accept")), passes],
  ["VRRP", withRules(input("ip protocol vrrp accept", "ip daddr 224.0.0.18 accept")), passes],
  [
    "an own chain for the neighbours",
    withRules(
      FIREWALL.replace("chain input", "chain near {\n tcp dport 3306 accept\n }\n chain input").replace(
        "tcp dport 22 accept",
        "jump near",
      ),
    ),
    passes,
  ],
  [
    "nothing drops: the other rule's business",
    withRules("table inet f { chain i { type filter hook input priority 0; tcp dport 22 accept; } }"),
    passes,
  ],
  [
    "ufw for HTTP and SSH from a network",
    script("ufw allow 'Nginx Full'", "ufw allow from 10.0.0.0/8 to any port 22 proto tcp", "ufw --force enable"),
    passes,
  ],
  [
    "SSH",
    withRules(input("tcp dport 22 accept")),
    refuses(/^web-1 accepts port 22 from anywhere \(chain input of table inet filter\)/),
  ],
  ["SSH by name", withRules(input("tcp dport ssh accept")), refuses(/port ssh/)],
  ["SSH in a set of ports", withRules(input("tcp dport { 80, 443, 22 } accept")), refuses(/port 22/)],
  ["SSH in a variable", withRules(`define open = { 22, 80 }\n${input("tcp dport $open accept")}`), refuses(/port 22/)],
  ["a range", withRules(input("tcp dport 80-443 accept")), refuses(/port 80-443/)],
  [
    "SSH in a file that a chain includes",
    instance("web-1", {
      userData: cloudConfig({
        files: {
          "/etc/nftables.conf": input('include "/etc/nftables.d/*.rules"'),
          "/etc/nftables.d/ssh.rules": "tcp dport 22 accept\n",
        },
      }),
    }),
    refuses(/port 22/),
  ],
  ["SSH, slowly", withRules(input("tcp dport 22 limit rate 3/minute counter accept")), refuses(/port 22/)],
  ["SSH for new connections", withRules(input("ct state new tcp dport 22 accept")), refuses(/port 22/)],
  [
    "SSH from the whole internet, in words",
    withRules(input("ip saddr 0.0.0.0/0 tcp dport 22 accept")),
    refuses(/port 22/),
  ],
  [
    "SSH from the internet in halves",
    withRules(input("ip saddr { 0.0.0.0/1, 128.0.0.0/1 } tcp dport 22 accept")),
    refuses(/port 22/),
  ],
  ["SSH from everywhere but one", withRules(input("ip saddr != 203.0.113.7 tcp dport 22 accept")), refuses(/port 22/)],
  ["SSH on the outer interface", withRules(input('iifname "eth0" tcp dport 22 accept')), refuses(/port 22/)],
  ["SSH by a verdict map", withRules(input("tcp dport vmap { 22 : accept, 80 : accept }")), refuses(/port 22/)],
  [
    "SSH by way of a chain",
    withRules(
      FIREWALL.replace("chain input", "chain far {\n tcp dport 22 accept\n }\n chain input").replace(
        "ip saddr 172.30.0.0/24 tcp dport 22 accept",
        "jump far",
      ),
    ),
    refuses(/port 22/),
  ],
  ["every port by its source port", withRules(input("udp sport 53 accept")), refuses(/every port/)],
  ["all TCP", withRules(input("meta l4proto tcp accept")), refuses(/every port/)],
  [
    "SSH by nft commands",
    script(
      "nft add chain inet f input '{ type filter hook input priority 0; policy drop; }'",
      "nft add rule inet f input tcp dport 22 accept",
    ),
    refuses(/port 22/),
  ],
  ["SSH by ufw", script("ufw limit 22/tcp", "ufw --force enable"), refuses(/port 22 from anywhere \(a ufw rule\)/)],
  [
    "SSH by iptables",
    script("iptables -P INPUT DROP", "iptables -A INPUT -p tcp --dport 22 -j ACCEPT"),
    refuses(/port 22/),
  ],
  [
    "a condition that isn't known",
    withRules(input("socket transparent 1 accept")),
    undecided(/condition that this pack doesn't know/),
  ],
  [
    "80 on a web server",
    container("web-1", { roles: "web", userData: cloudConfig({ files: { "/etc/nftables.conf": FIREWALL } }) }),
    refuses(/web-1 accepts port 80 and 443 from anywhere but is no load balancer/),
  ],
];

describe("policy firewall-public-ports: host firewall", () => checkTable(firewallPublicPorts, portCases));
