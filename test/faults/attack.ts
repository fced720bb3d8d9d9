import { loadavg } from "node:os";
import { setTimeout as sleep } from "node:timers/promises";
import type { Result } from "../load/visitors";
import type { Fault } from "./fault";
import type { Lab } from "./lab";

/** What visitors noticed of one kind of request; times in seconds. */
export interface Noticed {
  readonly total: number;
  readonly failed: number;
  /** Tries that failed before one succeeded. */
  readonly repeated: number;
  readonly gap: number;
  readonly wait: number;
}

/** One run of one fault, as it is kept. */
export interface Outcome {
  readonly fault: string;
  readonly date: string;
  /** Load average of the last minute when it began. */
  readonly load: number;
  readonly reads?: Noticed;
  readonly writes?: Noticed;
  /** Until the stack was whole, in seconds. */
  readonly whole?: number;
  /** Rows acknowledged, each of which was found once on each database machine. */
  readonly rows?: number;
  /** What was promised and didn't hold; empty when all did. */
  readonly missed: string[];
}

/** Seconds of normal life before a fault. */
const BEFORE = 2;
/** How long to wait for the stack to be whole: longer than promised, to see how long it takes. */
const PATIENCE = 180;

/**
 * Puts a fault on a stack that is whole, heals it, and says what it cost. The stack is whole again afterwards, or `missed`
 * says why not.
 * @param slack by which what was promised is multiplied: a computer with other work is slower
 */
export async function attack(lab: Lab, fault: Fault, slack = 1): Promise<Outcome> {
  await lab.separate();
  const begun = { fault: fault.name, date: new Date().toISOString(), load: round(loadavg()[0] ?? 0) };
  const visitors = lab.visitors();
  const missed: string[] = [];
  const attempt = async <T>(what: string, act: () => Promise<T>): Promise<T | undefined> => {
    try {
      return await act();
    } catch (error) {
      missed.push(`${what}: ${(error as Error).message}`);
      return undefined;
    }
  };

  await sleep(BEFORE * 1000);
  let since = Date.now();
  const heal = await attempt("the fault", () => fault.inject(lab));
  await sleep(Math.max(0, since + fault.seconds * 1000 - Date.now()));
  if (heal) {
    since = Date.now();
    await attempt("healing", heal);
  }
  const wholeAt = await attempt("the stack", () => lab.whole(PATIENCE));
  const { reads, writes, acknowledged } = await visitors.stop();
  const rows = await attempt("rows", async () => {
    await lab.acknowledgedRowsAreEverywhere(acknowledged);
    await lab.sameTransactionsEverywhere();
    return acknowledged.length;
  });
  for (const line of [...reads.failed, ...writes.failed].slice(0, 6)) console.log(`    failed ${line}`);
  for (const line of writes.repeated.slice(0, 4)) console.log(`    tried again ${line}`);

  const whole = wholeAt === undefined ? undefined : Math.max(0, round((wholeAt - since) / 1000));
  const measured = { reads: noticed(reads), writes: noticed(writes), whole };
  return { ...begun, ...measured, rows, missed: [...missed, ...exceeded(fault, measured, slack)] };
}

function noticed({ total, failed, repeated, longestGap, longestWait }: Result): Noticed {
  const seconds = (milliseconds: number) => round(milliseconds / 1000);
  return {
    total,
    failed: failed.length,
    repeated: repeated.length,
    gap: seconds(longestGap),
    wait: seconds(longestWait),
  };
}

function exceeded(
  { allowed }: Fault,
  { reads, writes, whole = 0 }: Required<Pick<Outcome, "reads" | "writes">> & Pick<Outcome, "whole">,
  slack: number,
) {
  const limits: [string, number, number | undefined][] = [
    ["failed reads", reads.failed, allowed.failedReads ?? 0],
    ["failed writes", writes.failed, allowed.failedWrites ?? 0],
    ["s without a read", reads.gap, allowed.readGap],
    ["s without a write", writes.gap, allowed.writeGap],
    ["s until whole", whole, allowed.whole],
  ];
  return limits
    .filter(([, found, limit]) => limit !== undefined && found > limit * slack)
    .map(([what, found, limit]) => `${found} ${what}, ${limit} allowed`);
}

const round = (number: number) => Math.round(number * 10) / 10;
