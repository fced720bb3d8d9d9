import { httpsManaged } from "../../policy/rules/https-managed";
import { type TestResource, UNKNOWN } from "./pack";
import { listener, listenerRule, loadBalancer, of } from "./resources";
import { type Case, checkPrograms, checkTable, type Program, passes, refuses, undecided } from "./table";

const one = (properties: Record<string, unknown>, type = "aws:lb/listener:Listener") => of(type)("http", properties);
const redirect = { type: "redirect", redirect: { protocol: "HTTPS", port: "443", statusCode: "HTTP_301" } };
const forward = { type: "forward", targetGroupArn: "arn" };
const listenerCases: Case[] = [
  ["redirects to HTTPS", one({ protocol: "HTTP", port: 80, defaultActions: [redirect] }), passes],
  [
    "forwards",
    one({ protocol: "HTTP", port: 80, defaultActions: [forward] }),
    refuses(/Listener http answers clear-text HTTP on port 80/),
  ],
  [
    "forwards, by the older name of the type",
    one({ protocol: "HTTP", defaultActions: [forward] }, "aws:alb/listener:Listener"),
    refuses(/Listener http/),
  ],
  ["forwards, in lower case", one({ protocol: "http", port: 80, defaultActions: [forward] }), refuses(/Listener http/)],
  [
    "redirects to HTTP",
    one({
      protocol: "HTTP",
      port: 80,
      defaultActions: [{ type: "redirect", redirect: { protocol: "HTTP", port: "8080" } }],
    }),
    refuses(/Listener/),
  ],
  [
    "redirects to HTTPS on port 80",
    one({ protocol: "HTTP", port: 80, defaultActions: [{ type: "redirect", redirect: { protocol: "HTTPS" } }] }),
    refuses(/Listener/),
  ],
  [
    "one action of two redirects",
    one({ protocol: "HTTP", port: 80, defaultActions: [redirect, forward] }),
    refuses(/Listener/),
  ],
  [
    "unknown actions",
    one({ protocol: "HTTP", port: 80, defaultActions: UNKNOWN }),
    undecided(/default actions aren't known/),
  ],
  [
    "one action known and wrong",
    one({ protocol: "HTTP", port: 80, defaultActions: [UNKNOWN, forward] }),
    refuses(/Listener/),
  ],
  [
    "unknown target group",
    one({ protocol: "HTTP", port: 80, defaultActions: [{ type: "forward", targetGroupArn: UNKNOWN }] }),
    refuses(/Listener/),
  ],
  [
    "unknown protocol",
    one({ protocol: UNKNOWN, port: 80, defaultActions: [forward] }),
    undecided(/protocol isn't known/),
  ],
  [
    "HTTPS from TLS 1.2",
    one({ protocol: "HTTPS", sslPolicy: "ELBSecurityPolicy-TLS13-1-2-2021-06", defaultActions: [forward] }),
    passes,
  ],
  [
    "HTTPS from TLS 1.3",
    one({ protocol: "HTTPS", sslPolicy: "ELBSecurityPolicy-TLS13-1-3-2021-06", defaultActions: [forward] }),
    passes,
  ],
  [
    "HTTPS with forward secrecy from TLS 1.2",
    one({ protocol: "HTTPS", sslPolicy: "ELBSecurityPolicy-FS-1-2-Res-2020-10", defaultActions: [forward] }),
    passes,
  ],
  [
    "HTTPS from TLS 1.1",
    one({ protocol: "HTTPS", sslPolicy: "ELBSecurityPolicy-TLS-1-1-2017-01", defaultActions: [forward] }),
    refuses(/TLS 1\.1/),
  ],
  [
    "HTTPS with the provider's default (TLS 1.0)",
    one({ protocol: "HTTPS", defaultActions: [forward] }),
    refuses(/TLS 1\.0/),
  ],
  [
    "redirects to clear text on a port that isn't known",
    one({
      ...{ protocol: "HTTP", port: 80 },
      defaultActions: [{ type: "redirect", redirect: { protocol: "HTTP", port: UNKNOWN } }],
    }),
    refuses(/Listener/),
  ],
  [
    "refuses every request",
    one({
      protocol: "HTTP",
      port: 80,
      defaultActions: [{ type: "fixed-response", fixedResponse: { statusCode: "403" } }],
    }),
    passes,
  ],
  [
    "answers itself",
    one({
      protocol: "HTTP",
      port: 80,
      defaultActions: [{ type: "fixed-response", fixedResponse: { statusCode: "200" } }],
    }),
    refuses(/Listener/),
  ],
  [
    "HTTPS from TLS 1.2, by a policy of a year to come",
    one({ protocol: "HTTPS", sslPolicy: "ELBSecurityPolicy-TLS14-1-2-Res-2031-01", defaultActions: [forward] }),
    passes,
  ],
  [
    "HTTPS with a policy that isn't known",
    one({ protocol: "HTTPS", sslPolicy: UNKNOWN, defaultActions: [forward] }),
    undecided(/sslPolicy isn't known/),
  ],
  [
    "TLS of a network load balancer from TLS 1.0",
    one({ protocol: "TLS", sslPolicy: "ELBSecurityPolicy-TLS13-1-0-2021-06", defaultActions: [forward] }),
    refuses(/TLS 1\.0/),
  ],
  ["actions of any shape", one({ protocol: "HTTP", defaultActions: 7 }), refuses(/Listener/)],
  [
    "no protocol on a port is HTTP",
    one({ port: 80, defaultActions: [forward] }),
    refuses(/Listener http answers clear-text HTTP on port 80/),
  ],
  ["a gateway's listener, which has neither", one({ defaultActions: [forward] }), passes],
  ["TCP of a network load balancer", one({ protocol: "TCP", port: 443, defaultActions: [forward] }), passes],
];

const http = { protocol: "HTTP", port: 80 };
const outside = loadBalancer("outside", { internal: false });
const inside = loadBalancer("inside", { internal: true });
const serving = (name: string, balancer: TestResource) =>
  listener(name, { ...http, loadBalancerArn: UNKNOWN, defaultActions: [forward] }, { loadBalancerArn: [balancer] });
const redirecting = listener(
  "http",
  { ...http, loadBalancerArn: UNKNOWN, defaultActions: [redirect] },
  { loadBalancerArn: [outside] },
);
const ruleOf = (actions: unknown, conditions: unknown = []) =>
  listenerRule("exception", { actions, conditions, listenerArn: UNKNOWN }, { listenerArn: [redirecting] });
const toAcme = [{ pathPattern: { values: ["/.well-known/acme-challenge/*"] } }];

const programs: Program[] = [
  ["an internal load balancer listens to HTTP", [inside, serving("http", inside)], passes],
  [
    "a public one does, beside an internal one",
    [inside, outside, serving("in", inside), serving("out", outside)],
    refuses(/Listener out/),
  ],
  [
    "a public one does, though an internal one came first",
    [inside, serving("in", inside), outside, serving("out", outside)],
    refuses(/Listener out/),
  ],
  [
    "a public one is told by its ARN",
    [
      { ...outside, properties: { arn: "arn:1" } },
      listener("http", { ...http, loadBalancerArn: "arn:1", defaultActions: [forward] }),
    ],
    refuses(/Listener http/),
  ],
  [
    "a rule forwards before the redirect",
    [outside, redirecting, ruleOf([forward])],
    refuses(/Rule exception answers some requests to the clear-text listener http/),
  ],
  ["a rule redirects too", [outside, redirecting, ruleOf([redirect])], passes],
  [
    "a rule refuses",
    [
      outside,
      redirecting,
      ruleOf([{ type: "fixed-response", fixedResponse: { contentType: "text/plain", statusCode: "404" } }]),
    ],
    passes,
  ],
  ["a rule serves ACME challenges", [outside, redirecting, ruleOf([forward], toAcme)], passes],
  ["a rule isn't known yet", [outside, redirecting, ruleOf(UNKNOWN)], undecided(/whether rule exception/)],
];

describe("policy https-managed: listeners", () => checkTable(httpsManaged, listenerCases));
describe("policy https-managed: programs", () => checkPrograms(httpsManaged, programs));
