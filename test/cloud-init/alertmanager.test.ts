import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import path from "node:path";
import { alertRoutes } from "../../alerts";
import { machineFiles } from "../../cloud-init";
import { planTopology } from "../../topology";
import { file, runInMachineImage } from "./machine-image";
import { machine, smallMachine } from "./topologies";

const PASSWORD = "p@ss word";
const domain = "www.foobar.com";
const topology = planTopology({
  preset: "highly-available",
  stack: "test",
  domain,
  addressRange: "172.30.0.0/24",
  size: smallMachine,
  alerts: alertRoutes({
    domain,
    alertEmail: "ops@example.com, boss@example.com",
    alertSmtp: `smtps://alerts%40example.com:${encodeURIComponent(PASSWORD)}@localhost`,
    alertWebhook: "http://172.30.0.12:9999/hook",
  }),
});

/** What Prometheus says of a rule. */
const rule = (name: string, state: string, health = "ok") => ({
  name,
  state,
  health,
  labels: { severity: "critical" },
});
const rules = (...all: ReturnType<typeof rule>[]) =>
  file("/tmp/rules.json", JSON.stringify({ data: { groups: [{ rules: all }] } }));

/** Alertmanager with the machine's own configuration, which is only less patient here. */
const script = `
  ip address add 172.30.0.12/32 dev lo
  openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj /CN=localhost -days 1 \\
    -addext subjectAltName=DNS:localhost -keyout /tmp/mail.key -out /tmp/mail.crt 2>/dev/null
  cat /tmp/mail.crt /tmp/mail.key >/tmp/mail.pem
  mkdir -p /etc/prometheus/secrets
  printf '${PASSWORD}' >/etc/prometheus/secrets/alert-smtp-password
  printf http://172.30.0.12:9999/hook >/etc/prometheus/secrets/alert-webhook-url
  sed -i 's/group_wait: .*/group_wait: 200ms/; s/group_interval: .*/group_interval: 1s/' /etc/prometheus/alertmanager.yml
  python3 /receivers.py >>/tmp/told 2>&1 &
  api=http://172.30.0.12:9093
  start() {
    SSL_CERT_FILE=/tmp/mail.crt prometheus-alertmanager --config.file=/etc/prometheus/alertmanager.yml --log.level=warn \\
      --storage.path=/tmp/alertmanager --web.listen-address=172.30.0.12:9093 --cluster.listen-address= &
    alertmanager=$!
    for attempt in $(seq 100); do curl -sf $api/-/ready >/dev/null && break; sleep 0.1; done
  }
  again() { kill $alertmanager; wait $alertmanager; start; }
  fires() { curl -sS -H 'Content-Type: application/json' $api/api/v2/alerts --data \\
    '[{"labels":{"alertname":"'$1'","severity":"critical","stack":"test"},"annotations":{"summary":"'$1'"}}]'; sleep 2.5; }
  told() { echo "### $1"; cat /tmp/told; : >/tmp/told; }
  rules() { cp "/rules-$1.json" /tmp/rules.json; }
  start
  fires QuorumOneFailureAway; told first
  again; fires QuorumOneFailureAway; told silence
  again
  rules early; timeout 2 alerts-ended; told early
  rules pending; alerts-ended; sleep 1.5; told pending
  rules quiet; alerts-ended; sleep 1.5; told ended
  fires QuorumOneFailureAway; told second
  alerts-ended; sleep 1.5; told still-firing
`;

interface Told {
  readonly by: "mail" | "webhook";
  readonly status?: string;
  readonly names?: string[];
  readonly subject?: string;
  readonly [more: string]: unknown;
}

describe("an Alertmanager (the machine's own configuration, in the machine image)", function () {
  this.timeout(60_000);
  const told: Record<string, Told[]> = {};
  let output = "";

  before(() => {
    const quiet = [rule("QuorumOneFailureAway", "inactive"), rule("NoPrimary", "inactive")];
    const files = [
      ...machineFiles(topology, machine(topology, "web-2"), ""),
      file("/receivers.py", readFileSync(path.join(__dirname, "receivers.py"), "utf8")),
      { ...rules(...quiet, rule("Latency", "inactive", "unknown")), path: "/rules-early.json" },
      { ...rules(rule("QuorumOneFailureAway", "pending")), path: "/rules-pending.json" },
      { ...rules(...quiet), path: "/rules-quiet.json" },
    ];
    ({ output } = runInMachineImage(files, script, ["--cap-add", "NET_ADMIN", "--network", "none"]));
    for (const block of output.split(/^### /m).slice(1)) {
      const [name = "", ...lines] = block.split("\n");
      told[name] = lines.filter((line) => line.startsWith("{")).map((line) => JSON.parse(line));
    }
  });

  const webhooks = (step: string) => (told[step] ?? []).filter(({ by }) => by === "webhook");
  const mails = (step: string) => (told[step] ?? []).filter(({ by }) => by === "mail");

  it("tells a webhook and everybody who gets e-mail, once, over TLS and with the password", () => {
    assert.deepEqual(
      webhooks("first").map(({ status, names, path }) => [status, names, path]),
      [["firing", ["QuorumOneFailureAway"], "/hook"]],
      output,
    );
    assert.deepEqual(
      mails("first").map(({ subject, recipients, credentials, from }) => [subject, recipients, credentials, from]),
      [
        [
          "[test] FIRING: QuorumOneFailureAway",
          ["ops@example.com", "boss@example.com"],
          `alerts@example.com ${PASSWORD}`,
          `alerts@${domain}`,
        ],
      ],
      output,
    );
  });

  it("keeps silent about what it told before it was replaced, had nobody said that it ended: why there is alerts-ended", () => {
    assert.deepEqual(told.silence, []);
  });

  it("is told nothing before every rule was judged, and nothing of what is about to fire", () => {
    assert.deepEqual([told.early, told.pending], [[], []]);
    assert.match(output, /waiting: not every rule has been judged yet/);
  });

  it("tells then that it ended, and of nothing else", () => {
    assert.deepEqual(
      webhooks("ended").map(({ status, names }) => [status, names]),
      [["resolved", ["QuorumOneFailureAway"]]],
      output,
    );
    assert.deepEqual(
      mails("ended").map(({ subject }) => subject),
      ["[test] RESOLVED: QuorumOneFailureAway"],
    );
  });

  it("tells it the next time", () => {
    assert.deepEqual(
      webhooks("second").map(({ status, names }) => [status, names]),
      [["firing", ["QuorumOneFailureAway"]]],
    );
    assert.equal(mails("second").length, 1);
  });

  it("isn't disturbed while another monitor sees it fire", () => {
    assert.deepEqual(told["still-firing"], []);
  });
});
