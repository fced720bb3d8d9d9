// The machines of the highly available stack as an auditor looks at them: the headline checks of dev-sec's baselines for
// Linux, Nginx and MySQL, and what else docs/security.md promises. Before the next file attacks the stack.
import assert from "node:assert/strict";
import { groupPorts } from "../../topology";
import { machines } from "./group";
import { highlyAvailable } from "./stack";

const { onMachine } = highlyAvailable;

/** What a shell command says on a machine, in lines. */
async function lines(machine: string, command: string): Promise<string[]> {
  const { output } = await onMachine(machine, "bash", "-c", `{ ${command}\n} 2>&1 | cat`);
  return output
    .split("\n")
    .map((line) => line.trim())
    .filter((line) => line !== "");
}

describe("the machines, audited,", function () {
  this.timeout(120_000);

  it("run no service of ours that systemd finds more exposed than 4.0, and none has failed", async () => {
    for (const machine of machines) {
      const units = await lines(
        machine,
        "cd /etc/systemd/system; find . -type f -path '*.service*' | sed 's,^./,,; s/[.]service.*/.service/' | sort -u",
      );
      assert.ok(units.includes("haproxy.service") && units.includes("database-agent.service"), units.join());
      const judged = await lines(
        machine,
        `for unit in ${units.join(" ")}; do systemd-analyze security --no-pager --threshold=40 "$unit" >/tmp/judged || tail -n 1 /tmp/judged; done`,
      );
      assert.deepEqual(judged, [], machine);
      assert.deepEqual(await lines(machine, "systemctl --failed --plain --no-legend"), [], machine);
    }
  });

  it("let each service be a user of its own, whose processes can gain no rights", async () => {
    const users = {
      haproxy: "haproxy",
      nginx: "www-data",
      "php-fpm8.4": "php",
      mysqld: "mysql",
      prometheus: "prometheus",
    };
    const processes = await lines("web-2", "ps -eo user:20=,comm:20=");
    for (const [program, user] of Object.entries(users))
      assert.ok(
        processes.some((line) => new RegExp(`^${user}\\s+${program}$`).test(line)),
        processes.join("\n"),
      );
    const question =
      "for program in haproxy nginx php-fpm8.4 mysqld keepalived prometheus; do for id in $(pgrep -x $program); do grep -H NoNewPrivs /proc/$id/status; done; done";
    const able = (await lines("web-2", question)).filter((line) => !line.endsWith("1"));
    assert.deepEqual(able, []);
  });

  it("believe no stranger about routes and keep the group's ports free, by the settings that systemd made at boot", async () => {
    const differing = `sed -n 's/^\\(net[.][^ ]*\\) = \\(.*\\)/\\1 \\2/p' /etc/sysctl.d/90-*.conf | while read -r name value; do
      for file in /proc/sys/$(echo "$name" | tr . /); do [ "$(cat "$file")" = "$value" ] || echo "$file $(cat "$file")"; done; done`;
    for (const machine of machines) {
      assert.deepEqual(await lines(machine, differing), [], machine);
      // and the files have these, of the machine's own interface
      const own =
        "cat /proc/sys/net/ipv4/ip_forward /proc/sys/net/ipv4/conf/eth0/accept_redirects /proc/sys/net/ipv4/ip_local_reserved_ports";
      assert.deepEqual(await lines(machine, own), ["0", "0", groupPorts], machine);
    }
  });

  it("leave no dump of a program with secrets, whatever crashes", async () => {
    const limits = await lines(
      "web-2",
      "for program in haproxy nginx php-fpm8.4 mysqld keepalived prometheus; do grep '^Max core' /proc/$(pgrep -o -x $program)/limits; done",
    );
    assert.deepEqual(
      limits.map((line) => line.replace(/\s+/g, " ")),
      Array(6).fill("Max core file size 0 0 bytes"),
    );
  });

  it("give who breaks in by HAProxy, Nginx or PHP no programs of his own and no look at other processes", async () => {
    for (const [program, user] of [
      ["haproxy", "haproxy"],
      ["nginx", "www-data"],
      ["php-fpm8.4", "php"],
    ] as const) {
      const inside = (command: string) =>
        lines(
          "web-2",
          `nsenter --target $(pgrep -o -x ${program}) --mount setpriv --reuid=${user} --regid=${user} --clear-groups sh -c '${command}'`,
        );
      const refused = ["/tmp", "/var/tmp"].map((directory) => `sh: 1: ${directory}/audit: Permission denied`);
      const attempt = "for d in /tmp /var/tmp; do cp /usr/bin/true $d/audit && $d/audit; rm -f $d/audit; done";
      assert.deepEqual(await inside(`${attempt}; /usr/bin/true && echo usr`), [...refused, "usr"], program);
      assert.deepEqual(await inside("ls -d /proc/1 /proc/self"), [
        "ls: cannot access '/proc/1': No such file or directory",
        "/proc/self",
      ]);
    }
  });

  it("have nobody who can sign in with a password, and no user beside the system's", async () => {
    for (const machine of machines) {
      assert.deepEqual(await lines(machine, "awk -F: '$2 !~ /^[!*]/' /etc/shadow"), []);
      assert.deepEqual(await lines(machine, "awk -F: '$3 == 0 || $3 >= 1000 && $3 < 65000 { print $1 }' /etc/passwd"), [
        "root",
      ]);
      assert.deepEqual(await lines(machine, "find / -xdev -name .rhosts -o -name hosts.equiv"), []);
    }
  });

  it("have files that only their owners change, and no old or needless programs", async () => {
    const modes = await lines(
      "web-1",
      "stat -c '%a %U:%G' /etc/shadow /etc/passwd /etc/mysql/tls/machine.key /var/lib/machine/secrets",
    );
    assert.deepEqual(modes, ["640 root:shadow", "644 root:root", "600 mysql:mysql", "700 root:root"]);
    const writable =
      "find / -xdev -type f -perm -o+w -not -path '/proc/*' -not -path '/sys/*'; find / -xdev -type d -perm -o+w -not -perm -1000";
    assert.deepEqual(await lines("web-1", writable), []);
    const unwanted =
      "for name in gcc telnetd rsh-server nis xinetd openbsd-inetd openssh-server sudo; do dpkg --list $name 2>/dev/null | grep ^ii; done";
    assert.deepEqual(await lines("web-1", unwanted), []);
  });

  it("begin connections to the internet by the allowed ports only, and are told at once of others", async () => {
    // an address that nobody has (RFC 5737)
    const attempt = (port: number) =>
      lines(
        "web-1",
        `begin=$(date +%s%N); timeout 2 bash -c '</dev/tcp/192.0.2.1/${port}'; echo $((($(date +%s%N) - begin) / 1000000))`,
      );
    const refused = async () =>
      Number(
        /packets (\d+)/.exec(
          (await lines("web-1", "nft list chain inet machine output")).find((line) => line.includes("refused")) ?? "",
        )?.[1],
      );
    const before = await refused();
    const [words = "", milliseconds] = (await attempt(25)).slice(-2);
    assert.ok(Number(milliseconds) < 1000, words);
    const after = await refused();
    assert.ok(after > before, `${before} ${after}`);
    await attempt(443);
    assert.equal(await refused(), after);
  });

  it("give PHP no other programs and no files but its own", async () => {
    const code = `<?php echo json_encode([
      'user' => posix_getpwuid(posix_geteuid())['name'],
      'programs' => array_filter(['exec', 'system', 'shell_exec', 'passthru', 'popen', 'proc_open'], 'function_exists'),
      'passwd' => @file_get_contents('/etc/passwd'),
      'link' => @readlink('/proc/self/root'),
      'own' => is_readable(__FILE__),
      'written' => @file_put_contents(__DIR__ . '/x.php', 'x'),
      'temporary' => file_put_contents('/tmp/x', 'x'),
    ]);`;
    const file = "/srv/www/public/audit.php";
    const [answer = ""] = await lines(
      "web-1",
      `echo ${Buffer.from(code).toString("base64")} | base64 -d >${file}; curl -s http://127.0.0.1:8080/audit.php; rm ${file}`,
    );
    assert.deepEqual(JSON.parse(answer), {
      user: "php",
      programs: [],
      passwd: false,
      link: false,
      own: true,
      written: false,
      temporary: 1,
    });
  });

  it("have a MySQL as dev-sec's baseline wants it", async () => {
    const ask = (query: string) => lines("web-1", `mysql -NBe "${query}"`);
    assert.deepEqual(
      await ask("SELECT @@require_secure_transport, @@local_infile, @@tls_version, @@skip_name_resolve"),
      ["1\t0\tTLSv1.2,TLSv1.3\t1"],
    );
    assert.notDeepEqual(await ask("SELECT COALESCE(@@secure_file_priv, 'nowhere')"), []);
    assert.deepEqual(await ask("SELECT user FROM mysql.user WHERE user = '' OR host = '%'"), []);
    assert.deepEqual(await ask("SELECT schema_name FROM information_schema.schemata WHERE schema_name = 'test'"), []);
    // root and Debian's account for its scripts, by the socket only, as the system's root
    const powerful =
      "SELECT user FROM mysql.user WHERE (super_priv = 'Y' OR file_priv = 'Y') AND user NOT LIKE 'mysql.%' AND NOT (host = 'localhost' AND plugin = 'auth_socket')";
    assert.deepEqual(await ask(powerful), []);
    assert.match((await lines("web-1", "stat -c '%a %U' /var/lib/mysql"))[0] ?? "", /^7[05]0 mysql$/);
  });

  it("have an Nginx as dev-sec's baseline wants it", async () => {
    const settings = (await lines("web-1", "nginx -T")).join("\n");
    for (const wanted of [
      "server_tokens off;",
      "ssl_protocols TLSv1.3;",
      "client_max_body_size 16m;",
      "client_body_timeout 30s;",
    ])
      assert.ok(settings.includes(wanted), wanted);
    assert.doesNotMatch(settings, /autoindex on|user root/);
    assert.deepEqual(await lines("web-1", "stat -c '%a %U:%G' /etc/nginx/nginx.conf"), ["644 root:root"]);
    assert.deepEqual(await lines("web-1", "pgrep -c -P 1 -x nginx"), ["1"]);
  });
});
