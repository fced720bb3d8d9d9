import { httpsManaged } from "../../policy/rules/https-managed";
import { UNKNOWN } from "./pack";
import { type Case, checkTable, passes, refuses, undecided } from "./table";

const listener = (properties: Record<string, unknown>, type = "aws:lb/listener:Listener") => ({
  type,
  name: "http",
  properties,
});
const redirect = { type: "redirect", redirect: { protocol: "HTTPS", port: "443", statusCode: "HTTP_301" } };
const forward = { type: "forward", targetGroupArn: "arn" };
const listenerCases: Case[] = [
  ["redirects to HTTPS", listener({ protocol: "HTTP", port: 80, defaultActions: [redirect] }), passes],
  [
    "forwards",
    listener({ protocol: "HTTP", port: 80, defaultActions: [forward] }),
    refuses(/Listener http answers clear-text HTTP on port 80/),
  ],
  [
    "forwards, by the older name of the type",
    listener({ protocol: "HTTP", defaultActions: [forward] }, "aws:alb/listener:Listener"),
    refuses(/Listener http/),
  ],
  [
    "forwards, in lower case",
    listener({ protocol: "http", port: 80, defaultActions: [forward] }),
    refuses(/Listener http/),
  ],
  [
    "redirects to HTTP",
    listener({
      protocol: "HTTP",
      port: 80,
      defaultActions: [{ type: "redirect", redirect: { protocol: "HTTP", port: "8080" } }],
    }),
    refuses(/Listener/),
  ],
  [
    "redirects to HTTPS on port 80",
    listener({ protocol: "HTTP", port: 80, defaultActions: [{ type: "redirect", redirect: { protocol: "HTTPS" } }] }),
    refuses(/Listener/),
  ],
  [
    "one action of two redirects",
    listener({ protocol: "HTTP", port: 80, defaultActions: [redirect, forward] }),
    refuses(/Listener/),
  ],
  [
    "unknown actions",
    listener({ protocol: "HTTP", port: 80, defaultActions: UNKNOWN }),
    undecided(/default actions aren't known/),
  ],
  [
    "one action known and wrong",
    listener({ protocol: "HTTP", port: 80, defaultActions: [UNKNOWN, forward] }),
    refuses(/Listener/),
  ],
  [
    "unknown target group",
    listener({ protocol: "HTTP", port: 80, defaultActions: [{ type: "forward", targetGroupArn: UNKNOWN }] }),
    refuses(/Listener/),
  ],
  [
    "unknown protocol",
    listener({ protocol: UNKNOWN, port: 80, defaultActions: [forward] }),
    undecided(/protocol isn't known/),
  ],
  [
    "HTTPS from TLS 1.2",
    listener({ protocol: "HTTPS", sslPolicy: "ELBSecurityPolicy-TLS13-1-2-2021-06", defaultActions: [forward] }),
    passes,
  ],
  [
    "HTTPS from TLS 1.3",
    listener({ protocol: "HTTPS", sslPolicy: "ELBSecurityPolicy-TLS13-1-3-2021-06", defaultActions: [forward] }),
    passes,
  ],
  [
    "HTTPS with forward secrecy from TLS 1.2",
    listener({ protocol: "HTTPS", sslPolicy: "ELBSecurityPolicy-FS-1-2-Res-2020-10", defaultActions: [forward] }),
    passes,
  ],
  [
    "HTTPS from TLS 1.1",
    listener({ protocol: "HTTPS", sslPolicy: "ELBSecurityPolicy-TLS-1-1-2017-01", defaultActions: [forward] }),
    refuses(/TLS 1\.1/),
  ],
  [
    "HTTPS with the provider's default (TLS 1.0)",
    listener({ protocol: "HTTPS", defaultActions: [forward] }),
    refuses(/TLS 1\.0/),
  ],
  ["TCP of a network load balancer", listener({ protocol: "TCP", port: 443, defaultActions: [forward] }), passes],
];

describe("policy https-managed: managed load balancers", () => checkTable(httpsManaged, listenerCases));
