// The restore drill on a stack of its own in each other topology, and after the loss of everything but the backups:
// npm test -- test/drill/topologies.ts
import assert from "node:assert/strict";
import { eventually, testStack } from "../e2e/stack";
import { restoreDrill } from "./restore";

const range = { addressRange: "172.30.97.0/24", httpPort: 18083, httpsPort: 18446 };
const topologies = [
  { topology: "distributed", entry: "172.30.97.11", databases: ["web-1", "web-2"] },
  { topology: "simple", entry: "172.30.97.11", databases: ["web-1"] },
] as const;

for (const { topology, entry, databases } of topologies) {
  const stack = testStack(`test-drill-${topology}`, entry, { topology, ...range });

  describe(`the restore drill on ${topology}`, function () {
    this.timeout(600_000);

    before(async () => {
      stack.writeSettings();
      stack.acceptSingleLoadBalancer();
      await stack.command("destroy", "--data");
      await stack.start();
    });

    after(async () => {
      await stack.command("destroy", "--data");
      stack.removeSettings();
    });

    restoreDrill(stack, databases);

    it("goes into a new stack when nothing but the backups is left", async () => {
      const count = () => stack.onMachine(databases[0], "mysql", "-NBe", "SELECT COUNT(*) FROM application.messages");
      const { output: expected } = await count();
      assert.equal((await stack.command("backup")).exitCode, 0);
      const list = await stack.command("backup", "--list");
      const end = /to (\S+ \S+) UTC\.\s*$/.exec(list.output)?.[1] as string;
      assert.equal((await stack.command("destroy", "--data")).exitCode, 0);

      await stack.start();
      assert.equal((await count()).output, "0");
      const run = await stack.command("restore", "--at", end, "--confirm", stack.name);
      assert.equal(run.exitCode, 0, run.output);
      assert.equal((await count()).output, expected);
      await eventually("the stack is whole", 90, async () => (await stack.command("status")).exitCode === 0);
    });
  });
}
