import { mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { plot } from "./plot";
import { type Measurement, readMeasurements } from "./results";
import { type Comparison, type Goal, judge, readable, spread } from "./series";

const PAGE = "docs/performance.md";
const PLOTS = "docs/performance";
/** What stands between these is made from the measurements. */
const BEGIN = "<!-- made by npm run bench -->";
const END = "<!-- until here -->";

/** Writes the figures of docs/performance.md and its plots anew, in the order of `kinds`; the text around them is people's. */
export async function writePage(kinds: readonly string[]): Promise<void> {
  const page = readFileSync(PAGE, "utf8");
  const [before] = page.split(BEGIN);
  const [, after] = page.split(END);
  if (before === undefined || after === undefined) throw new Error(`${PAGE} lacks the lines ${BEGIN} and ${END}.`);
  const all = readMeasurements();
  const measurements = kinds.flatMap((kind) => all.find((each) => each.kind === kind) ?? []);
  rmSync(PLOTS, { recursive: true, force: true });
  mkdirSync(PLOTS, { recursive: true });
  for (const comparison of measurements.flatMap(({ comparisons }) => comparisons))
    writeFileSync(`${PLOTS}/${comparison.name}.svg`, `${await plot(comparison)}\n`);
  writeFileSync(
    PAGE,
    `${before}${BEGIN}\n${[summary(measurements), ...measurements.map(section)].join("\n")}${END}${after}`,
  );
}

/** Each goal in a line, as the page has it and the terminal shows it. */
export function verdicts(comparison: Comparison): string[] {
  return comparison.goals.map((goal) => {
    const { value, reached } = judge(comparison, goal);
    return `${reached ? "reached" : "MISSED"}: ${told(value, goal, comparison)}`;
  });
}

function told(value: number, goal: Goal, { unit, series }: Comparison): string {
  const limit = goal.atMost === undefined ? `at least ${goal.atLeast}` : `at most ${goal.atMost}`;
  const of = goal.of ?? series[0]?.name;
  if (goal.against === undefined) {
    const which = goal.as === "worst" ? "worst" : "median";
    return `${of}: ${readable(value)} ${unit} (${which}), ${limit} wanted`;
  }
  if (goal.as === "difference") return `${readable(value)} ${unit} more than ${goal.against}, ${limit} wanted`;
  return `${of}: ${readable(value)} × ${goal.against}, ${limit} wanted`;
}

function summary(measurements: readonly Measurement[]): string {
  const goals = measurements.flatMap(({ comparisons }) =>
    comparisons.flatMap((comparison) => comparison.goals.map((goal) => judge(comparison, goal).reached)),
  );
  return `${goals.filter((reached) => reached).length} of ${goals.length} goals are reached.\n`;
}

function section({ kind, date, load, comparisons }: Measurement): string {
  const head = `## ${kind}\n\n\`npm run bench -- ${kind}\`, ${date.slice(0, 10)}; load average before: ${load}.\n`;
  return [head, ...comparisons.map(described)].join("\n");
}

function described(comparison: Comparison): string {
  const { name, title, unit, series, note } = comparison;
  const rows = series.map(({ name: what, values }) => {
    const { minimum, median, maximum } = spread(values);
    return `| ${what} | ${values.length} | ${[minimum, median, maximum].map(readable).join(" | ")} |`;
  });
  const table = [`| ${unit} | runs | minimum | median | maximum |`, "|---|---|---|---|---|", ...rows].join("\n");
  const goals = verdicts(comparison).map((line) => `- ${line}`);
  return [`### ${title}`, ...(note ? [note] : []), table, ...(goals.length > 0 ? [goals.join("\n")] : [])]
    .concat(`![${title}](performance/${name}.svg)\n`)
    .join("\n\n");
}
