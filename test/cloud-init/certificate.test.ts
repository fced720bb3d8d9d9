import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { machineFiles, secretNames } from "../../cloud-init";
import { flows } from "../../topology";
import { file, runInMachineImage } from "./machine-image";
import { acme, machine, scaleUp } from "./topologies";

/** A load balancer, its neighbour and its directory's authority, in one container; nobody answers as the directory. */
const start = `
  for address in 51 52; do ip address add 172.30.0.$address/32 dev lo; done
  mkdir -p /var/lib/machine/secrets /run/haproxy
  cd /var/lib/machine/secrets
  openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj /CN=authority -days 900 \\
    -addext keyUsage=critical,keyCertSign -keyout /tmp/ca.key -out ca.pem 2>/dev/null
  issue() { # name, alternative names, days, file
    openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj "/CN=$1" -days "$3" -CA ca.pem \\
      -CAkey /tmp/ca.key -addext "subjectAltName=$2" -addext basicConstraints=CA:FALSE -keyout "$4.key" -out "$4.pem" 2>/dev/null
  }
  issue www.foobar.com DNS:www.foobar.com 800 /tmp/site
  cat /tmp/site.pem /tmp/site.key >site.pem
  cp ca.pem site-ca.pem
  openssl genrsa -out acme-account.key 2048 2>/dev/null
  echo ACME_THUMBPRINT=abc-123 >acme-thumbprint
  issue lb-1 DNS:lb-1,IP:172.30.0.51 99 machine
  /usr/local/lib/machine/setup.d/25-haproxy
  served=/var/lib/machine/certificate
  state() { python3 -c 'import json, sys; print(json.dumps(json.load(open("/var/lib/machine/certificate/state.json"))))'; }
  issuer() { openssl x509 -in $served/site.pem -noout -subject; }
  say() { printf '\\n### %s\\n' "$1"; }
  curl="curl -sS -i --max-time 5 --resolve www.foobar.com:80:172.30.0.51"

  say first; /usr/local/lib/machine/setup.d/26-certificate 2>/dev/null; state
  say unreachable; machine-certificate renew 2>&1; echo "exit $?"; state; cmp $served/site.pem site.pem && echo the same

  . /etc/default/haproxy; set -a; . ./acme-thumbprint; set +a
  issue real DNS:www.foobar.com 90 /tmp/real
  { echo '# from https://127.0.0.1:14000/dir'; cat /tmp/real.pem /tmp/real.key; } >$served/site.pem
  haproxy -W -D -f /etc/haproxy/haproxy.cfg $EXTRAOPTS 2>/dev/null

  say challenge; $curl http://www.foobar.com/.well-known/acme-challenge/a_token-1
  say odd; $curl 'http://www.foobar.com/.well-known/acme-challenge/%3Cscript%3E'
  say deeper; $curl http://www.foobar.com/.well-known/acme-challenge/a/b
  say other; curl -sS -i --max-time 5 http://172.30.0.51/.well-known/acme-challenge/a_token-1
  say rest; $curl http://www.foobar.com/.well-known/security.txt

  ask="curl -sS --max-time 5 --cacert ca.pem https://172.30.0.51:8444/"
  say nobody; $ask 2>&1
  issue web-1 DNS:web-1 99 /tmp/web
  say web; $ask --cert /tmp/web.pem --key /tmp/web.key
  cp -r $served /tmp/before
  issue lb-2 DNS:lb-2,IP:172.30.0.52 99 machine
  sed -i 's/"lb-2": .*/"lb-1": "https:\\/\\/172.30.0.51:8444\\/"/' /etc/machine/certificate.json
  rm $served/*; say neighbour; machine-certificate first 2>/dev/null; issuer; state; stat -c %a $served/site.pem
  say hourly; machine-certificate renew 2>/dev/null; echo "exit $?"
  issue old DNS:www.foobar.com 800 /tmp/old
  { echo '# from https://elsewhere/dir'; cat /tmp/old.pem /tmp/old.key; } >$served/site.pem
  say elsewhere; machine-certificate renew 2>/dev/null; echo "exit $?"; issuer
`;

describe("the certificate from an ACME directory (on a load balancer)", function () {
  this.timeout(60_000);
  const answers: Record<string, string> = {};

  before(() => {
    const { output } = runInMachineImage(machineFiles(acme, machine(acme, "lb-1"), ""), start, [
      "--cap-add",
      "NET_ADMIN",
      "--network",
      "none",
    ]);
    for (const block of output.split("\n### ").slice(1)) {
      const end = block.indexOf("\n");
      answers[block.slice(0, end)] = block.slice(end + 1).trim();
    }
    assert.equal(Object.keys(answers).length, 12, output);
  });

  const answer = (name: string) => answers[name] as string;

  it("is by the stack's own authority at first: nothing has to be reachable for a machine to serve", () => {
    const { fromDirectory, problem } = JSON.parse(answer("first"));
    assert.deepEqual([fromDirectory, problem], [false, null]);
  });

  it("stays when the directory can't be reached, and the machine knows why", () => {
    assert.match(answer("unreachable"), /exit 75\n/);
    assert.match(answer("unreachable"), /"problem": "https:\/\/127\.0\.0\.1:14000\/dir: .*Connection refused"/);
    assert.match(answer("unreachable"), /the same$/);
  });

  it("is validated by any load balancer, without having heard of the order", () => {
    assert.match(answer("challenge"), /^HTTP\/1\.1 200 [\s\S]*content-type: text\/plain\r\n\r\na_token-1\.abc-123$/);
  });

  it("leaves everything else on port 80 redirected", () => {
    for (const name of ["odd", "deeper", "other", "rest"])
      assert.match(answer(name), /^HTTP\/1\.1 301 [\s\S]*location: https:/, name);
  });

  it("is shown with its key to the other load balancers, and to nobody else", () => {
    assert.match(answer("nobody"), /certificate required/);
    assert.match(answer("web"), /403 Forbidden/);
    assert.match(answer("neighbour"), /CN ?= ?real/);
    assert.match(answer("neighbour"), /"fromDirectory": true/);
    assert.match(answer("neighbour"), /600$/);
    assert.equal(answer("hourly"), "exit 0");
  });

  it("of another directory is replaced by a neighbour's from this one, though it ends sooner", () => {
    assert.match(answer("elsewhere"), /^exit 0\n.*CN ?= ?real$/);
  });

  it("is judged, and errors of directories explained, as a table of situations says (unittest)", () => {
    const name = "certificate_test.py";
    const files = [
      ...machineFiles(acme, machine(acme, "lb-1"), ""),
      file(`/tmp/${name}`, readFileSync(join(__dirname, name), "utf8")),
    ];
    const { status, output } = runInMachineImage(files, `cd /tmp && python3 -m unittest ${name}`);
    assert.equal(status, 0, output);
    assert.match(output, /Ran 7 tests/);
  });
});

describe("files for the certificate from an ACME directory", () => {
  const paths = (topology: typeof acme, name: string) =>
    machineFiles(topology, machine(topology, name), "").map(({ path }) => path);

  it("are on load balancers only, and only where the settings ask for one", () => {
    const own = (topology: typeof acme, name: string) =>
      paths(topology, name).filter((path) => /certificate|acme/.test(path)).length;
    assert.equal(own(acme, "lb-1"), 7);
    assert.deepEqual([own(acme, "web-1"), own(acme, "db-1"), own(scaleUp, "lb-1")], [0, 0, 0]);
    const secrets = (topology: typeof acme, name: string) =>
      secretNames(topology, machine(topology, name)).filter((secret) => secret.startsWith("acme"));
    assert.deepEqual(secrets(acme, "lb-2"), ["acme-account.key", "acme-thumbprint"]);
    assert.deepEqual([...secrets(acme, "web-1"), ...secrets(scaleUp, "lb-1")], []);
  });

  it("come with a way between the load balancers, which a single one doesn't need", () => {
    const ways = (topology: typeof acme) => flows(topology).filter(({ port }) => port === 8444);
    assert.deepEqual(
      ways(acme).map(({ from, to }) => [from, to]),
      [["load-balancer", "load-balancer"]],
    );
    const single = { ...acme, machines: acme.machines.filter(({ name }) => name !== "lb-2") };
    assert.deepEqual([...ways(single), ...ways(scaleUp)], []);
    assert.ok(!paths(single, "lb-1").includes("/etc/haproxy/conf.d/12-certificate.cfg"));
  });
});
