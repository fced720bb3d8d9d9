import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { dockerMachineFiles, type MachineFile, machineFiles, renderUserData } from "../../cloud-init";
import type { Machine, Topology } from "../../topology";
import { file, runInMachineImage } from "./machine-image";
import { acme, balanced, distributed, everything, highlyAvailable, machine, scaleUp } from "./topologies";

/** What the machine itself would have made before its services start: certificates, secrets, the application. */
const prepare = `
  mkdir -p /var/lib/machine/secrets /etc/mysql/tls /etc/machine /run/php /run/haproxy /srv/www
  openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj /CN=test -days 1 \\
    -keyout /tmp/key.pem -out /tmp/certificate.pem 2>/dev/null
  cat /tmp/certificate.pem /tmp/key.pem >/var/lib/machine/secrets/site.pem
  install -D /var/lib/machine/secrets/site.pem /var/lib/machine/certificate/site.pem
  cat /tmp/certificate.pem /tmp/key.pem >/etc/haproxy/machine.pem
  cp /tmp/certificate.pem /var/lib/machine/secrets/ca.pem
  cp /tmp/certificate.pem /var/lib/machine/secrets/machine.pem
  cp /tmp/key.pem /var/lib/machine/secrets/machine.key
  # the addresses that Nginx listens on
  for number in 11 12 13; do ip address add 172.30.0.$number/32 dev lo; done
  [ ! -e /etc/sysusers.d/php.conf ] || systemd-sysusers /etc/sysusers.d/php.conf
  for name in ca.pem machine.pem; do cp /tmp/certificate.pem /etc/mysql/tls/$name; done
  install -o mysql -g mysql -m 0600 /tmp/key.pem /etc/mysql/tls/machine.key
`;

/** Each parser, with the files that it is for: a check runs on every machine that has one of them. */
const parsers: { name: string; file: RegExp; command: string }[] = [
  {
    name: "haproxy -c",
    file: /^\/etc\/haproxy\//,
    command: ". /etc/default/haproxy; haproxy -Ws -f /etc/haproxy/haproxy.cfg -c $EXTRAOPTS",
  },
  { name: "nginx -t", file: /^\/etc\/nginx\//, command: "nginx -t" },
  { name: "php-fpm8.4 -t", file: /^\/etc\/php\//, command: "php-fpm8.4 -t" },
  {
    name: "mysqld --validate-config",
    file: /^\/etc\/mysql\//,
    command: "mysqld --user=mysql --validate-config --log-error-verbosity=2",
  },
  {
    name: "sysctl: the kernel knows every name",
    file: /^\/etc\/sysctl\.d\//,
    // a name with * is one of each interface
    command: `for name in $(sed -n 's/^\\([a-z].*\\) = .*/\\1/p' /etc/sysctl.d/90-*.conf); do
      set -- /proc/sys/$(echo "$name" | tr . /); [ -e "$1" ] || { echo "unknown: $name"; unknown=yes; }; done; test -z "$unknown"`,
  },
  { name: "nft -c", file: /^\/etc\/nftables\.conf$/, command: "nft -c -f /etc/nftables.conf" },
  {
    name: "keepalived --config-test",
    file: /^\/etc\/keepalived\//,
    // it wants to see the interface, and its exit status says nothing about what it merely ignores
    command:
      'ip link add eth0 type veth; findings=$(keepalived --config-test --log-console 2>&1); status=$?; echo "$findings"; test $status -eq 0 && test -z "$findings"',
  },
  { name: "php -l", file: /health\.php$/, command: "php -l /usr/local/share/machine/health/health.php" },
  { name: "php -l (migrations)", file: /application-migrate$/, command: "php -l /usr/local/sbin/application-migrate" },
  {
    name: "py_compile",
    file: /database-agent$/,
    command: "python3 -m py_compile /usr/local/sbin/database-agent /usr/local/lib/machine/*.py",
  },
  {
    name: "promtool check config",
    file: /^\/etc\/prometheus\/prometheus\.yml$/,
    command: "promtool check config /etc/prometheus/prometheus.yml",
  },
  {
    name: "prometheus-blackbox-exporter --config.check",
    file: /^\/etc\/prometheus\/blackbox\.yml$/,
    command:
      "cp /tmp/certificate.pem /etc/machine/probe-authorities.pem; prometheus-blackbox-exporter --config.check --config.file=/etc/prometheus/blackbox.yml",
  },
  {
    name: "amtool check-config",
    file: /^\/etc\/prometheus\/alertmanager\.yml$/,
    command: "amtool check-config /etc/prometheus/alertmanager.yml",
  },
  {
    name: "py_compile (measures)",
    file: /machine-measure$/,
    command: "python3 -m py_compile /usr/local/sbin/machine-measure",
  },
  {
    name: "py_compile (certificate)",
    file: /machine-certificate$/,
    command: "python3 -m py_compile /usr/local/sbin/machine-certificate",
  },
  {
    name: "systemd-analyze verify",
    file: /^\/etc\/systemd\//,
    // a misspelt setting is a warning, no failure: any output about these files is one
    command: `units=$(find /etc/systemd/system -path '*/system/*.service' -type f)
      findings=$(systemd-analyze verify --man=no $units 2>&1 | grep "^/etc/systemd")
      echo "$findings"; test -z "$findings"`,
  },
  {
    name: "systemd-analyze security, 4.0 at most",
    file: /^\/etc\/systemd\//,
    // each service that is configured here: what it may still do, weighed by systemd; Debian's own ones have 9 and more
    command: `cd /etc/systemd/system; status=0
      for unit in $(find . -type f -path '*.service*' | sed 's,^./,,; s/\\.service.*/.service/' | sort -u); do
        file=/etc/systemd/system/$unit; [ -f "$file" ] || file=/usr/lib/systemd/system/$unit
        systemd-analyze security --offline=yes --threshold=40 --no-pager "$file" 2>&1 | tail -n 1 | grep -E 'level for [^ ]+: [0-3]\\.|: 4\\.0' || {
          systemd-analyze security --offline=yes --no-pager "$file" 2>&1 | tail -n 1; status=1; }
      done; exit $status`,
  },
  { name: "cloud-init schema", file: /^\/user-data/, command: "cloud-init schema --config-file /user-data --annotate" },
  {
    name: "cloud-init schema (packages to be installed)",
    file: /^\/user-data/,
    command: "cloud-init schema --config-file /user-data-installing --annotate",
  },
];

function filesWithUserData(topology: Topology, each: Machine): MachineFile[] {
  const { inUserData } = dockerMachineFiles(topology, each, "public");
  const userData = (packagesInstalled: boolean) => renderUserData(topology, each, { inUserData, packagesInstalled });
  return [
    ...machineFiles(topology, each, "public"),
    file("/user-data", userData(true)),
    file("/user-data-installing", userData(false)),
  ];
}

/** Runs all parsers of a machine in one container. */
function parse(files: MachineFile[]): Map<string, { status: number; output: string }> {
  const script = parsersFor(files)
    .map(
      ({ command }, index) =>
        `( ${command} ) >/tmp/check-${index} 2>&1; echo "### ${index} $?"; cat /tmp/check-${index}`,
    )
    .join("\n");
  // NET_ADMIN: nft asks the kernel, also to check only
  const { output } = runInMachineImage(files, `${prepare}\n${script}`, ["--cap-add", "NET_ADMIN", "--network", "none"]);
  const results = new Map<string, { status: number; output: string }>();
  for (const block of output.split(/^### /m).slice(1)) {
    const [, index, status, text] = /^(\d+) (\d+)\n([\s\S]*)$/.exec(block) ?? [];
    results.set(parsersFor(files)[Number(index)]?.name ?? "", { status: Number(status), output: text ?? block });
  }
  return results;
}

function parsersFor(files: MachineFile[]) {
  return parsers.filter(({ file: pattern }) => files.some(({ path }) => pattern.test(path)));
}

for (const [topology, name] of [
  [distributed, "lb-1"],
  [distributed, "web-1"],
  [distributed, "web-2"],
  [everything, "all-1"],
  [highlyAvailable, "web-1"],
  [highlyAvailable, "web-3"],
  [scaleUp, "web-1"],
  [scaleUp, "app-1"],
  [balanced, "lb-2"],
  [balanced, "web-2"],
  [acme, "lb-1"],
] as const) {
  const more = new Map([
    [everything, ", every role, 8 GiB"],
    [balanced, ", every way of balancing"],
    [acme, ", certificates from an ACME directory"],
  ]);
  describe(`files of ${name} (${topology.preset}${more.get(topology) ?? ""})`, function () {
    this.timeout(60_000);
    const files = filesWithUserData(topology, machine(topology, name));
    let results: ReturnType<typeof parse>;
    before(() => {
      results = parse(files);
    });

    for (const parser of parsersFor(files)) {
      it(`pass ${parser.name}`, () => {
        const result = results.get(parser.name);
        assert.ok(result, `${parser.name} did not run`);
        assert.equal(result.status, 0, result.output);
      });
    }

    it("pass shellcheck", () => {
      const directory = mkdtempSync(join(tmpdir(), "shell-"));
      try {
        const scripts = files.filter(({ content }) => content.startsWith("#!/bin/sh"));
        const paths = scripts.map(({ path, content }) => {
          const copy = join(directory, path.replaceAll("/", "_"));
          writeFileSync(copy, content);
          return copy;
        });
        const { error, status, stdout } = spawnSync("shellcheck", paths, { encoding: "utf8" });
        assert.ok(!error, `shellcheck does not run: ${error?.message}. Install it (Debian: apt install shellcheck).`);
        assert.equal(status, 0, stdout);
      } finally {
        rmSync(directory, { recursive: true });
      }
    });
  });
}
