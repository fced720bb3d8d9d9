import { httpsManaged } from "../../policy/rules/https-managed";
import { UNKNOWN } from "./pack";
import { classicLoadBalancer, distribution, of } from "./resources";
import { type Case, checkTable, passes, refuses, undecided } from "./table";

const classic = (properties: Record<string, unknown>) => classicLoadBalancer("classic", properties);
const cdn = (properties: Record<string, unknown>) => distribution("cdn", properties);
const toHttps = { viewerProtocolPolicy: "redirect-to-https" };
const OLD_DOMAIN = { securityPolicy: "TLS_1_0" };
const policyOf = (name: string) => [{ name, value: "true" }];

const entryCases: Case[] = [
  [
    "a classic one for HTTPS",
    classic({ listeners: [{ lbPort: 443, lbProtocol: "https", sslCertificateId: "a" }] }),
    passes,
  ],
  [
    "a classic one for HTTP",
    classic({ listeners: [{ lbPort: 80, lbProtocol: "http" }] }),
    refuses(/classic serves clear-text HTTP on port 80/),
  ],
  [
    "a classic one for HTTP beside HTTPS",
    classic({
      listeners: [
        { lbPort: 443, lbProtocol: "HTTPS" },
        { lbPort: 8080, lbProtocol: "HTTP" },
      ],
    }),
    refuses(/port 8080/),
  ],
  ["a classic one for TCP", classic({ listeners: [{ lbPort: 443, lbProtocol: "tcp" }] }), passes],
  ["an internal classic one", classic({ internal: true, listeners: [{ lbPort: 80, lbProtocol: "http" }] }), passes],
  ["a classic one that isn't known", classic({ listeners: [UNKNOWN] }), undecided(/listens to, in part/)],
  ["listeners of any shape", classic({ listeners: "80" }), passes],
  [
    "a negotiation policy with TLS 1.0",
    of("aws:elb/loadBalancerPolicy:LoadBalancerPolicy")("old", { policyAttributes: policyOf("Protocol-TLSv1") }),
    refuses(/allows TLSv1,/),
  ],
  [
    "a negotiation policy from TLS 1.2",
    of("aws:elb/loadBalancerPolicy:LoadBalancerPolicy")("new", { policyAttributes: policyOf("Protocol-TLSv1.2") }),
    passes,
  ],
  [
    "a negotiation policy with SSL",
    of("aws:elb/sslNegotiationPolicy:SslNegotiationPolicy")("old", { attributes: policyOf("Protocol-SSLv3") }),
    refuses(/allows SSLv3,/),
  ],
  [
    "an API domain from TLS 1.0",
    of("aws:apigateway/domainName:DomainName")("api", OLD_DOMAIN),
    refuses(/api allows TLS 1\.0/),
  ],
  [
    "an API domain from TLS 1.2",
    of("aws:apigateway/domainName:DomainName")("api", { securityPolicy: "TLS_1_2" }),
    passes,
  ],
  [
    "an HTTP API's domain from TLS 1.0",
    of("aws:apigatewayv2/domainName:DomainName")("api", { domainNameConfiguration: OLD_DOMAIN }),
    refuses(/TLS 1\.0/),
  ],
  [
    "an API domain that isn't known",
    of("aws:apigateway/domainName:DomainName")("api", { securityPolicy: UNKNOWN }),
    undecided(/isn't known yet/),
  ],
  [
    "a distribution that redirects",
    cdn({ defaultCacheBehavior: toHttps, viewerCertificate: { cloudfrontDefaultCertificate: true } }),
    passes,
  ],
  [
    "a distribution that serves HTTP",
    cdn({ defaultCacheBehavior: { viewerProtocolPolicy: "allow-all" } }),
    refuses(/cdn serves clear-text HTTP for every other path/),
  ],
  [
    "a distribution that serves HTTP on a path",
    cdn({
      defaultCacheBehavior: toHttps,
      orderedCacheBehaviors: [{ pathPattern: "/old/*", viewerProtocolPolicy: "allow-all" }],
    }),
    refuses(/HTTP for \/old\/\*/),
  ],
  [
    "a distribution with a certificate from TLS 1.1",
    cdn({
      defaultCacheBehavior: toHttps,
      viewerCertificate: { acmCertificateArn: "arn", minimumProtocolVersion: "TLSv1.1_2016" },
    }),
    refuses(/allows TLSv1\.1_2016/),
  ],
  [
    "a distribution with a certificate and no version",
    cdn({ defaultCacheBehavior: toHttps, viewerCertificate: { acmCertificateArn: UNKNOWN } }),
    refuses(/allows TLSv1,/),
  ],
  [
    "a distribution with a certificate from TLS 1.2",
    cdn({
      defaultCacheBehavior: toHttps,
      viewerCertificate: { acmCertificateArn: UNKNOWN, minimumProtocolVersion: "TLSv1.2_2021" },
    }),
    passes,
  ],
  [
    "a distribution with a certificate from TLS 1.3, of a year to come",
    cdn({
      defaultCacheBehavior: toHttps,
      viewerCertificate: { acmCertificateArn: "a", minimumProtocolVersion: "TLSv1.3_2031" },
    }),
    passes,
  ],
  ["a distribution that isn't known", cdn({ defaultCacheBehavior: UNKNOWN }), undecided(/speaks HTTPS only/)],
];

describe("policy https-managed: other entries", () => checkTable(httpsManaged, entryCases));
