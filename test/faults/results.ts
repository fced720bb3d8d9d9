import { existsSync, readFileSync, writeFileSync } from "node:fs";
import type { Outcome } from "./attack";

/** What was measured, kept with the sources so that further runs can be added; docs/reliability.md is made from it. */
const FILE = "test/faults/results.json";

export function readResults(): Outcome[] {
  return existsSync(FILE) ? JSON.parse(readFileSync(FILE, "utf8")) : [];
}

/** So many runs of each fault are kept, the newest: older ones are of older versions of the stack. */
const KEPT = 5;

/** How many runs of a fault there are that began at this date (ISO 8601) or later. */
export const runsOf = (fault: string, since: string) =>
  readResults().filter((outcome) => outcome.fault === fault && outcome.date >= since).length;

/** Adds a run; written at once, as the next fault may end this process. A line each, for readable differences. */
export function addResult(outcome: Outcome): void {
  const outcomes = [...readResults(), outcome];
  const kept = outcomes.filter(({ fault }) => fault === outcome.fault).slice(-KEPT);
  write(outcomes.filter((each) => each.fault !== outcome.fault || kept.includes(each)));
}

/** Forgets what was measured before the stack was changed. */
export function forget(fault: string): void {
  write(readResults().filter((outcome) => outcome.fault !== fault));
}

function write(outcomes: readonly Outcome[]): void {
  writeFileSync(FILE, `[\n${outcomes.map((outcome) => `  ${JSON.stringify(outcome)}`).join(",\n")}\n]\n`);
}
