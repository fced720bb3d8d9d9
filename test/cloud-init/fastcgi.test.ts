import assert from "node:assert/strict";
import { machineFiles } from "../../cloud-init";
import { application } from "./edge-room";
import { runInMachineImage } from "./machine-image";
import { machine, scaleUp } from "./topologies";

/** A web server and an application server in one container that has the addresses of both; no database. */
const start = `
  for address in 11 131; do ip address add 172.30.0.$address/32 dev lo; done
  mkdir -p /var/lib/machine/secrets /run/php /run/haproxy
  cd /var/lib/machine/secrets
  openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj /CN=authority -days 1 \\
    -keyout /tmp/ca.key -out ca.pem 2>/dev/null
  issue() { # name, file
    openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj "/CN=$1" -days 1 -CA ca.pem -CAkey /tmp/ca.key \\
      -addext subjectAltName=DNS:web-1,DNS:app-1,DNS:app-2 -keyout "$2.key" -out "$2.pem" 2>/dev/null
  }
  # one certificate for both machines: the application server is asked for by its other names
  issue web-1 machine
  issue db-1 /tmp/other
  printf secret-of-the-database >database-application-password
  printf 0123456789abcdef >session-key
  tar --create --file /var/lib/machine/application.tar --directory /application .
  systemd-sysusers /etc/sysusers.d/php.conf 2>/dev/null
  /usr/local/lib/machine/setup.d/25-haproxy
  /usr/local/lib/machine/setup.d/30-application-files
  /usr/local/lib/machine/setup.d/40-application-secrets
  php-fpm8.4 --daemonize
  nginx 2>/dev/null
  . /etc/default/haproxy
  haproxy -W -D -f /etc/haproxy/haproxy.cfg $EXTRAOPTS 2>/dev/null
  sleep 1
  page() { curl -sS -o "$1" --write-out '%{http_code}' http://127.0.0.1:8080/ 2>&1; }
  ask() { timeout 5 openssl s_client -quiet -connect 172.30.0.131:9000 "$@" </dev/null 2>&1; }
  say() { printf '\\n### %s\\n' "$1"; }
  say page; page /tmp/page; grep -c HTTP_X_WEB_SERVER /tmp/page
  say clear; ss -Hltn | awk '{ print $4 }' | grep -E ':900[03]$' | sort
  say nobody; ask | grep -o 'alert certificate required'
  # refused before anything is answered; a web server's connection waits for FastCGI, until the time is over
  say other; ask -cert /tmp/other.pem -key /tmp/other.key >/tmp/log; echo $?
  say web; timeout 2 sh -c 'sleep 3 | openssl s_client -quiet -connect 172.30.0.131:9000 -cert machine.pem -key machine.key' >/dev/null 2>&1; echo $?
  say stranger; cp /tmp/other.pem machine.pem; cp /tmp/other.key machine.key; /usr/local/lib/machine/setup.d/25-haproxy
  kill -USR2 "$(pgrep -o haproxy)"; sleep 1; page /dev/null
`;

describe("PHP on machines of its own (HAProxy, Nginx and PHP-FPM in the machine image)", function () {
  this.timeout(60_000);
  const answers: Record<string, string> = {};

  before(() => {
    const files = ["web-1", "app-1"].flatMap((name) => machineFiles(scaleUp, machine(scaleUp, name), ""));
    const own = files.filter(({ path }) => !path.endsWith("20-database.cfg"));
    const options = ["--cap-add", "NET_ADMIN", "--network", "none"];
    const { output } = runInMachineImage([...own, ...application], start, options);
    for (const block of output.split("\n### ").slice(1)) {
      const end = block.indexOf("\n");
      answers[block.slice(0, end)] = block.slice(end + 1).trim();
    }
    assert.equal(Object.keys(answers).length, 6, output);
  });

  it("answers its web servers, by FastCGI over TLS", () => assert.equal(answers.page, "2001"));

  it("listens in clear on loopback only", () =>
    assert.deepEqual(answers.clear?.split("\n"), ["127.0.0.1:9000", "127.0.0.1:9003", "172.30.0.131:9000"]));

  it("gives nobody an answer who has no certificate, or that of another machine than a web server", () => {
    assert.equal(answers.nobody, "alert certificate required");
    assert.notEqual(answers.other, "124");
    assert.equal(answers.web, "124", "a web server may ask");
    assert.equal(answers.stranger, "502");
  });
});
