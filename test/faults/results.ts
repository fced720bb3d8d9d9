import { existsSync, readFileSync, writeFileSync } from "node:fs";
import type { Outcome } from "./attack";

/** What was measured, kept with the sources so that further runs can be added; docs/reliability.md is made from it. */
const FILE = "test/faults/results.json";

export function readResults(): Outcome[] {
  return existsSync(FILE) ? JSON.parse(readFileSync(FILE, "utf8")) : [];
}

/** How many runs of a fault there are. */
export const runsOf = (fault: string) => readResults().filter((outcome) => outcome.fault === fault).length;

/** Adds a run; written at once, as the next fault may end this process. A line each, for readable differences. */
export function addResult(outcome: Outcome): void {
  write([...readResults(), outcome]);
}

/** Forgets what was measured before the stack was changed. */
export function forget(fault: string): void {
  write(readResults().filter((outcome) => outcome.fault !== fault));
}

function write(outcomes: readonly Outcome[]): void {
  writeFileSync(FILE, `[\n${outcomes.map((outcome) => `  ${JSON.stringify(outcome)}`).join(",\n")}\n]\n`);
}
