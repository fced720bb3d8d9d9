import assert from "node:assert/strict";
import { resourceLimits } from "../../engine/providers/container-request";
import { container } from "./docker-lab";

describe("limits of a machine that the host can't impose", () => {
  const inputs = container.check({ name: "x", image: "x", memory: 512, memorySwap: 512, cpus: "4" });
  const all = { MemoryLimit: true, SwapLimit: true, CpuCfsQuota: true, NCPU: 8 };
  const limited = (host: Partial<typeof all>) => resourceLimits(inputs as never, { ...all, ...host });

  it("are left out with a note", () => {
    assert.deepEqual(limited({}).notes, []);
    assert.deepEqual(limited({ MemoryLimit: false }).limits, { NanoCpus: 4e9 });
    assert.match(limited({ MemoryLimit: false }).notes.join(), /no memory cgroup/);
    assert.deepEqual(Object.keys(limited({ SwapLimit: false }).limits), ["Memory", "NanoCpus"]);
    assert.match(limited({ CpuCfsQuota: false }).notes.join(), /can't limit processors/);
  });

  it("more cores than the host has become as many as it has", () => {
    assert.equal(limited({ NCPU: 2 }).limits.NanoCpus, 2e9);
  });
});
