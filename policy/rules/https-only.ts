import { isPublicListener } from "../reading/addresses";
import { admitsAnybody, readFirewall } from "../reading/firewall";
import { type Fault, judgeHaproxy } from "../reading/haproxy";
import { filesOf, hasRole, type Machine, readMachine } from "../reading/machine";
import { isNginxEntry, judgeNginx } from "../reading/nginx";
import { groupsOf, openings, rulesOfGroup } from "../reading/security-groups";
import { UNKNOWN } from "../reading/values";
import { isPlainImage, type PlainServer, plainServers, setsUpCertificates } from "../reading/web-servers";
import { type Report, type Resource, stackRule } from "../rule";

export const httpsOnly = stackRule(
  {
    name: "https-only",
    displayName: "Machines that serve the public speak HTTPS only",
    description:
      "What the public reaches on a machine speaks HTTPS (TLS 1.2 or later, with HSTS); clear-text HTTP only redirects to it.",
    severity: "high",
    enforcementLevel: "mandatory",
    tags: ["https", "tls", "hsts", "haproxy", "nginx", "load-balancer"],
    framework: {
      name: "CIS Controls",
      version: "8.1",
      reference: "3.10",
      specification: "Encrypt sensitive data in transit",
    },
    remediationSteps:
      "Let the clear-text listener do nothing but redirect to https. Allow TLS 1.2 as the lowest version. " +
      "Send Strict-Transport-Security with every answer over TLS.",
  },
  judgeStack,
  (resource, report) => {
    const machine = readMachine(resource);
    if (machine) judgeMachine(machine, report);
  },
);

function judgeMachine(machine: Machine, report: Report): void {
  const { name, userData } = machine;
  if (userData === UNKNOWN) report.undecided(`whether ${name} speaks HTTPS only: its user-data isn't known yet.`);
  else {
    for (const problem of userData?.problems ?? []) {
      report.undecided(`whether ${name} speaks HTTPS only, in part: ${problem}.`);
    }
  }
  const firewall = readFirewall(machine);
  const admits = (port: number): boolean => admitsAnybody(firewall, port);
  for (const fault of judgeHaproxy(filesOf(machine), admits)) reportFault(machine, fault, report);
  if (isPublic(machine)) judgeWebServers(machine, admits, report);
  judgeContainer(machine, report);
}

/** Web servers behind a load balancer may speak HTTP; those that balance load themselves, or are published, may not. */
function isPublic(machine: Machine): boolean {
  const balances = hasRole(machine, "load-balancer");
  if (balances !== undefined) return balances;
  return machine.hasPublicAddress || publishedPorts(machine).length > 0 || isNginxEntry(filesOf(machine));
}

function publishedPorts({ ports }: Machine): Machine["ports"] {
  return ports.filter(({ address }) => address === UNKNOWN || isPublicListener(address));
}

function judgeWebServers(machine: Machine, admits: (port: number) => boolean, report: Report, urn?: string): void {
  const { name } = machine;
  const { faults, undecided } = judgeNginx(filesOf(machine), admits);
  const plain = plainServers(machine).filter(({ port }) => admits(port));
  const all = [...faults, ...plain.map(plainFault)];
  if (all.length > 0 && setsUpCertificates(machine)) {
    report.undecided(`whether ${name} speaks HTTPS only: certbot changes its configuration at first boot.`, urn);
  } else {
    for (const fault of all) reportFault(machine, fault, report, urn);
  }
  for (const what of undecided) report.undecided(`the lowest TLS version of ${name}: ${what}.`, urn);
}

function plainFault({ name, port }: PlainServer): Fault {
  return {
    problem: `${name} serves clear-text HTTP on port ${port}, as it does when it is given no configuration`,
    remedy: "configure it with a certificate, and let port 80 only redirect to HTTPS; or put a load balancer before it",
  };
}

function reportFault({ name }: Machine, { problem, remedy }: Fault, report: Report, urn?: string): void {
  const why = "so anybody on the way can read or change what it serves";
  report.violation(`${name}: ${problem}, ${why}.`, `To fix it, ${remedy}.`, urn);
}

/** A container without user-data of its own: its configuration may be in its image, or on the host. */
function judgeContainer(machine: Machine, report: Report): void {
  const { name, userData, image, mounted } = machine;
  const web = publishedPorts(machine).filter(({ internal, external }) => internal === 80 || external === 80);
  if (userData !== undefined || web.length === 0 || hasWebConfiguration(machine)) return;
  const directory = mounted.find((path) => /^\/(?:etc|usr\/local\/etc|usr\/local\/apache2)\b/.test(path));
  if (isPlainImage(image) && !directory) {
    reportFault(machine, plainFault({ name: `the image ${image}`, port: 80 }), report);
  } else {
    const where = directory ? `${directory} is mounted from the host` : "its configuration is in its image";
    report.undecided(`whether ${name}, which publishes port 80, only redirects to HTTPS there: ${where}.`);
  }
}

function hasWebConfiguration(machine: Machine): boolean {
  return filesOf(machine).some(({ path }) => /^\/(?:usr\/local\/)?etc\/(?:haproxy|nginx)\//.test(path));
}

/** Machines that show only together with their security groups that anybody reaches their web server. */
function judgeStack(stack: readonly Resource[], report: Report): void {
  for (const resource of stack) {
    const machine = readMachine(resource);
    if (!machine || machine.kind === "container" || hasRole(machine, "load-balancer") !== undefined) continue;
    if (isPublic(machine)) continue;
    const open = groupsOf(resource, stack).flatMap((group) => openings(rulesOfGroup(group, stack)));
    const firewall = readFirewall(machine);
    const admits = (port: number): boolean =>
      open.some(({ reach }) => reach.first <= port && reach.last >= port) && admitsAnybody(firewall, port);
    if (open.length > 0) judgeWebServers(machine, admits, report, resource.urn);
  }
}
