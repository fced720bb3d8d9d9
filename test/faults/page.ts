import { readFileSync, writeFileSync } from "node:fs";
import type { Noticed, Outcome } from "./attack";
import { faults } from "./catalogue";
import type { Fault } from "./fault";
import { readResults } from "./results";

const PAGE = "docs/reliability.md";
/** What stands between these is made from the results. */
const BEGIN = "<!-- made by npm run faults -->";
const END = "<!-- until here -->";

const headings: Record<Fault["group"], string> = {
  machine: "Machines",
  service: "Services",
  network: "Network",
  resources: "Resources",
  data: "Data",
  operations: "Operations",
};

/** Writes the tables of docs/reliability.md anew; the text around them is people's. */
export function writePage(): void {
  const page = readFileSync(PAGE, "utf8");
  const [before] = page.split(BEGIN);
  const [, after] = page.split(END);
  if (before === undefined || after === undefined) throw new Error(`${PAGE} lacks the lines ${BEGIN} and ${END}.`);
  writeFileSync(PAGE, `${before}${BEGIN}\n${tables(readResults())}\n${END}${after}`);
}

function tables(outcomes: readonly Outcome[]): string {
  const sections = Object.entries(headings).map(([group, heading]) => {
    const rows = faults.filter((fault) => fault.group === group).map((fault) => row(fault, outcomes));
    return `### ${heading}\n\n${HEAD}\n${rows.join("\n")}\n`;
  });
  return [summary(outcomes), ...sections].join("\n");
}

const HEAD = [
  "| fault | runs | reads failed | longest gap | writes failed | longest gap | whole again | |",
  "|---|---|---|---|---|---|---|---|",
].join("\n");

function row(fault: Fault, outcomes: readonly Outcome[]): string {
  const own = outcomes.filter((outcome) => outcome.fault === fault.name);
  const name = `${fault.what}${fault.unlike ? ` (${fault.unlike})` : ""}`;
  if (own.length === 0) return `| ${name} | 0 | | | | | | not run |`;
  const worst = (of: (outcome: Outcome) => number | undefined) => Math.max(...own.map((outcome) => of(outcome) ?? 0));
  const failed = (kind: "reads" | "writes") => worst((outcome) => outcome[kind]?.failed);
  const gap = (kind: "reads" | "writes") => `${worst((outcome) => outcome[kind]?.gap)} s`;
  const missed = own.filter((outcome) => outcome.missed.length > 0);
  const whole = own.some((outcome) => outcome.whole === undefined) ? "no" : `${worst((outcome) => outcome.whole)} s`;
  const cells = [name, own.length, failed("reads"), gap("reads"), failed("writes"), gap("writes"), whole];
  return `| ${cells.join(" | ")} | ${missed.length === 0 ? "" : `missed in ${missed.length}: ${why(missed)}`} |`;
}

/** What a run missed, of the worst one; the first line of each. */
function why(missed: readonly Outcome[]): string {
  const most = missed.reduce((worst, outcome) => (outcome.missed.length > worst.missed.length ? outcome : worst));
  return most.missed.map((line) => line.split("\n").slice(0, 2).join(" ").slice(0, 160)).join("; ");
}

function summary(outcomes: readonly Outcome[]): string {
  if (outcomes.length === 0) return "Nothing was measured yet.\n";
  const dates = outcomes.map(({ date }) => date.slice(0, 10)).sort();
  const loads = outcomes.map(({ load }) => load).sort((one, other) => one - other);
  const requests = (noticed: (outcome: Outcome) => Noticed | undefined) =>
    outcomes.reduce((sum, outcome) => sum + (noticed(outcome)?.total ?? 0), 0);
  const rows = outcomes.reduce((sum, outcome) => sum + (outcome.rows ?? 0), 0);
  const kinds = new Set(outcomes.map(({ fault }) => fault)).size;
  const [first, last] = [dates[0], dates.at(-1)];
  return (
    `${outcomes.length} runs of ${kinds} faults, ${first === last ? first : `${first} to ${last}`}; ` +
    `${requests(({ reads }) => reads)} reads and ${requests(({ writes }) => writes)} writes, of which ${rows} acknowledged rows were ` +
    `then found exactly once on each database machine. Load average of the computer at the beginning of a run: ` +
    `${loads[0]} to ${loads.at(-1)}, median ${loads[Math.floor(loads.length / 2)]} (on ${CORES} cores).\n`
  );
}

/** Of the computer that the figures are from. */
const CORES = 2;
