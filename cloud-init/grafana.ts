import { fixedFile } from "./file";
import { PAGES } from "./monitor";

/** A panel of the dashboard: what `panels.json` lists for the page that monitors serve. */
interface Panel {
  readonly title: string;
  /** Grafana's name of it. */
  readonly unit: string;
  readonly queries: readonly { readonly expr: string; readonly legend: string }[];
}

/** Name of the variable that holds the chosen Prometheus. */
const SOURCE = "source";

/** Over which time our own page takes rates. Grafana does over four scrapes, the same, or a step of the chart if that is more. */
const SHORTEST_RATE = "1m";

/** Grafana's grid has 24 columns. */
const WIDTH = 12;
const HEIGHT = 8;

/**
 * The dashboard that monitors serve, in Grafana's classic model (its documentation, "Dashboard JSON model"; Grafana 9 and
 * later): a list at its top chooses the Prometheus.
 */
export function grafanaDashboard(): object {
  const panels: Panel[] = JSON.parse(fixedFile(`${PAGES}/panels.json`).content);
  const datasource = { type: "prometheus", uid: `\${${SOURCE}}` };
  return {
    // an import of a later version replaces the dashboard instead of being refused for its name
    uid: "web-infrastructure",
    title: "web-infrastructure",
    tags: ["web-infrastructure"],
    // the version of the format, which Grafana migrates from
    schemaVersion: 36,
    timezone: "browser",
    // the crosshair is in all panels
    graphTooltip: 1,
    refresh: "30s",
    time: { from: "now-1h", to: "now" },
    templating: {
      list: [
        {
          type: "datasource",
          name: SOURCE,
          label: "Prometheus",
          query: "prometheus",
          regex: "",
          // Grafana 10 reads it unasked; empty, it is the first Prometheus there is
          current: {},
          options: [],
          hide: 0,
          includeAll: false,
          multi: false,
          refresh: 1,
          skipUrlSync: false,
        },
      ],
    },
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
        expr: expr.replaceAll(`[${SHORTEST_RATE}]`, "[$__rate_interval]"),
        legendFormat: legend,
      })),
    })),
  };
}
