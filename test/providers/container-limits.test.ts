import assert from "node:assert/strict";
import { resourceLimits } from "../../engine/providers/container-request";
import { container } from "./docker-lab";

describe("limits of a machine that the host can't impose", () => {
  const inputs = container.check({ name: "x", image: "x", memory: 512, memorySwap: 512, cpuQuota: 400_000 });
  const all = { MemoryLimit: true, SwapLimit: true, CpuCfsQuota: true };
  const limited = (host: Partial<typeof all>) => resourceLimits(inputs as never, { ...all, ...host });

  it("are left out with a note", () => {
    assert.deepEqual(limited({}).notes, []);
    assert.deepEqual(limited({ MemoryLimit: false }).limits, { CpuQuota: 400_000 });
    assert.match(limited({ MemoryLimit: false }).notes.join(), /no memory cgroup/);
    assert.deepEqual(Object.keys(limited({ SwapLimit: false }).limits), ["Memory", "CpuQuota"]);
    assert.match(limited({ CpuCfsQuota: false }).notes.join(), /can't limit processors/);
  });
});
