import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { machineFiles, packages, secretNames } from "../../cloud-init";
import { file, runInMachineImage } from "./machine-image";
import { distributed, highlyAvailable, machine } from "./topologies";

const PATH = "/etc/machine/backup.json";

describe("backups", function () {
  this.timeout(60_000);

  it("decide as their table of situations says (unittest, in the machine image)", () => {
    const test = "backup_decision_test.py";
    const files = [
      ...machineFiles(highlyAvailable, machine(highlyAvailable, "web-1"), ""),
      file(`/tmp/${test}`, readFileSync(join(__dirname, test), "utf8")),
    ];
    const { status, output } = runInMachineImage(
      files,
      `cd /tmp && PYTHONPATH=/usr/local/lib/machine python3 -m unittest ${test}`,
    );
    assert.equal(status, 0, output);
    assert.match(output, /Ran \d{2,} tests/);
  });

  it("are the business of database machines only", () => {
    for (const [name, expected] of [
      ["lb-1", false],
      ["web-1", true],
      ["web-2", true],
    ] as const) {
      const one = machine(distributed, name);
      const files = machineFiles(distributed, one, "").map(({ path }) => path);
      assert.equal(files.includes(PATH), expected, name);
      assert.equal(secretNames(distributed, one).includes("backup-password"), expected, name);
      assert.equal(packages(one.roles, false).includes("restic"), expected, name);
    }
  });

  it("go where the settings say, by a schedule that systemd understands", () => {
    const one = machine(highlyAvailable, "web-1");
    const settings = machineFiles(highlyAvailable, one, "").find(({ path }) => path === PATH);
    const { schedule, repository, days, stack } = JSON.parse(settings?.content ?? "{}");
    assert.deepEqual(
      { repository, days, stack },
      { repository: "/var/backups/web-infrastructure", days: 14, stack: "test" },
    );
    const { status, output } = runInMachineImage([], `systemd-analyze calendar '${schedule}' hourly`);
    assert.equal(status, 0, output);
  });

  it("aren't made where a topology has none", () => {
    const none = { ...highlyAvailable, backups: undefined };
    const files = machineFiles(none, machine(none, "web-1"), "");
    assert.ok(!files.some(({ path, content }) => path === PATH || content.includes("machine-backup.timer")));
  });
});
