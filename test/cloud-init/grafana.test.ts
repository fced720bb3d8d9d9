import assert from "node:assert/strict";
import { grafanaDashboard } from "../../cloud-init/grafana";

interface Panel {
  id: number;
  datasource: unknown;
  gridPos: { x: number; y: number; w: number; h: number };
  targets: { refId: string; datasource: unknown; expr: string }[];
}

describe("the dashboard for a Grafana", () => {
  const { templating, panels } = grafanaDashboard() as {
    templating: { list: { name: string; type: string; query: string; current: object }[] };
    panels: Panel[];
  };

  it("asks whichever Prometheus is chosen at its top", () => {
    const [source, ...others] = templating.list;
    assert.deepEqual(others, []);
    assert.ok(source);
    assert.deepEqual([source.type, source.query, source.current], ["datasource", "prometheus", {}]);
    const chosen = { type: "prometheus", uid: `\${${source.name}}` };
    for (const { datasource, targets } of panels)
      assert.deepEqual(
        [datasource, ...targets.map((target) => target.datasource)],
        [chosen, ...targets.map(() => chosen)],
      );
  });

  it("has room for each panel, and names that don't repeat", () => {
    assert.ok(panels.length > 1);
    assert.equal(new Set(panels.map(({ id }) => id)).size, panels.length);
    const cells = panels.flatMap(({ gridPos: { x, y, w, h } }) => {
      assert.ok(x + w <= 24);
      return Array.from({ length: w * h }, (_, cell) => `${x + (cell % w)} ${y + Math.floor(cell / w)}`);
    });
    assert.equal(new Set(cells).size, cells.length);
    for (const { targets } of panels) assert.equal(new Set(targets.map(({ refId }) => refId)).size, targets.length);
  });

  it("takes rates over what Grafana finds right for the chart", () => {
    const rates = panels
      .flatMap(({ targets }) => targets.map(({ expr }) => expr))
      .filter((expr) => expr.includes("rate("));
    assert.ok(rates.length > 0);
    for (const expr of rates) assert.match(expr, /\[\$__rate_interval\]/);
  });
});
