import assert from "node:assert/strict";
import { awsMachineFiles, machineFiles } from "../../cloud-init/user-data";
import { file, runInMachineImage } from "../cloud-init/machine-image";
import { highlyAvailable } from "../cloud-init/topologies";

/** What the tests' container lacks: a HAProxy that knows the others, packages to install, and somebody to restart it. */
const STATISTICS = [
  "database-write,web-2,,,,,,,,,,,,,,,,DOWN",
  "database-write,BACKEND,,,,,,,,,,,,,,,,UP",
  "web,web-2,,,,,,,,,,,,,,,,STATE",
].join("\n");
const stubs = [
  file("/usr/local/bin/curl", `#!/bin/sh\nsed "s/STATE/$(cat /state)/" /statistics\n`, "0755"),
  file("/statistics", `${STATISTICS}\n`),
  file("/usr/local/sbin/machine-ready", '#!/bin/sh\necho "no database"\nexit "$(cat /ready)"\n', "0755"),
  file("/usr/local/bin/dpkg-query", "#!/bin/sh\ncat /packages\n", "0755"),
  file(
    "/usr/local/bin/systemctl",
    `#!/bin/sh
case $* in
"start apt-daily-upgrade.service") cat /fixes >>/packages; /usr/sbin/policy-rc.d haproxy restart; echo "services may start: $?" ;;
--quiet*) ;;
*) echo "systemctl $*" ;;
esac\n`,
    "0755",
  ),
];

/** Runs the upgrade in each of these states of a machine and its neighbours. */
const cases = {
  "nothing to do": "",
  fixes: "echo 'openssl 2' >/fixes",
  "another away": "echo 'openssl 2' >/fixes; echo DOWN >/state",
  "another about to stop": "echo 'openssl 2' >/fixes; echo NOLB >/state",
  "not ready": "echo 'openssl 2' >/fixes; echo 1 >/ready",
  drained: "echo 'openssl 2' >/fixes; touch /var/lib/machine/drained",
};

describe("aws: security fixes", function () {
  this.timeout(60_000);
  let outputs: Map<string, string>;

  before(() => {
    const [machine] = highlyAvailable.machines as [(typeof highlyAvailable.machines)[number]];
    const { programs } = awsMachineFiles(highlyAvailable, machine, "");
    const script = Object.entries(cases).map(
      ([name, preparation]) => `echo "### ${name}"; mkdir -p /var/lib/machine; rm -f /var/lib/machine/drained
      echo UP >/state; echo 0 >/ready; echo 'openssl 1' >/packages; : >/fixes
      ${preparation}
      /usr/local/sbin/machine-upgrade; echo "status $?"; [ ! -e /usr/sbin/policy-rc.d ] || echo "services can't start"`,
    );
    const upgrade = programs.filter(({ path }) => path.endsWith("/machine-upgrade"));
    const { output } = runInMachineImage([...upgrade, ...stubs], script.join("\n"), ["--network", "none"]);
    const blocks = output.split("### ").slice(1);
    outputs = new Map(blocks.map((block) => [block.slice(0, block.indexOf("\n")), block]));
    assert.deepEqual([...outputs.keys()], Object.keys(cases), output);
  });

  const output = (name: keyof typeof cases) => outputs.get(name) ?? "";

  it("restart the machine once, after all is installed, and no service before", () => {
    assert.match(output("fixes"), /services may start: 101\n[\s\S]*restarting\nsystemctl --no-block reboot\nstatus 0/);
    assert.doesNotMatch(output("fixes"), /services can't start/);
  });

  it("restart nothing when there are none", () => {
    assert.match(output("nothing to do"), /nothing to install\nstatus 0/);
    assert.doesNotMatch(output("nothing to do"), /reboot/);
  });

  it("wait for tomorrow while another machine is away, or this one is drained or not ready", () => {
    for (const [name, reason] of [
      ["another away", /another machine is away: web-2/],
      ["another about to stop", /another machine is away: web-2/],
      ["not ready", /isn't ready: no database/],
      ["drained", /out of balancing/],
    ] as const) {
      assert.match(output(name), reason);
      assert.doesNotMatch(output(name), /systemctl start|reboot/);
    }
  });

  it("come at another time on each machine, and only by our own timer", () => {
    const timers = highlyAvailable.machines.map((machine) => {
      const { programs } = awsMachineFiles(highlyAvailable, machine, "");
      assert.match(
        programs.find(({ path }) => path.endsWith("/06-own-ways"))?.content ?? "",
        /apt-daily-upgrade\.timer/,
      );
      return /OnCalendar=(.*)/.exec(
        programs.find(({ path }) => path.endsWith("/machine-upgrade.timer"))?.content ?? "",
      )?.[1];
    });
    assert.deepEqual(timers, ["*-*-* 03:00:00 UTC", "*-*-* 03:30:00 UTC", "*-*-* 04:00:00 UTC"]);
    const docker = machineFiles(highlyAvailable, highlyAvailable.machines[0] as never, "").map(({ path }) => path);
    assert.ok(!docker.some((path) => path.includes("machine-upgrade")), "containers are replaced, not upgraded");
  });
});
