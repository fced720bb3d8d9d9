import { httpsOnly } from "../../policy/rules/https-only";
import { cloudConfig, container, EDGE, userData } from "./machines";
import { type Case, checkTable, passes, refuses } from "./table";

const haproxy = (text: string) => userData({ "/etc/haproxy/haproxy.cfg": text });
const machine = (text: string) => container("lb-1", { roles: "load-balancer", userData: haproxy(text) });

const CLEAR = EDGE.replace(/ *http-request redirect.*\n/, "");
const STRICT = "http-after-response set-header Strict-Transport-Security max-age=31536000";
const ON_8080 =
  "defaults\n  mode http\nfrontend a\n  bind :8080\n  default_backend b\nbackend b\n  server a 10.0.0.2:80\n";

const haproxyCases: Case[] = [
  ["redirects in the same frontend", machine(EDGE), passes],
  [
    "serves port 80",
    machine(CLEAR),
    refuses(/^lb-1: .*port 80 \(frontend site, \/etc\/haproxy\/haproxy\.cfg, line 6\).*redirect/),
  ],
  ["serves clear text on another public port", machine(CLEAR.replace("bind :80", "bind :80-81")), refuses(/port 80 /)],
  ["redirects over IPv6 as well", machine(EDGE.replace("bind :80\n", "bind :80\n  bind :::80 v6only\n")), passes],
  ["serves clear text by IPv6 alone", machine(CLEAR.replace("bind :80\n", "bind :::80 v6only\n")), refuses(/port 80 /)],
  ["redirects by `if !{ ssl_fc }`", machine(EDGE.replace("unless { ssl_fc }", "if !{ ssl_fc }")), passes],
  [
    "redirects by a named ACL",
    machine(
      EDGE.replace(
        "  http-request redirect scheme https code 301 unless { ssl_fc }",
        "  acl secure ssl_fc\n  http-request redirect scheme https if !secure",
      ),
    ),
    passes,
  ],
  ["redirects by the old keyword", machine(EDGE.replace("http-request redirect", "redirect")), passes],
  ["redirects by location", machine(EDGE.replace("scheme https", "location https://%[hdr(host)]%[pathq]")), passes],
  ["redirects to http", machine(EDGE.replace("scheme https", "scheme http")), refuses(/port 80/)],
  [
    "redirects by location to http",
    machine(EDGE.replace("scheme https", "location http://www.foobar.com")),
    refuses(/port 80/),
  ],
  [
    "the redirect is a comment",
    machine(EDGE.replace("  http-request redirect", "  # http-request redirect")),
    refuses(/doesn't redirect/),
  ],
  ["redirects what comes over TLS", machine(EDGE.replace("unless", "if")), refuses(/doesn't redirect/)],
  [
    "redirects the front page only",
    machine(EDGE.replace("unless { ssl_fc }", "if { path / }")),
    refuses(/only some requests/),
  ],
  [
    "lets certificates be validated",
    machine(EDGE.replace("unless { ssl_fc }", "unless { ssl_fc } or { path_beg /.well-known/acme-challenge/ }")),
    passes,
  ],
  [
    "sends certificate validation to a backend",
    machine(
      EDGE.replace(
        "  default_backend web",
        "  use_backend acme if { path_beg /.well-known/acme-challenge/ }\n  default_backend web",
      ),
    ),
    passes,
  ],
  [
    "redirects except from a network",
    machine(EDGE.replace("unless { ssl_fc }", "unless { src 198.51.100.0/24 }")),
    refuses(/only some requests/),
  ],
  [
    "answers a path before the redirect",
    machine(
      EDGE.replace(
        "  http-request redirect",
        "  http-request return status 200 if { path /status }\n  http-request redirect",
      ),
    ),
    refuses(/answers some requests itself/),
  ],
  [
    "refuses other names before the redirect",
    machine(
      EDGE.replace(
        "  http-request redirect",
        "  http-request return status 421 unless { hdr(host) www.foobar.com }\n  http-request redirect",
      ),
    ),
    passes,
  ],
  [
    "refuses everything in clear text",
    machine(EDGE.replace("redirect scheme https code 301 unless", "deny unless")),
    passes,
  ],
  [
    "redirects in the backend",
    machine(
      "defaults\n  mode http\nfrontend a\n  bind :80\n  default_backend r\nbackend r\n  http-request redirect scheme https\n",
    ),
    passes,
  ],
  [
    "redirects in one of two backends",
    machine(
      "defaults\n  mode http\nfrontend a\n  bind :80\n  use_backend r if { path / }\n  default_backend w\nbackend r\n  http-request redirect scheme https\nbackend w\n  server a 10.0.0.2:80\n",
    ),
    refuses(/only some/),
  ],
  [
    "`listen` serves port 80",
    machine("listen a\n  mode http\n  bind :80\n  server a 10.0.0.2:80\n"),
    refuses(/listen a/),
  ],
  ["passes HTTP on as TCP", machine("listen a\n  mode tcp\n  bind :80\n  server a 10.0.0.2:80\n"), refuses(/port 80/)],
  ["passes TLS on as TCP", machine("listen a\n  mode tcp\n  bind :443\n  server a 10.0.0.2:443\n"), passes],
  ["balances MySQL", machine("listen a\n  mode tcp\n  bind :3306\n  server a 10.0.0.2:3306\n"), passes],
  [
    "statistics on loopback",
    machine(
      `${EDGE}frontend stats\n  mode http\n  bind 127.0.0.1:8404\n  bind [::1]:8404\n  bind /run/stats.sock\n  stats enable\n`,
    ),
    passes,
  ],
  ["a port that the host firewall keeps to neighbours", machine(ON_8080), passes],
  ["an address of its own, in clear text", machine(CLEAR.replace("bind :80", "bind 10.0.0.4:80")), refuses(/port 80/)],
  [
    "several addresses in one bind",
    machine(CLEAR.replace("bind :80", "bind 127.0.0.1:80,[::]:80")),
    refuses(/port 80/),
  ],
  [
    "a private port without a host firewall",
    container("lb-1", { userData: cloudConfig({ files: { "/etc/haproxy/haproxy.cfg": ON_8080 } }) }),
    refuses(/port 8080/),
  ],
  ["allows TLS 1.0 by default", machine(EDGE.replace("TLSv1.2", "TLSv1.0")), refuses(/allows TLSv1\.0 on port 443/)],
  [
    "allows TLS 1.1 on one line",
    machine(EDGE.replace("bind :443 ssl", "bind :443 ssl ssl-min-ver TLSv1.1")),
    refuses(/TLSv1\.1/),
  ],
  ["forces TLS 1.0", machine(EDGE.replace("bind :443 ssl", "bind :443 ssl force-tlsv10")), refuses(/tlsv10/)],
  [
    "one line demands more than the default",
    machine(EDGE.replace("TLSv1.2", "TLSv1.0").replace("bind :443 ssl", "bind :443 ssl ssl-min-ver TLSv1.3")),
    passes,
  ],
  ["leaves the lowest version to HAProxy (1.2)", machine(EDGE.replace(/ *ssl-default-bind-options.*\n/, "")), passes],
  ["no HSTS", machine(EDGE.replace(/ *http-after-response.*\n/, "")), refuses(/Strict-Transport-Security/)],
  ["HSTS switched off", machine(EDGE.replace("max-age=31536000", "max-age=0")), refuses(/Strict-Transport-Security/)],
  [
    "HSTS for some paths",
    machine(EDGE.replace('"max-age=31536000"', '"max-age=31536000" if { path_beg /a }')),
    refuses(/Strict-Transport-Security/),
  ],
  [
    "HSTS for the site's own name",
    machine(EDGE.replace('"max-age=31536000"', '"max-age=31536000" if { hdr(host) www.foobar.com }')),
    passes,
  ],
  [
    "HSTS in defaults",
    machine(EDGE.replace(/ *http-after-response.*\n/, "").replace("  mode http", `  mode http\n  ${STRICT}`)),
    passes,
  ],
  [
    "HSTS in the backend",
    machine(
      EDGE.replace(/ *http-after-response.*\n/, "").replace(
        "backend web\n",
        `backend web\n  ${STRICT.replace("after-", "")}\n`,
      ),
    ),
    passes,
  ],
  [
    "HSTS in a comment",
    machine(EDGE.replace("  http-after-response", "  #http-after-response")),
    refuses(/Strict-Transport-Security/),
  ],
  [
    "a configuration in several files",
    container("lb-1", {
      userData: userData({
        "/etc/haproxy/haproxy.cfg": `defaults web\n  mode http\n  ${STRICT}\n`,
        "/etc/haproxy/conf.d/edge.cfg":
          "frontend a from web\n  bind :80\n  bind :443 ssl crt x\n  http-request redirect scheme https unless { ssl_fc }\n",
      }),
    }),
    passes,
  ],
  [
    "a folder of its own serves port 80",
    container("lb-1", { userData: userData({ "/etc/haproxy/conf.d/edge.cfg": "frontend b\n  bind :80\n" }) }),
    refuses(/conf\.d\/edge\.cfg, line 2/),
  ],
  [
    "a container's own configuration file",
    {
      ...container("proxy"),
      properties: { uploads: [{ file: "/usr/local/etc/haproxy/haproxy.cfg", content: CLEAR }] },
    },
    refuses(/port 80/),
  ],
];

describe("policy https-only: HAProxy", () => checkTable(httpsOnly, haproxyCases));
