import assert from "node:assert/strict";
import { dockerMachineFiles, renderUserData } from "../../cloud-init";
import { firewallDefaultDrop } from "../../policy/rules/firewall-default-drop";
import { firewallPublicPorts } from "../../policy/rules/firewall-public-ports";
import { httpsOnly } from "../../policy/rules/https-only";
import { loadBalancerRedundant } from "../../policy/rules/load-balancer-redundant";
import { secretsNotInUserData } from "../../policy/rules/secrets-not-in-user-data";
import { singlePointOfFailure } from "../../policy/rules/single-point-of-failure";
import { planTopology, type Topology, type TopologyPlan } from "../../topology";
import { judge, judgeRun, type Rule } from "./judge";
import { container } from "./machines";
import { check, passes, refuses } from "./table";

const planned = (settings: Partial<TopologyPlan>) =>
  planTopology({
    stack: "test",
    domain: "www.foobar.com",
    addressRange: "172.30.0.0/24",
    size: { memory: 1024, cores: 2 },
    ...settings,
  });
const distributed = planned({ preset: "distributed" });
const highlyAvailable = planned({ preset: "highly-available" });
const acme = planned({ acme: { directory: "https://acme-v02.api.letsencrypt.org/directory", account: 1 } });

function userDataOf(name: string, topology = distributed): string {
  const machine = topology.machines.find((one) => one.name === name);
  assert.ok(machine, name);
  const { inUserData } = dockerMachineFiles(topology, machine, "");
  return renderUserData(topology, machine, { inUserData, packagesInstalled: true });
}

function machine(name: string, topology = distributed, userData = userDataOf(name, topology)) {
  const roles = topology.machines.find((one) => one.name === name)?.roles.join(",");
  return container(name, { roles, userData });
}

/** A careless change of our own machines, and the rule that has to notice it. */
const edits: [what: string, name: string, rule: Rule, from: RegExp, to: string, said: RegExp, topology?: Topology][] = [
  [
    "the redirect to HTTPS is gone",
    "lb-1",
    httpsOnly,
    /http-request redirect location https[^\n]*/,
    "default_backend web",
    /port 80/,
  ],
  [
    "port 80 answers more than the challenge of an ACME directory",
    "web-1",
    httpsOnly,
    /path_reg '\^\/\\\.well-known\/acme-challenge\//,
    "path_reg '^/",
    /answers some requests itself before any redirect/,
    acme,
  ],
  ["TLS 1.0 is allowed", "lb-1", httpsOnly, /ssl-min-ver TLSv1\.2/, "ssl-min-ver TLSv1.0", /TLSv1\.0/],
  [
    "HSTS is gone",
    "lb-1",
    httpsOnly,
    /http-after-response set-header Strict-Transport-Security[^\n]*/,
    "",
    /Strict-Transport/,
  ],
  ["TLS on port 443 is gone", "lb-1", httpsOnly, /bind :443 ssl[^\n]*/, "bind :443", /clear-text HTTP on port 443/],
  [
    "the firewall accepts by default",
    "web-1",
    firewallDefaultDrop,
    /(hook input[^\n]*)policy drop/,
    "$1policy accept",
    /no input chain/,
  ],
  ["the firewall accepts everything", "web-2", firewallDefaultDrop, /iif lo accept/, "accept", /accepts everything/],
  [
    "nothing loads the firewall",
    "lb-1",
    firewallDefaultDrop,
    /systemctl enable --no-reload --now nftables\.service/,
    "true",
    /nothing loads/,
  ],
  [
    "MySQL is open to all",
    "web-1",
    firewallPublicPorts,
    /ip saddr \{[^}]*\} (tcp dport 3306)/,
    "$1",
    /port 3306 from anywhere/,
  ],
  [
    "the web server is open to all",
    "web-2",
    firewallPublicPorts,
    /ip saddr \{[^}]*\} (tcp dport) 8080/,
    "$1 80",
    /is no load balancer/,
  ],
  ["SSH is open to all", "lb-1", firewallPublicPorts, /iif lo accept/, "tcp dport 22 accept", /port 22 from anywhere/],
  ["a password is written into it", "web-1", secretsNotInUserData, /$/, "\npassword: correct-horse\n", /"password"/],
];

describe("policies on the machines of this project", () => {
  for (const topology of [distributed, highlyAvailable, acme]) {
    const more = topology.acme ? ", with certificates from an ACME directory" : "";
    for (const { name } of topology.machines) {
      for (const rule of [httpsOnly, firewallDefaultDrop, firewallPublicPorts, secretsNotInUserData]) {
        it(`${rule.name} has nothing against ${name} of ${topology.preset}${more}`, async () =>
          check(rule, await judge(rule, machine(name, topology)), passes));
      }
    }
  }
  it("finds no single load balancer and no other single point of failure in highly-available", async () => {
    const machines = highlyAvailable.machines.map(({ name }) => machine(name, highlyAvailable));
    for (const rule of [loadBalancerRedundant, singlePointOfFailure]) {
      check(rule, await judgeRun(rule, machines), passes);
    }
  });
  for (const [what, name, rule, from, to, said, topology = distributed] of edits) {
    it(`${rule.name} notices on ${name}: ${what}`, async () => {
      const userData = userDataOf(name, topology);
      const edited = userData.replace(from, to);
      assert.notEqual(edited, userData, "the edit has to change something");
      check(rule, await judge(rule, machine(name, topology, edited)), refuses(said));
    });
  }
});
