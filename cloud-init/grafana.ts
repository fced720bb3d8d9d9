import { fixedFile } from "./file";
import { PAGES } from "./monitor";

/** A panel of the dashboard: what `panels.json` lists for the page that monitors serve. */
interface Panel {
  readonly title: string;
  /** Grafana's name of it. */
  readonly unit: string;
  readonly queries: readonly { readonly expr: string; readonly legend: string }[];
}

/** Grafana's grid has 24 columns. */
const WIDTH = 12;
const HEIGHT = 8;

/** The dashboard that monitors serve, as a Grafana dashboard: a list at its top chooses the Prometheus. */
export function grafanaDashboard(): object {
  const panels: Panel[] = JSON.parse(fixedFile(`${PAGES}/panels.json`).content);
  const datasource = { type: "prometheus", uid: "$source" };
  return {
    title: "web-infrastructure",
    tags: ["web-infrastructure"],
    // the version of the format, which Grafana migrates from
    schemaVersion: 39,
    refresh: "30s",
    time: { from: "now-1h", to: "now" },
    templating: { list: [{ name: "source", label: "Prometheus", type: "datasource", query: "prometheus" }] },
    panels: panels.map(({ title, unit, queries }, index) => ({
      id: index + 1,
      type: "timeseries",
      title,
      datasource,
      gridPos: { x: (index % 2) * WIDTH, y: Math.floor(index / 2) * HEIGHT, w: WIDTH, h: HEIGHT },
      fieldConfig: { defaults: { unit, min: 0 }, overrides: [] },
      targets: queries.map(({ expr, legend }, which) => ({
        refId: String.fromCharCode(65 + which),
        datasource,
        expr,
        legendFormat: legend,
      })),
    })),
  };
}
