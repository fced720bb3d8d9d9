import { items, type Properties, record, text, UNKNOWN, type Value } from "./values";

/** What is wrong with an entry that the cloud runs, and what to do about it: both whole sentences. */
export interface Finding {
  readonly problem: string;
  readonly remedy: string;
}

/** What was found, and what couldn't be judged as the end of "Could not be judged: ". */
export interface Judgement {
  readonly findings: readonly Finding[];
  readonly undecided: readonly string[];
}

type Judge = (name: string, properties: Properties) => Judgement;

/** Entries of AWS that need no other resource to be judged, by their type. */
export const MANAGED_ENTRIES: Readonly<Record<string, Judge>> = {
  "aws:elb/loadBalancer:LoadBalancer": judgeClassic,
  "aws:elasticloadbalancing/loadBalancer:LoadBalancer": judgeClassic,
  "aws:elb/loadBalancerPolicy:LoadBalancerPolicy": judgeNegotiation,
  "aws:elb/sslNegotiationPolicy:SslNegotiationPolicy": judgeNegotiation,
  "aws:apigateway/domainName:DomainName": judgeDomain,
  "aws:apigatewayv2/domainName:DomainName": judgeDomain,
  "aws:cloudfront/distribution:Distribution": judgeDistribution,
};

const NOTHING: Judgement = { findings: [], undecided: [] };

function found(problem: string, remedy: string): Judgement {
  return { findings: [{ problem, remedy }], undecided: [] };
}

function unclear(what: string): Judgement {
  return { findings: [], undecided: [what] };
}

function all(judgements: readonly Judgement[]): Judgement {
  return {
    findings: judgements.flatMap(({ findings }) => findings),
    undecided: judgements.flatMap(({ undecided }) => undecided),
  };
}

/** A classic load balancer can't redirect, so it may not listen in clear text at all. */
function judgeClassic(name: string, { listeners, internal }: Properties): Judgement {
  if (internal === true) return NOTHING;
  return all(
    items(listeners).map((given) => {
      const { lbProtocol, lbPort } = record(given);
      if (given === UNKNOWN || lbProtocol === UNKNOWN) return unclear(`what load balancer ${name} listens to, in part`);
      if (text(lbProtocol)?.toUpperCase() !== "HTTP") return NOTHING;
      return found(
        `Load balancer ${name} serves clear-text HTTP on port ${text(lbPort) ?? "80"}, so anybody on the way can read or ` +
          "change what it serves.",
        "Remove that listener, or use an application load balancer (aws.lb), which can redirect to HTTPS.",
      );
    }),
  );
}

/** Policies of a classic load balancer name protocols as attributes that are true or false. */
function judgeNegotiation(name: string, properties: Properties): Judgement {
  const attributes = [...items(properties.policyAttributes), ...items(properties.attributes)].map((one) => record(one));
  const old = attributes
    .filter(({ value }) => value === true || text(value)?.toLowerCase() === "true")
    .flatMap(({ name: protocol }) => text(protocol) ?? [])
    .filter((protocol) => /^Protocol-(?:SSLv\d|TLSv1(?:\.[01])?)$/i.test(protocol))
    .map((protocol) => protocol.replace(/^Protocol-/i, ""));
  if (old.length === 0) return NOTHING;
  return found(
    `Policy ${name} allows ${old.join(", ")}, whose connections can be broken.`,
    "Leave out every protocol below Protocol-TLSv1.2.",
  );
}

function judgeDomain(name: string, properties: Properties): Judgement {
  const places = [properties, ...items(properties.domainNameConfiguration).map((one) => record(one))];
  return all(
    places.map(({ securityPolicy: policy }) => {
      if (policy === UNKNOWN) return unclear(`the lowest TLS version of ${name}: its security policy isn't known yet`);
      if (!/^TLS_1_[01]$/i.test(text(policy) ?? "")) return NOTHING;
      return found(
        `API domain ${name} allows ${text(policy)?.replace(/^TLS_1_/i, "TLS 1.")}, whose connections can be broken.`,
        'Set its securityPolicy to "TLS_1_2" or later.',
      );
    }),
  );
}

function judgeDistribution(name: string, properties: Properties): Judgement {
  const behaviours: Value[] = [properties.defaultCacheBehavior, ...items(properties.orderedCacheBehaviors)];
  return all([
    ...behaviours.map((one) => judgeBehaviour(name, one)),
    judgeCertificate(name, properties.viewerCertificate),
  ]);
}

function judgeBehaviour(name: string, given: Value): Judgement {
  const { viewerProtocolPolicy: policy, pathPattern } = record(given);
  const where = text(pathPattern) ?? "every other path";
  if (given === UNKNOWN || policy === UNKNOWN)
    return unclear(`whether distribution ${name} speaks HTTPS only on ${where}`);
  if (text(policy)?.toLowerCase() !== "allow-all") return NOTHING;
  return found(
    `Distribution ${name} serves clear-text HTTP for ${where}, so anybody on the way can read or change what it serves.`,
    'Set its viewerProtocolPolicy to "redirect-to-https".',
  );
}

/** With a certificate of the site's own the version can be chosen; with CloudFront's it can't. */
function judgeCertificate(name: string, given: Value): Judgement {
  const { cloudfrontDefaultCertificate, acmCertificateArn, iamCertificateId, minimumProtocolVersion } = record(given);
  if (given === UNKNOWN)
    return unclear(`the lowest TLS version of distribution ${name}: its certificate isn't known yet`);
  const certificates: Value[] = [acmCertificateArn, iamCertificateId];
  const own = certificates.some((value) => value === UNKNOWN || text(value));
  if (cloudfrontDefaultCertificate === true || !own) return NOTHING;
  if (minimumProtocolVersion === UNKNOWN) return unclear(`the lowest TLS version of distribution ${name}`);
  const minor = Number(/^TLSv1\.(\d)/.exec(text(minimumProtocolVersion) ?? "")?.[1] ?? 0);
  if (minor >= 2) return NOTHING;
  return found(
    `Distribution ${name} allows ${text(minimumProtocolVersion) ?? "TLSv1"}, whose connections can be broken.`,
    'Set minimumProtocolVersion of its viewerCertificate to "TLSv1.2_2021" or later.',
  );
}
