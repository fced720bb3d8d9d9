import assert from "node:assert/strict";
import { presetTopology } from "../../engine/commands/planned";
import type { Preset } from "../../topology";
import { inputs, judge, type Preview, previewStack } from "./preview";

/** The classic ones have one load balancer, which nobody has accepted here. The others are in stacks.test.ts. */
const presets: Partial<Record<Preset, string[]>> = {
  simple: ["load-balancer-redundant"],
  "load-balanced": ["load-balancer-redundant"],
  "scale-up": [],
};

for (const [preset, refusedBy] of Object.entries(presets) as [Preset, string[]][]) {
  describe(`aws: the whole program of ${preset}, previewed without AWS`, function () {
    this.timeout(120_000);
    let preview: Preview;
    before(async () => {
      preview = await previewStack("dev", { "web-infrastructure:topology": preset });
    });

    it("has an instance for each machine that npm run plan shows, in its zone and with its address", () => {
      const instances = Object.values(inputs(preview, "aws:ec2/instance:Instance"));
      assert.deepEqual(
        instances.map(({ tags, privateIp }) => [tags["web-infrastructure.machine"], privateIp]).sort(),
        presetTopology(preset)
          .machines.map(({ name, address }) => [name, address])
          .sort(),
      );
    });

    it("breaks no policy but those it has to", async () => {
      const violations = await judge(preview);
      const mandatory = violations.filter((violation) => violation.mandatory).map(({ rule }) => rule);
      assert.deepEqual(mandatory, refusedBy, JSON.stringify(violations));
    });
  });
}
