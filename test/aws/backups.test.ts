// Backups in a bucket: restic, as machines call it, against moto's S3.
import assert from "node:assert/strict";
import { machineFiles } from "../../cloud-init";
import { planTopology } from "../../topology";
import { file } from "../cloud-init/machine-image";
import { Aws } from "./lab";

const PASSWORD = "/var/lib/machine/secrets/backup-password";

/** A copy of the logs and a full backup, as far as they don't need MySQL; then what there is. */
const script = `python3 - <<'END'
import sys
sys.path.insert(0, "/usr/local/lib/machine")
import backup_dump, backup_repository as repository
repository.ensure()
for kind in ("full", "logs"):
    repository.run("backup", "--quiet", "--tag", f"{kind},history:one", "/etc/hostname")
backup_dump.clean(14)
backup_dump.check()
print(*(f"{each.kind} of {each.history}" for each in repository.snapshots()), sep="\\n")
END`;

describe("aws: backups in a bucket, by restic against moto", function () {
  this.timeout(120_000);
  let aws: Aws;

  before(async () => {
    aws = await Aws.start();
    aws.set({});
    const location = ["--create-bucket-configuration", "LocationConstraint=eu-central-1"];
    aws.ask("s3api", "create-bucket", "--bucket", "backups", ...location);
  });
  after(() => aws.stop());

  function run(password: string) {
    const topology = planTopology({
      preset: "simple",
      stack: "unit",
      domain: "www.foobar.com",
      addressRange: "10.20.0.0/16",
      size: { memory: 2048, cores: 2 },
      backups: {
        repository: `s3:${aws.endpoint}/backups/databases`,
        region: "eu-central-1",
        schedule: "02:30",
        days: 14,
      },
    });
    const [machine] = topology.machines.filter(({ roles }) => roles.includes("database"));
    assert.ok(machine);
    const files = machineFiles(topology, machine, "").filter(({ path }) => /backup|gtid|mysql_server/.test(path));
    return aws.run([...files, file(PASSWORD, `${password}\n`, "0600")], script);
  }

  it("are made, read, checked and cleaned", () => {
    const { status, output } = run("the stack's own password");
    assert.equal(status, 0, output);
    assert.deepEqual(output.trim().split("\n"), ["full of one", "logs of one"]);
    const { Contents } = aws.ask("s3api", "list-objects-v2", "--bucket", "backups");
    for (const { Key } of Contents) assert.match(Key, /^databases\//);
  });

  it("of another stack are refused", () => {
    const { status, output } = run("another stack's password");
    assert.notEqual(status, 0);
    assert.match(output, /are another stack's, or the password was changed/);
  });
});
