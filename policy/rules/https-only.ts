import { isPublicListener } from "../reading/addresses";
import { admitsAnybody, readFirewall } from "../reading/firewall";
import { judgeHaproxy } from "../reading/haproxy";
import { filesOf, hasRole, type Machine, readMachine } from "../reading/machine";
import { isNginxEntry, judgeNginx } from "../reading/nginx";
import { list, type Properties, record, text, UNKNOWN } from "../reading/values";
import { type Report, resourceRule } from "../rule";

const LISTENERS = new Set([
  "aws:lb/listener:Listener",
  "aws:alb/listener:Listener",
  "aws:applicationloadbalancing/listener:Listener",
  "aws:elasticloadbalancingv2/listener:Listener",
]);

export const httpsOnly = resourceRule(
  {
    name: "https-only",
    displayName: "Public entries speak HTTPS only",
    description:
      "What the public reaches speaks HTTPS (TLS 1.2 or later, with HSTS); clear-text HTTP only redirects to it.",
    severity: "high",
    enforcementLevel: "mandatory",
    tags: ["https", "tls", "hsts", "load-balancer"],
    framework: {
      name: "AWS Foundational Security Best Practices",
      version: "1.0.0",
      reference: "ELB.1",
      specification: "Application Load Balancer should be configured to redirect all HTTP requests to HTTPS",
    },
    remediationSteps:
      "Let the clear-text listener do nothing but redirect to https. Allow TLS 1.2 as the lowest version. " +
      "Send Strict-Transport-Security with every answer over TLS.",
  },
  (resource, report) => {
    if (LISTENERS.has(resource.type)) judgeListener(resource.name, resource.properties, report);
    const machine = readMachine(resource);
    if (machine) judgeMachine(machine, report);
  },
);

function judgeMachine(machine: Machine, report: Report): void {
  const { name, userData } = machine;
  if (userData === UNKNOWN) {
    report.undecided(`whether ${name} speaks HTTPS only: its user-data isn't known yet.`);
    return;
  }
  for (const problem of userData?.problems ?? []) {
    report.undecided(`whether ${name} speaks HTTPS only, in part: ${problem}.`);
  }
  const firewall = readFirewall(machine);
  const admits = (port: number): boolean => admitsAnybody(firewall, port);
  const files = filesOf(machine);
  const nginx = isPublicNginx(machine) ? judgeNginx(files, admits) : { faults: [], undecided: [] };
  for (const { problem, remedy } of [...judgeHaproxy(files, admits), ...nginx.faults]) {
    report.violation(
      `${name}: ${problem}, so anybody on the way can read or change what it serves.`,
      `To fix it, ${remedy}.`,
    );
  }
  for (const what of nginx.undecided) report.undecided(`the lowest TLS version of ${name}: ${what}.`);
}

/** Nginx behind a load balancer may speak HTTP; it is a public entry where it balances load itself, or is published. */
function isPublicNginx(machine: Machine): boolean {
  const balances = hasRole(machine, "load-balancer");
  if (balances !== undefined) return balances;
  const published = machine.ports.some(({ address }) => address === UNKNOWN || isPublicListener(address));
  return published || machine.hasPublicAddress || isNginxEntry(filesOf(machine));
}

function judgeListener(name: string, properties: Properties, report: Report): void {
  const protocol = properties.protocol;
  if (protocol === UNKNOWN) {
    report.undecided(`whether listener ${name} speaks HTTPS: its protocol isn't known yet.`);
    return;
  }
  const kind = text(protocol)?.toUpperCase();
  if (kind === "HTTP") judgeRedirects(name, properties, report);
  if (kind === "HTTPS" || kind === "TLS") judgePolicy(name, properties, report);
}

function judgeRedirects(name: string, { defaultActions, port }: Properties, report: Report): void {
  const actions = list(defaultActions);
  const known = actions.filter((action) => action !== UNKNOWN).map(record);
  const wrong = known.find(
    (action) => action.type !== UNKNOWN && action.redirect !== UNKNOWN && !redirectsToHttps(action, text(port)),
  );
  const unclear =
    defaultActions === UNKNOWN ||
    known.length < actions.length ||
    known.some(({ type, redirect }) => type === UNKNOWN || redirect === UNKNOWN);
  if (wrong || (actions.length === 0 && !unclear)) {
    report.violation(
      `Listener ${name} answers clear-text HTTP on port ${text(port) ?? "80"} instead of redirecting to HTTPS, so anybody on ` +
        "the way can read or change what it serves.",
      'Make its only default action { type: "redirect", redirect: { protocol: ' +
        '"HTTPS", port: "443", statusCode: "HTTP_301" } }.',
    );
  } else if (unclear) {
    report.undecided(`whether listener ${name} redirects to HTTPS: its default actions aren't known yet.`);
  }
}

function redirectsToHttps(action: Properties, listenerPort: string | undefined): boolean {
  const redirect = record(action.redirect);
  if (text(action.type)?.toLowerCase() !== "redirect") return false;
  if (redirect.protocol === UNKNOWN || redirect.port === UNKNOWN) return true;
  const target = text(redirect.port) ?? "#{port}";
  const port = target === "#{port}" ? listenerPort : target;
  return (
    text(redirect.protocol)?.toUpperCase() === "HTTPS" && port !== "80" && (target !== "#{port}" || port === undefined)
  );
}

/** Names of security policies tell the lowest version: `…TLS13-1-2-…`, `…FS-1-1-…`; those without one start at 1.0. */
function judgePolicy(name: string, { sslPolicy }: Properties, report: Report): void {
  if (sslPolicy === UNKNOWN) {
    report.undecided(`the lowest TLS version of listener ${name}: its sslPolicy isn't known yet.`);
    return;
  }
  const minor = /-(?:TLS13|TLS|FS)-1-(\d)(?:-|$)/.exec(text(sslPolicy) ?? "")?.[1] ?? "0";
  if (Number(minor) >= 2) return;
  report.violation(
    `Listener ${name} allows TLS 1.${minor}, whose connections can be broken.`,
    "Set sslPolicy to one that starts at TLS 1.2, such as ELBSecurityPolicy-TLS13-1-2-2021-06.",
  );
}
