import assert from "node:assert/strict";
import { machineFiles } from "../../cloud-init";
import { file, runInMachineImage } from "./machine-image";
import { distributed, machine } from "./topologies";

/** HAProxy, Nginx and PHP-FPM as on the machines, in one container that has the addresses of all three. No database. */
const start = `
  for address in 51 11 12; do ip address add 172.30.0.$address/32 dev lo; done
  mkdir -p /var/lib/machine/secrets /run/php /run/haproxy
  cd /var/lib/machine/secrets
  openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj /CN=test -days 1 \\
    -addext subjectAltName=DNS:www.foobar.com,DNS:localhost -keyout /tmp/key.pem -out ca.pem 2>/dev/null
  cat ca.pem /tmp/key.pem >site.pem
  # one certificate for all machines here; an impostor's is signed by nobody
  openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj /CN=web -days 1 -CA ca.pem -CAkey /tmp/key.pem \\
    -addext subjectAltName=DNS:web-1,DNS:web-2 -keyout machine.key -out machine.pem 2>/dev/null
  openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj /CN=impostor -days 1 \\
    -keyout /tmp/impostor.key -out /tmp/impostor.pem 2>/dev/null
  printf secret-of-the-database >database-application-password
  printf 0123456789abcdef >session-key
  chmod -R go-rwx . /var/lib/machine/secrets
  tar --create --file /var/lib/machine/application.tar --directory /application .
  /usr/local/lib/machine/setup.d/25-haproxy
  /usr/local/lib/machine/setup.d/30-application-files
  /usr/local/lib/machine/setup.d/40-application-secrets
  php-fpm8.4 --daemonize
  nginx
  . /etc/default/haproxy
  haproxy -W -D -f /etc/haproxy/haproxy.cfg $EXTRAOPTS
  # until both web servers have failed their checks: there is no database to read from
  for attempt in $(seq 50); do
    curl -s 'http://127.0.0.1:8404/;csv' | grep -c '^web,web-[12],.*,DOWN,' | grep -q 2 && break
    sleep 0.1
  done
`;

const application = [
  file("/application/style.css", "body { color: black }"),
  file("/application/.env", "PASSWORD=1"),
  file("/application/migrations/001-first.sql", "SELECT 1;"),
  file("/application/uploads/picture.jpg", "<?php echo 'ran as PHP';"),
  file("/application/docs/index.html", "docs"),
  file(
    "/application/index.php",
    `<?php header('Content-Type: application/json');
     echo json_encode(['server' => $_SERVER, 'environment' => getenv(), 'writable' => is_writable(__DIR__)]);`,
  ),
];

const site = "https://www.foobar.com";
const overHttp = "http://172.30.0.51";

/** A web server, as its load balancers reach it. */
const web = "https://web-1:8080/ --resolve web-1:8080:172.30.0.11";

/** curl's arguments for each question. */
const requests = {
  page: `${site}/some/page?a=b`,
  pagePublished: "https://www.foobar.com:8443/ --connect-to ::172.30.0.51:443",
  http1: `--http1.1 ${site}/up`,
  liar: `${site}/ -H 'X-Forwarded-For: 1.2.3.4' -H 'X-Forwarded-Host: evil.example' -H 'X-Load-Balancer: mine' -H 'Forwarded: for=1.2.3.4' -H 'Proxy: evil.example'`,
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
  stopped: `${site}/stopped`,
  impostor: `${site}/up`,
} as const;

/** What happens before a question. */
const preparations: Record<string, string> = {
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
    const files = ["web-1", "lb-1"].flatMap((name) => machineFiles(distributed, machine(distributed, name), ""));
    const { output } = runInMachineImage(
      [...files.filter(({ path }) => !path.endsWith("20-database.cfg")), ...application],
      `${start}\nhead --bytes 17M /dev/zero >/tmp/large\n${asking.join("\n")}\nnginx -s stop`,
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
    for (const name of ["HTTP_X_FORWARDED_HOST", "HTTP_FORWARDED"]) assert.equal(server[name], undefined, name);
    assert.ok(!server.HTTP_PROXY);
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

  it("answers 502 when PHP is away", () => {
    assert.equal(answer("stopped").status, 502);
  });

  it("sends nothing to a server that isn't a web server of the stack", () => {
    assert.equal(answer("impostor").status, 503);
  });
});
