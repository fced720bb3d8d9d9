import { loadavg } from "node:os";

/** One of the things that are compared: does it once, and says what that took or yielded, by the name of the measure. */
export interface Contender<Measure extends string = "time"> {
  readonly name: string;
  run(): Promise<Readonly<Record<Measure, number>>>;
}

export interface Series {
  readonly name: string;
  readonly values: readonly number[];
}

/** What was measured side by side, in one go. */
export interface Comparison {
  /** Of its plot's file; begins with what `npm run bench` calls it. */
  readonly name: string;
  readonly title: string;
  readonly unit: string;
  /** The first is what the project does, the others what it is measured against. */
  readonly series: readonly Series[];
  readonly goals: readonly Goal[];
  /** How it was measured, where a reader might think of something else. */
  readonly note?: string;
}

/**
 * What a series has to reach. With `against`: its ratio to (or difference from) that series, run by run, as each pair was
 * measured side by side, and the median of these. Without: its own median, or the worst of its values.
 */
export interface Goal {
  /** Name of a series. @default the first */
  readonly of?: string;
  readonly against?: string;
  /** @default a ratio, or the median where there is nothing to compare with */
  readonly as?: "difference" | "worst";
  readonly atMost?: number;
  readonly atLeast?: number;
}

export interface Spread {
  readonly minimum: number;
  readonly median: number;
  readonly maximum: number;
}

/**
 * Measures in turn, one of each and again, so that what slows the computer down slows all of them. The first round isn't
 * counted: it fills caches.
 */
export async function inTurn<Measure extends string>(
  contenders: readonly Contender<Measure>[],
  runs: number,
): Promise<Record<Measure, Series[]>> {
  const all: Record<string, Map<string, number[]>> = {};
  for (let round = 0; round <= runs; round += 1) {
    for (const { name, run } of contenders) {
      const measured = Object.entries<number>(await run());
      const values = measured.map(([measure, value]) => `${measure} ${readable(value)}`).join(", ");
      console.log(`  ${round === 0 ? "warm-up" : `${round}/${runs}`}  ${name}: ${values} (load ${currentLoad()})`);
      if (round === 0) continue;
      for (const [measure, value] of measured) {
        all[measure] ??= new Map();
        all[measure].set(name, [...(all[measure].get(name) ?? []), value]);
      }
    }
  }
  const measures = Object.entries(all).map(([measure, series]) => [
    measure,
    [...series].map(([name, values]): Series => ({ name, values })),
  ]);
  return Object.fromEntries(measures);
}

/** Average of the last minute: programs that ran or wanted to. */
export function currentLoad(): number {
  return Number((loadavg()[0] ?? 0).toFixed(1));
}

export function spread(values: readonly number[]): Spread {
  const sorted = [...values].sort((one, other) => one - other);
  const at = (index: number) => sorted[Math.max(0, index)] ?? Number.NaN;
  const middle = sorted.length / 2;
  const median = sorted.length % 2 ? at(Math.floor(middle)) : (at(middle - 1) + at(middle)) / 2;
  return { minimum: at(0), median, maximum: at(sorted.length - 1) };
}

/** What a goal is about, and whether it was reached. */
export function judge({ series }: Comparison, goal: Goal): { value: number; reached: boolean } {
  const value = figure(series, goal);
  return { value, reached: value <= (goal.atMost ?? Infinity) && value >= (goal.atLeast ?? -Infinity) };
}

function figure(series: readonly Series[], { of = series[0]?.name, against, as, atLeast }: Goal): number {
  const find = (wanted?: string) => {
    const found = series.find(({ name }) => name === wanted);
    if (!found) throw new Error(`there is no series "${wanted}"`);
    return found.values;
  };
  const own = find(of);
  if (against === undefined) {
    const { minimum, median, maximum } = spread(own);
    if (as === "worst") return atLeast === undefined ? maximum : minimum;
    return median;
  }
  const other = find(against);
  const pairs = own.map((value, index) => {
    const beside = other[index] ?? Number.NaN;
    return as === "difference" ? value - beside : value / beside;
  });
  return spread(pairs).median;
}

/** How long something takes, in ms. */
export async function timed(act: () => Promise<unknown>): Promise<{ time: number }> {
  const begun = performance.now();
  await act();
  return { time: performance.now() - begun };
}

/** Three significant digits are more than a noisy computer has. */
export function readable(value: number): string {
  return Math.abs(value) >= 100 ? String(Math.round(value)) : String(Number(value.toPrecision(3)));
}
