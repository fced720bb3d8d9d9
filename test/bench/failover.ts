import type { Outcome } from "../faults/attack";
import { faults } from "../faults/catalogue";
import { readResults } from "../faults/results";
import type { Comparison, Goal, Series } from "./series";

/** What is shown: a kind of machine or service that is killed, and the longest gap that is good enough, in seconds. */
const SHOWN: Record<string, { readonly reads?: number; readonly writes?: number }> = {
  "power-loss-primary": { writes: 7 },
  "power-loss-holder": { reads: 1, writes: 1 },
  "power-loss-replica": {},
  "kill-9-haproxy": { reads: 1, writes: 1 },
  "kill-9-nginx": {},
  "kill-9-php8.4-fpm": {},
  "kill-9-mysql": { writes: 7 },
  "rolling-update": {},
};

/**
 * The longest gap for somebody who reads and writes ten times a second, of each run of `npm run faults`. Nothing is measured
 * here: what a fault costs is known in one place.
 */
export async function benchFailover(): Promise<Comparison[]> {
  const outcomes = readResults();
  const comparisons = (["reads", "writes"] as const).map((kind): Comparison => {
    const shown = Object.entries(SHOWN).map(([name, goal]) => ({
      series: gaps(name, kind, outcomes),
      atMost: goal[kind],
    }));
    const measured = shown.filter(({ series }) => series.values.length > 0);
    return {
      name: `failover-${kind}`,
      title: `The longest time in which no ${kind === "reads" ? "read" : "write"} was answered`,
      unit: "s",
      series: measured.map(({ series }) => series),
      goals: measured.flatMap(({ series, atMost }): Goal[] =>
        atMost === undefined ? [] : [{ of: series.name, as: "worst", atMost }],
      ),
      note: NOTE[kind],
    };
  });
  if (comparisons.some(({ series }) => series.length === 0))
    throw new Error(
      "There are no results of faults yet: npm run faults -- --only power-loss kill-9 rolling-update --runs 7",
    );
  return comparisons;
}

const NOTE = {
  reads:
    "For comparison: VRRP with its usual advertisement each second takes over after 3.6 s (RFC 9568: three intervals and the skew time).",
  writes:
    "For comparison: Amazon says under 35 s for a Multi-AZ cluster of RDS, and Vitess measured 8 s for a group of MySQL. A write is tried " +
    "again with its token, so none of these failed; how many tries that took is in [reliability.md](reliability.md).",
} as const;

function gaps(name: string, kind: "reads" | "writes", outcomes: readonly Outcome[]): Series {
  const fault = faults.find((each) => each.name === name);
  if (!fault) throw new Error(`there is no fault ${name}`);
  const own = outcomes.filter((outcome) => outcome.fault === name);
  return { name: fault.what, values: own.flatMap((outcome) => outcome[kind]?.gap ?? []) };
}
