import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { documentation } from "../../engine/commands/diagram";
import { presetTopology } from "../../engine/commands/planned";
import { flows, type Preset, planTopology, portRange, presetNames } from "../../topology";
import { mermaid } from "../../topology/diagram/mermaid";
import { svg } from "../../topology/diagram/svg";

const singleOf: Record<Preset, string[]> = {
  simple: ["web-1"],
  distributed: ["lb-1", "web-1"],
  "load-balanced": ["lb-1"],
  "highly-available": [],
  "scale-up": [],
};

describe("diagram", () => {
  for (const preset of presetNames) {
    const topology = presetTopology(preset);

    it(`of ${preset} shows every machine with its roles, every port between machines and what is single`, async () => {
      const drawn = await svg(topology);
      const texts = [...drawn.matchAll(/<text[^>]*>([^<]*)</g)].map(([, text]) => text ?? "");
      for (const { name, roles } of topology.machines) {
        assert.equal(texts.filter((text) => text === name).length, 1, name);
        for (const role of roles) assert.ok(texts.some((text) => text.startsWith(role)));
      }
      // a machine alone with its roles says what is among them to nobody
      const isAlone = topology.machines.length === 1;
      for (const flow of flows(topology)) {
        const { from, port } = flow;
        if (isAlone && from !== "internet") continue;
        assert.ok(
          // what monitors ask is one line: as lines of its own it would hide the rest
          texts.some((text) =>
            from === "monitor"
              ? text.endsWith("for monitors") && text.includes(String(port))
              : text.startsWith(port ? `${portRange(flow)} ` : "VRRP "),
          ),
          `${from} ${port}`,
        );
      }
      const warnings = texts.filter((text) => text === "single point of failure").length;
      assert.equal(warnings, singleOf[preset].length);
      assert.equal(drawn.match(/class="machine single"/g)?.length ?? 0, singleOf[preset].length);
    });

    it(`of ${preset} marks the same in Mermaid`, () => {
      const text = mermaid(topology);
      for (const { name } of topology.machines) {
        const box = text.split("\n").find((line) => line.includes(`<b>${name}</b>`));
        assert.equal(box?.includes(":::single"), singleOf[preset].includes(name), name);
      }
    });
  }

  it("shows each virtual IP with who holds it, and who stands in", async () => {
    const topology = planTopology({
      preset: "scale-up",
      loadBalancers: "active-active",
      stack: "test",
      domain: "www.foobar.com",
      addressRange: "172.30.0.0/24",
      size: { memory: 1024, cores: 2 },
    });
    const drawn = await svg(topology);
    assert.match(drawn, />virtual IP 172\.30\.0\.10<.*>lb-1, else lb-2</);
    assert.match(drawn, />virtual IP 172\.30\.0\.9<.*>lb-2, else lb-1</);
    assert.match(mermaid(topology), /visitors -->\|80, 443\| address1\n {2}address1 --> kind0/);
  });

  it("of every preset stands in the documentation as it is now", async () => {
    for (const [file, content] of await documentation()) {
      assert.equal(readFileSync(file, "utf8"), content, `${file} is stale: npm run diagram -- --docs`);
    }
  });
});
