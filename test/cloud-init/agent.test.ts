import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { machineFiles } from "../../cloud-init";
import { file, runInMachineImage } from "./machine-image";
import { distributed, machine } from "./topologies";

describe("database agent", function () {
  this.timeout(60_000);

  it("decides as its table of situations says (unittest, in the machine image)", () => {
    const test = readFileSync(join(__dirname, "database_decision_test.py"), "utf8");
    const { status, output } = runInMachineImage(
      [...machineFiles(distributed, machine(distributed, "web-1"), ""), file("/tmp/database_decision_test.py", test)],
      "PYTHONPATH=/usr/local/lib/machine python3 -m unittest /tmp/database_decision_test.py",
    );
    assert.equal(status, 0, output);
    assert.match(output, /Ran \d{2,} tests/);
  });
});
