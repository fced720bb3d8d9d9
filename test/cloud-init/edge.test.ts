import assert from "node:assert/strict";
import { edgeFiles, startEdge } from "./edge-room";
import { runInMachineImage } from "./machine-image";
import { distributed } from "./topologies";

const site = "https://www.foobar.com";
const overHttp = "http://172.30.0.51";

/** A web server, as its load balancers reach it. */
const web = "https://web-1:8080/ --resolve web-1:8080:172.30.0.11";

/** curl's arguments for each question. */
const requests = {
  page: `${site}/some/page?a=b`,
  pagePublished: "https://www.foobar.com:8443/ --connect-to ::172.30.0.51:443",
  http1: `--http1.1 ${site}/up`,
  liar: `${site}/ -H 'X-Forwarded-For: 1.2.3.4' -H 'X-Forwarded-Host: evil.example' -H 'X-Load-Balancer: mine' -H 'X-Waited-For-Primary: 10' -H 'Forwarded: for=1.2.3.4' -H 'X_Forwarded_For: 1.2.3.4' -H 'X-Client-IP: 1.2.3.4' -H 'X-Original-URL: /admin' -H 'X-Rewrite-URL: /admin' -H 'X-Web-Server: mine' -H 'Proxy: evil.example'`,
  stranger: `${site}/ -H 'Host: evil.example'`,
  localhost: "https://localhost/up --connect-to ::172.30.0.51:443",
  tls11: `--tls-max 1.1 --ciphers DEFAULT:@SECLEVEL=0 ${site}/up`,
  tls12: `--tls-max 1.2 ${site}/up`,
  redirect: `${overHttp}/a/b?c=d -H 'Host: WWW.foobar.com'`,
  redirectPublished: `${overHttp}/a -H 'Host: www.foobar.com:8080'`,
  redirectLocalhost: `${overHttp}/a -H 'Host: localhost:8080'`,
  redirectStranger: `${overHttp}/a -H 'Host: evil.example'`,
  style: `${site}/style.css`,
  styleVersion: `${site}/style.css?v=3`,
  directory: `${site}/docs`,
  health: `${site}/health`,
  healthEncoded: `${site}/%68ealth`,
  healthInside: "http://127.0.0.1:8080/health",
  hidden: `${site}/.env`,
  migrations: `${site}/migrations/001-first.sql`,
  migrationsDetour: `--path-as-is ${site}/docs/..//migrations/001-first.sql`,
  picture: `${site}/uploads/picture.jpg`,
  pictureAsPhp: `${site}/uploads/picture.jpg/x.php`,
  large: `${site}/ --data-binary @/tmp/large -H 'Expect:'`,
  direct: `${web} --cert machine.pem --key machine.key -H 'X-Forwarded-For: 1.2.3.4'`,
  webInClear: "http://172.30.0.11:8080/",
  webAsNobody: web,
  webAsImpostor: `${web} --cert /tmp/impostor.pem --key /tmp/impostor.key`,
  statistics: "http://172.30.0.51:8404/",
  metrics: "http://127.0.0.1:8404/metrics",
  nowhereToPut: `${site}/ --data-binary @/tmp/middling`,
  unavailableOnce: `${site}/once.php?read`,
  unavailableOnceForAWrite: `${site}/once.php?written --data x`,
  phpFails: `${site}/fails.php`,
  whileOthersWrite: `${site}/page`,
  writing: `${site}/slow.php --data x`,
  stopped: `${site}/stopped`,
  impostor: `${site}/up`,
} as const;

/** What happens before a question. */
const preparations: Record<string, string> = {
  // more than all PHP workers could answer, each for longer than the question waits
  whileOthersWrite:
    "for number in $(seq 40); do curl -s --http1.1 -H 'Host: www.foobar.com' --data x http://127.0.0.1:8080/slow.php >/dev/null & done; sleep 1; ",
  nowhereToPut: "chown root: /var/lib/nginx/body; chmod 700 /var/lib/nginx/body; ",
  stopped: 'kill "$(cat /run/php/php8.4-fpm.pid)"; sleep 0.5; ',
  // what answers at the web servers' addresses has another certificate
  impostor: "cp /tmp/impostor.pem machine.pem; cp /tmp/impostor.key machine.key; nginx -s reload; sleep 1; ",
};

interface Answer {
  /** Such as `HTTP/2`; what curl says when there is no answer. */
  readonly protocol: string;
  /** 0 when there is no answer. */
  readonly status: number;
  readonly headers: Map<string, string>;
  readonly body: string;
}

function parseAnswer(text: string): Answer {
  const [head = "", ...body] = text.split("\r\n\r\n");
  const [first = "", ...lines] = head.split("\r\n");
  const headers = lines.map((line): [string, string] => {
    const colon = line.indexOf(":");
    return [line.slice(0, colon).toLowerCase(), line.slice(colon + 1).trim()];
  });
  const [, protocol = text, status = "0"] = /^(HTTP\/\S+) (\d+)/.exec(first) ?? [];
  return { protocol, status: Number(status), headers: new Map(headers), body: body.join("\r\n\r\n") };
}

describe("edge and web server (HAProxy, Nginx and PHP-FPM in the machine image)", function () {
  this.timeout(60_000);
  let answers: Record<string, Answer>;

  before(() => {
    const curl = "curl -sS -i --max-time 5 --cacert ca.pem --resolve www.foobar.com:443:172.30.0.51";
    const asking = Object.entries(requests).map(
      ([name, request]) => `${preparations[name] ?? ""}printf '\\n### ${name}\\n'; ${curl} ${request} 2>&1`,
    );
    const { output } = runInMachineImage(
      edgeFiles(distributed),
      `${startEdge}\nhead --bytes 17M /dev/zero >/tmp/large\nhead --bytes 1M /dev/zero >/tmp/middling\n${asking.join("\n")}\nnginx -s stop`,
      ["--cap-add", "NET_ADMIN", "--network", "none"],
    );
    const blocks = output.split("\n### ").slice(1);
    answers = Object.fromEntries(
      blocks.map((block) => [block.slice(0, block.indexOf("\n")), parseAnswer(block.slice(block.indexOf("\n") + 1))]),
    );
    assert.equal(blocks.length, Object.keys(requests).length, output);
  });

  const answer = (name: keyof typeof requests) => answers[name] as Answer;
  const statuses = (...names: (keyof typeof requests)[]) => names.map((name) => answer(name).status);

  it("serves pages though every web server fails its check: better all than none", () => {
    assert.equal(answer("page").status, 200);
    assert.equal(answer("healthInside").status, 503);
    assert.match(answer("healthInside").body, /no database to read from/);
  });

  it("tells PHP what an application is promised: HTTPS, its secrets, where its database is", () => {
    const { server, environment, writable } = JSON.parse(answer("page").body);
    assert.equal(server.HTTPS, "on");
    assert.equal(server.REQUEST_URI, "/some/page?a=b");
    assert.equal(server.HTTP_X_LOAD_BALANCER, "lb-1");
    assert.equal(server.HTTP_X_FORWARDED_PROTO, "https");
    assert.equal(environment.DATABASE_PASSWORD, "secret-of-the-database");
    assert.equal(environment.SESSION_KEY, "0123456789abcdef");
    assert.equal(environment.DATABASE_WRITE_PORT, "6446");
    assert.equal(environment.DATABASE_READ_PORT, "6447");
    assert.equal(environment.MACHINE_NAME, "web-1");
    assert.equal(environment.SITE_DOMAIN, "www.foobar.com");
    assert.equal(writable, false, "PHP can change the application");
  });

  it("keeps the port that a person came by in the Host header", () => {
    assert.equal(JSON.parse(answer("pagePublished").body).server.HTTP_HOST, "www.foobar.com:8443");
  });

  it("believes nothing that a client says about its own way here", () => {
    const { server } = JSON.parse(answer("liar").body);
    assert.doesNotMatch(server.HTTP_X_FORWARDED_FOR, /1\.2\.3\.4/);
    assert.equal(server.HTTP_X_LOAD_BALANCER, "lb-1");
    assert.equal(server.HTTP_X_WEB_SERVER, "web-1");
    assert.doesNotMatch(JSON.stringify(server), /1\.2\.3\.4|evil\.example|\/admin|mine/);
    assert.ok(!server.HTTP_PROXY);
    assert.ok(!server.HTTP_X_WAITED_FOR_PRIMARY);
  });

  it("believes no X-Forwarded-For that doesn't come from a load balancer", () => {
    assert.notEqual(JSON.parse(answer("direct").body).server.REMOTE_ADDR, "1.2.3.4");
  });

  it("serves load balancers only: by TLS, to who has a certificate of the stack's authority", () => {
    assert.equal(answer("direct").status, 200);
    assert.deepEqual(statuses("webInClear", "webAsNobody", "webAsImpostor"), [400, 400, 400]);
  });

  it("refuses names that it doesn't serve, over HTTP as over HTTPS", () => {
    assert.deepEqual(statuses("stranger", "redirectStranger"), [421, 421]);
    assert.equal(answer("localhost").status, 200);
  });

  it("redirects port 80 to the same address by HTTPS, and a published port to the published one", () => {
    assert.deepEqual(statuses("redirect", "redirectPublished", "redirectLocalhost"), [301, 301, 301]);
    assert.equal(answer("redirect").headers.get("location"), "https://www.foobar.com/a/b?c=d");
    assert.equal(answer("redirectPublished").headers.get("location"), "https://www.foobar.com:8443/a");
    assert.equal(answer("redirectLocalhost").headers.get("location"), "https://localhost:8443/a");
  });

  it("asks browsers for HTTPS for two years, but not for everything on localhost", () => {
    for (const name of ["page", "style", "health"] as const) {
      assert.equal(answer(name).headers.get("strict-transport-security"), "max-age=63072000", name);
    }
    assert.ok(!answer("localhost").headers.has("strict-transport-security"));
    assert.ok(!answer("redirect").headers.has("strict-transport-security"));
  });

  it("tells browsers to be careful where the application says nothing about it, and nothing else where it does", () => {
    const careful = {
      "content-security-policy": "base-uri 'self'; frame-ancestors 'self'",
      "cross-origin-opener-policy": "same-origin-allow-popups",
      "cross-origin-resource-policy": "same-site",
      "referrer-policy": "strict-origin-when-cross-origin",
      "x-content-type-options": "nosniff",
    };
    for (const name of ["style", "stranger", "health"] as const)
      for (const [header, value] of Object.entries(careful))
        assert.equal(answer(name).headers.get(header), value, name);
    assert.equal(answer("page").headers.get("content-security-policy"), "default-src 'none'");
    assert.equal(answer("page").headers.get("referrer-policy"), careful["referrer-policy"]);
  });

  it("speaks TLS 1.2 and later only", () => {
    assert.deepEqual(statuses("tls12", "tls11"), [200, 0]);
    assert.match(answer("tls11").protocol, /alert protocol version/, "the server refused it, not curl");
  });

  it("speaks HTTP/2, and HTTP/1.1 to who doesn't", () => {
    assert.equal(answer("page").protocol, "HTTP/2");
    assert.equal(answer("http1").protocol, "HTTP/1.1");
  });

  it("does not say what it is made of", () => {
    for (const name of ["page", "style"] as const) {
      assert.ok(!answer(name).headers.has("server"));
      assert.ok(!answer(name).headers.has("x-powered-by"));
    }
  });

  it("serves static files itself, to be kept an hour, or for ever when their address has a version", () => {
    assert.equal(answer("style").body, "body { color: black }");
    assert.equal(answer("style").headers.get("cache-control"), "public, max-age=3600");
    assert.match(answer("styleVersion").headers.get("cache-control") ?? "", /immutable/);
    assert.match(answer("style").headers.get("content-type") ?? "", /^text\/css/);
  });

  it("redirects a directory without naming an inner port", () => {
    assert.equal(answer("directory").headers.get("location"), "/docs/");
  });

  it("shows /health, hidden files and migrations to nobody, however they are written", () => {
    assert.deepEqual(statuses("health", "healthEncoded", "hidden"), [404, 404, 404]);
    assert.deepEqual(statuses("migrations", "migrationsDetour"), [404, 404]);
  });

  it("never runs an upload as PHP", () => {
    assert.equal(answer("picture").headers.get("content-type"), "image/jpeg");
    assert.equal(answer("pictureAsPhp").status, 404);
  });

  it("refuses a body that is too large", () => {
    assert.equal(answer("large").status, 413);
  });

  it("shows statistics and metrics to the machine itself only", () => {
    assert.equal(answer("statistics").status, 0);
    assert.match(answer("metrics").body, /haproxy_server_status/);
  });

  it("makes pages while writing keeps all its workers busy", () => {
    assert.equal(answer("whileOthersWrite").status, 200);
    assert.equal(answer("writing").status, 0, "a write was answered, so not all were busy");
  });

  it("asks again when a web server says 503, but not for a write, which could happen twice", () => {
    assert.equal(answer("unavailableOnce").body, "made");
    assert.equal(answer("unavailableOnceForAWrite").status, 503);
  });

  it("answers 502, which is asked again elsewhere, for what goes wrong in Nginx itself, and leaves PHP's 500 alone", () => {
    assert.deepEqual(statuses("nowhereToPut", "phpFails"), [502, 500]);
  });

  it("answers 502 when PHP is away", () => {
    assert.equal(answer("stopped").status, 502);
  });

  it("sends nothing to a server that isn't a web server of the stack", () => {
    assert.equal(answer("impostor").status, 503);
  });
});
