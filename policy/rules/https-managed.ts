import { judgeActions, lowestVersion } from "../reading/listeners";
import { MANAGED_ENTRIES } from "../reading/managed-entries";
import { type Resource, refersTo } from "../reading/resource";
import { items, list, record, text, UNKNOWN } from "../reading/values";
import { type Report, stackRule } from "../rule";

const FAMILY = "aws:(?:lb|alb|applicationloadbalancing|elasticloadbalancingv2)/";
const LOAD_BALANCER = new RegExp(`^${FAMILY}loadBalancer:LoadBalancer$`);
const LISTENER = new RegExp(`^${FAMILY}listener:Listener$`);
const LISTENER_RULE = new RegExp(`^${FAMILY}listenerRule:ListenerRule$`);
const ACME_PATH = "/.well-known/acme-challenge/";

/** What this run has seen so far, until the whole stack is judged. */
const seen = { internal: new Set<string>(), reported: new Set<string>() };

export const httpsManaged = stackRule(
  {
    name: "https-managed",
    displayName: "Load balancers and gateways of the cloud speak HTTPS only",
    description:
      "Public load balancers, API domains and CDN distributions serve HTTPS (TLS 1.2 or later); clear text only redirects.",
    severity: "high",
    enforcementLevel: "mandatory",
    tags: ["https", "tls", "load-balancer", "cdn", "api-gateway"],
    framework: {
      name: "AWS Foundational Security Best Practices",
      version: "1.0.0",
      reference: "ELB.1",
      specification: "Application Load Balancer should be configured to redirect all HTTP requests to HTTPS",
    },
    remediationSteps:
      "Give the HTTP listener one default action that redirects to HTTPS on port 443 with status 301; set the security " +
      "policy to one that starts at TLS 1.2.",
  },
  judgeStack,
  (resource, report) => {
    const { type, name, urn } = resource;
    if (LOAD_BALANCER.test(type) && resource.properties.internal === true) seen.internal.add(urn);
    if (LISTENER.test(type)) {
      judgeVersion(resource, report);
      // Of which load balancer it is, only the stack tells: where one is internal, that is waited for.
      if (seen.internal.size === 0) judgeClearText(resource, report);
    }
    const { findings, undecided } = Object.hasOwn(MANAGED_ENTRIES, type)
      ? (MANAGED_ENTRIES[type]?.(name, resource.properties) ?? { findings: [], undecided: [] })
      : { findings: [], undecided: [] };
    for (const { problem, remedy } of findings) report.violation(problem, remedy);
    for (const what of undecided) report.undecided(`${what}.`);
  },
);

function judgeStack(stack: readonly Resource[], report: Report): void {
  const { reported } = seen;
  const internal = stack.filter(({ type, properties }) => LOAD_BALANCER.test(type) && properties.internal === true);
  const listeners = stack
    .filter(({ type }) => LISTENER.test(type))
    .filter((listener) => !internal.some((balancer) => refersTo(listener, "loadBalancerArn", balancer)));
  for (const listener of listeners) if (!reported.has(listener.urn)) judgeClearText(listener, report);
  const clear = listeners.filter((listener) => isClearText(listener));
  for (const rule of stack.filter(({ type }) => LISTENER_RULE.test(type))) {
    const listener = clear.find((one) => refersTo(rule, "listenerArn", one));
    if (listener && !isForAcme(rule)) judgeRule(rule, listener, report);
  }
  for (const one of Object.values(seen)) one.clear();
}

/** A listener that has a port and names no protocol listens to HTTP. */
function isClearText({ properties: { protocol, port } }: Resource): boolean {
  if (protocol === undefined || protocol === null) return port !== undefined && port !== null;
  return protocol !== UNKNOWN && text(protocol)?.toUpperCase() === "HTTP";
}

function judgeClearText(listener: Resource, report: Report): void {
  const { name, urn, properties } = listener;
  seen.reported.add(urn);
  if (properties.protocol === UNKNOWN) {
    report.undecided(`whether listener ${name} speaks HTTPS: its protocol isn't known yet.`, urn);
    return;
  }
  if (!isClearText(listener)) return;
  const outcome = judgeActions(properties.defaultActions, text(properties.port));
  if (outcome === "unknown") {
    report.undecided(`whether listener ${name} redirects to HTTPS: its default actions aren't known yet.`, urn);
  } else if (outcome === "serves") {
    report.violation(
      `Listener ${name} answers clear-text HTTP on port ${text(properties.port) ?? "80"} instead of redirecting to HTTPS, ` +
        "so anybody on the way can read or change what it serves.",
      'Make its only default action { type: "redirect", redirect: { protocol: "HTTPS", port: "443", statusCode: "HTTP_301" } }.',
      urn,
    );
  }
}

/** The default action may redirect, and a rule before it still serve some requests in clear text. */
function judgeRule(rule: Resource, listener: Resource, report: Report): void {
  const outcome = judgeActions(rule.properties.actions, text(listener.properties.port));
  if (outcome === "unknown") {
    report.undecided(`whether rule ${rule.name} redirects to HTTPS: its actions aren't known yet.`, rule.urn);
  } else if (outcome === "serves") {
    report.violation(
      `Rule ${rule.name} answers some requests to the clear-text listener ${listener.name} itself instead of redirecting ` +
        "them to HTTPS.",
      "Move it to the HTTPS listener.",
      rule.urn,
    );
  }
}

/** Certificate authorities ask in clear text. */
function isForAcme({ properties }: Resource): boolean {
  return items(properties.conditions).some((condition) => {
    const paths = list(record(record(condition).pathPattern).values);
    return paths.length > 0 && paths.every((path) => text(path)?.startsWith(ACME_PATH));
  });
}

function judgeVersion({ name, urn, properties: { protocol, sslPolicy } }: Resource, report: Report): void {
  if (protocol === UNKNOWN || !/^(?:HTTPS|TLS)$/i.test(text(protocol) ?? "")) return;
  if (sslPolicy === UNKNOWN) {
    report.undecided(`the lowest TLS version of listener ${name}: its sslPolicy isn't known yet.`, urn);
    return;
  }
  const minor = lowestVersion(text(sslPolicy) ?? "");
  if (minor >= 2) return;
  report.violation(
    `Listener ${name} allows TLS 1.${minor}, whose connections can be broken.`,
    "Set its sslPolicy to one that starts at TLS 1.2, such as ELBSecurityPolicy-TLS13-1-2-2021-06.",
    urn,
  );
}
