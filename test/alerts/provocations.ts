import { setTimeout as sleep } from "node:timers/promises";
import { background, type Groups, onAll, script } from "./provocation";
import { sharedProvocations } from "./shared";

/** A certificate that ends in five days, where the machine's own was; no service reads it before it starts again. */
const SHORT = `cp /var/lib/machine/secrets/machine.pem /run/machine.pem
  openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj /CN=short -keyout /dev/null \\
    -not_before 20200101000000Z -not_after "$(date --utc --date '5 days' +%Y%m%d%H%M%SZ)" \\
    -out /var/lib/machine/secrets/machine.pem 2>/dev/null`;

/** Fills the memory to 94 %, as machine-measure counts it. */
const HOLD = `machine-measure
  used=$(sed -n 's/^machine_memory_used_bytes //p' /var/lib/prometheus/node-exporter/machine.prom)
  ${background("memory", `python3 -c 'import sys, time; held = bytearray(int(sys.argv[1])); time.sleep(600)'`)} \\
    $((1024 * 1048576 * 94 / 100 - used))`;

/** Nine of ten connections that MySQL takes, by one program. */
const CONNECT = `cat >/run/connect.php <<'END'
<?php
  $open = [];
  $wanted = (new mysqli('localhost', 'root'))->query('SELECT FLOOR(@@max_connections * 0.9)')->fetch_row()[0];
  while (count($open) < $wanted) $open[] = new mysqli('localhost', 'root');
  sleep(600);
END
  ${background("connections", "php8.4 /run/connect.php")}`;

/** Backups stop, and the machine whose turn it was says that the last copy was made two hours ago, and a full one was due. */
const STALE = `systemctl stop machine-backup.timer machine-backup.service
  measures=/var/lib/prometheus/node-exporter/backup.prom
  before=$(date --date '2 hours ago' +%s)
  if [ -f $measures ]; then sed -i -E "s/^(backup_(last_logs|next_full)_timestamp_seconds) .*/\\1 $before/" $measures; fi`;

/** The application's first page is another one for a while. */
const replacePage = (page: string) => `echo '<?php ${page}' >/run/broken.php
  mount --bind /run/broken.php "$(readlink -f /srv/www/public/index.php)"; systemctl reload php8.4-fpm`;
const MEND = `umount "$(readlink -f /srv/www/public/index.php)"; systemctl reload php8.4-fpm`;

/** More requests than there are workers, each as long as a worker may take. */
const BUSY = `echo '<?php sleep(60);' >/srv/www/public/slow.php
  ${background("busy", `sh -c 'for _ in $(seq 4); do for _ in $(seq 40); do curl -sm 60 -o /dev/null http://127.0.0.1:8080/slow.php & done; wait; done'`)}`;

/** The application's first page takes so long; no other one, so that nothing queues. */
const replaceFirstPage = (seconds: number) => `page=$(readlink -f /srv/www/public/index.php)
  cp "$page" "\${page%.php}.before.php"
  ${replacePage(`if ($_SERVER["REQUEST_URI"] === "/") usleep(${seconds * 1e6}); require __DIR__ . "/index.before.php";`)}`;

const MEND_FIRST_PAGE = `${MEND}; rm "$(readlink -f /srv/www/public)/index.before.php"`;

export const provocations: Groups = [
  [
    script(
      "web-1",
      "ServiceDown",
      "an exporter is stopped",
      "systemctl stop prometheus-nginx-exporter",
      "systemctl start prometheus-nginx-exporter",
    ),
    script(
      "web-1",
      "ServiceFailed",
      "a service fails for good",
      "systemd-run --quiet --unit machine-provoked false; sleep 1",
      "systemctl reset-failed machine-provoked",
    ),
    script(
      "web-2",
      "FirewallNotLoaded",
      "the firewall's rules are removed",
      "nft delete table inet machine",
      "systemctl restart nftables",
    ),
    script(
      "web-1",
      "DiskNearlyFull",
      "a disk of 16 MB is filled to 94 %",
      "mkdir -p /mnt/small; mount -t tmpfs -o size=16M tmpfs /mnt/small; head -c 15M /dev/zero >/mnt/small/full",
      "umount /mnt/small",
    ),
    script(
      "web-2",
      "CertificateExpires",
      "a certificate that ends in five days is put in place",
      SHORT,
      "cp /run/machine.pem /var/lib/machine/secrets/machine.pem",
    ),
    script(
      "web-3",
      "ServiceRestarts",
      "a service is killed five times",
      "for _ in 1 2 3 4 5; do systemctl kill --signal=KILL nginx; sleep 14; done",
      "true",
    ),
    script(
      "web-1",
      "MemoryShort",
      "a program fills the memory to 94 %",
      HOLD,
      "systemctl stop provoked-memory || true",
    ),
    script(
      "web-3",
      "DatabaseConnections",
      "nine of ten connections are taken",
      CONNECT,
      "systemctl stop provoked-connections || true",
    ),
    {
      what: "the virtual IP is taken by a second machine",
      alerts: { AddressHeldTwice: "" },
      provoke: async (lab) =>
        lab.run(await lab.replica(), `ip address add ${lab.stack.entry}/32 dev lo label lo:twice`),
      heal: (lab) => onAll(lab, `ip address del ${lab.stack.entry}/32 dev lo 2>/dev/null || true`),
    },
  ],
  [
    {
      what: "the application answers 500 on one machine of three",
      alerts: { ErrorRate: "" },
      provoke: (lab) => lab.run("web-2", replacePage('http_response_code(500); exit("provoked");')),
      heal: (lab) => lab.run("web-2", MEND),
    },
    {
      what: "all workers of PHP-FPM on a machine are busy",
      alerts: { RequestsQueue: "web-3" },
      provoke: (lab) => lab.run("web-3", BUSY),
      heal: (lab) => lab.run("web-3", "systemctl stop provoked-busy || true; rm /srv/www/public/slow.php"),
    },
    {
      what: "Nginx is stopped on a machine",
      alerts: { BackendDown: "web-1" },
      provoke: (lab) => lab.run("web-1", "systemctl stop nginx"),
      heal: (lab) => lab.run("web-1", "systemctl start nginx"),
    },
    {
      what: "backups are stopped, and what they say of themselves is two hours old",
      alerts: { BackupsStopped: "", BackupTooOld: "" },
      // before the first backup of a new stack nobody says anything
      prepare: (lab) => lab.stack.command("backup"),
      provoke: (lab) => onAll(lab, STALE),
      seconds: 480,
      heal: (lab) => onAll(lab, "systemctl start machine-backup.timer"),
    },
    {
      what: "the timer of the measures is stopped",
      alerts: { MeasuresOld: "web-3" },
      provoke: (lab) => lab.run("web-3", "systemctl stop machine-measure.timer"),
      heal: (lab) => lab.run("web-3", "systemctl start machine-measure.timer"),
      seconds: 400,
    },
    {
      what: "an Alertmanager is stopped",
      alerts: { MonitorsApart: "web-2" },
      provoke: (lab) => lab.run("web-3", "systemctl stop prometheus-alertmanager"),
      heal: (lab) => lab.run("web-3", "systemctl start prometheus-alertmanager"),
      seconds: 480,
    },
  ],
  [
    {
      what: "HAProxy is stopped on two of three machines",
      alerts: { LastLoadBalancer: "" },
      provoke: (lab) => Promise.all(["web-1", "web-2"].map((machine) => lab.run(machine, "systemctl stop haproxy"))),
      heal: (lab) => onAll(lab, "systemctl start haproxy"),
    },
  ],
  [
    {
      what: "HAProxy is stopped on all machines",
      alerts: { SiteDown: "172.30.61.10", AddressHeldByNobody: "" },
      provoke: (lab) => onAll(lab, "systemctl stop haproxy"),
      heal: (lab) => onAll(lab, "systemctl start haproxy"),
    },
  ],
  [
    {
      what: "the virtual IP goes to and fro",
      alerts: { AddressMovesOften: "" },
      provoke: async (lab) => {
        for (let move = 0; move < 5; move++) {
          const from = await lab.holder();
          await lab.run(from, "systemctl stop keepalived");
          await sleep(16_000);
          await lab.run(from, "systemctl start keepalived");
        }
      },
      heal: async () => {},
    },
    {
      what: "a replica can't apply what it gets: somebody holds a lock",
      alerts: { ReplicationLag: "" },
      provoke: async (lab) =>
        lab.run(
          await lab.replica(),
          background("lock", `mysql -e 'LOCK TABLES application.messages READ; SELECT SLEEP(600)'`),
        ),
      heal: (lab) => onAll(lab, "systemctl stop provoked-lock 2>/dev/null || true"),
    },
  ],
  [
    {
      what: "a replica gets a transaction of its own",
      alerts: { DatabaseNeedsHelp: "" },
      provoke: async (lab) =>
        lab.sql(
          await lab.replica(),
          "STOP GROUP_REPLICATION; SET GLOBAL super_read_only = OFF; CREATE DATABASE errant;",
        ),
      heal: async (lab) => {
        const primary = await lab.primary();
        const copy = `echo "$(hostname)" | database-agent copy-from ${primary}`;
        await onAll(lab, `if [ -d /var/lib/mysql/errant ]; then ${copy}; fi`);
      },
    },
  ],
  [
    {
      what: "a machine is killed",
      alerts: { MachineDown: "web-1", QuorumOneFailureAway: "" },
      provoke: (lab) => lab.kill("web-1"),
      heal: (lab) => lab.start("web-1"),
    },
  ],
  [
    {
      what: "two of three machines are killed",
      alerts: { NoPrimary: "" },
      provoke: (lab) => Promise.all([lab.kill("web-1"), lab.kill("web-2")]),
      heal: (lab) => Promise.all([lab.start("web-1"), lab.start("web-2")]),
    },
  ],
  [
    {
      what: "the first page takes a second and a half longer",
      alerts: { Latency: "172.30.61.10" },
      provoke: (lab) => onAll(lab, replaceFirstPage(1.5)),
      heal: (lab) => onAll(lab, MEND_FIRST_PAGE),
    },
    ...sharedProvocations,
  ],
];
