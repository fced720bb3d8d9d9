import { type Comparison, spread } from "./series";

/** Each value as a dot and the median as a line, a row for each series. Resolves to SVG. */
export async function plot({ unit, series }: Comparison): Promise<string> {
  // Loaded here because it takes a second, and most runs don't draw.
  const [{ parse, View }, { compile }] = await Promise.all([import("vega"), import("vega-lite")]);
  const y = {
    field: "name",
    type: "nominal",
    sort: null,
    title: null,
    axis: { labelLimit: 420, ticks: false },
  } as const;
  const x = { field: "value", type: "quantitative", title: unit, scale: { zero: true } } as const;
  const { spec } = compile({
    background: "white",
    width: 420,
    height: { step: 34 },
    config: { font: "sans-serif", axis: { labelFontSize: 12, titleFontSize: 12, titleFontWeight: "normal" } },
    layer: [
      {
        data: { values: series.flatMap(({ name, values }) => values.map((value) => ({ name, value }))) },
        mark: { type: "point", filled: true, size: 50, opacity: 0.45, color: "#1f5f8b" },
        encoding: { x, y },
      },
      {
        data: { values: series.map(({ name, values }) => ({ name, value: spread(values).median })) },
        mark: { type: "tick", thickness: 3, size: 24, color: "#b3541e" },
        encoding: { x, y },
      },
    ],
  });
  return new View(parse(spec), { renderer: "none" }).toSVG();
}
