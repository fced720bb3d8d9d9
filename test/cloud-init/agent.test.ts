import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { machineFiles } from "../../cloud-init";
import { file, runInMachineImage } from "./machine-image";
import { distributed, highlyAvailable, machine } from "./topologies";

describe("database agent", function () {
  this.timeout(60_000);

  for (const [what, topology, tests] of [
    ["primary and replica", distributed, ["database_decision_test.py", "gtid_set_test.py"]],
    ["members of a group", highlyAvailable, ["group_decision_test.py", "group_port_test.py"]],
  ] as const) {
    it(`decides for ${what} as its table of situations says (unittest, in the machine image)`, () => {
      const files = tests.map((name) => file(`/tmp/${name}`, readFileSync(join(__dirname, name), "utf8")));
      const { status, output } = runInMachineImage(
        [...machineFiles(topology, machine(topology, "web-1"), ""), ...files],
        `cd /tmp && PYTHONPATH=/usr/local/lib/machine python3 -m unittest ${tests.join(" ")}`,
      );
      assert.equal(status, 0, output);
      assert.match(output, /Ran \d{2,} tests/);
    });
  }
});
