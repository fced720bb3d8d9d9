import { existsSync, readFileSync, writeFileSync } from "node:fs";
import type { Comparison } from "./series";

/** What was measured last of each kind, kept with the sources; docs/performance.md is made from it. */
const FILE = "test/bench/results.json";

/** All comparisons of one kind of measurement, such as `preview`. */
export interface Measurement {
  readonly kind: string;
  readonly date: string;
  /** Load average of the computer before it began. */
  readonly load: number;
  readonly comparisons: readonly Comparison[];
}

export function readMeasurements(): Measurement[] {
  return existsSync(FILE) ? JSON.parse(readFileSync(FILE, "utf8")) : [];
}

/** Instead of the one of its kind that there was. */
export function keepMeasurement(measurement: Measurement): void {
  const others = readMeasurements().filter(({ kind }) => kind !== measurement.kind);
  writeFileSync(FILE, `${JSON.stringify([...others, measurement], rounded, 2)}\n`);
}

/** A thousandth of a millisecond is nobody's business. */
const rounded = (_key: string, value: unknown) => (typeof value === "number" ? Number(value.toPrecision(6)) : value);
