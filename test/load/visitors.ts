import { randomUUID } from "node:crypto";
import { request } from "node:https";
import { setTimeout as sleep } from "node:timers/promises";

/** Where the visitors go and how often; they come whether or not those before them have been answered. */
export interface Visit {
  /** Address that the site's name stands for. */
  readonly address: string;
  readonly port?: number;
  readonly domain: string;
  /** PEM of the authority to trust. */
  readonly ca: string;
  readonly writesPerSecond: number;
  readonly readsPerSecond: number;
  /** For how long a write is tried again after a broken connection or a 502, 503 or 504, in ms; 0: tried once. @default 15000 */
  readonly patience?: number;
}

/** One numbered row that a visitor wanted written, or one page that a visitor asked for. */
interface Errand {
  readonly begun: number;
  ended?: number;
  /** What went wrong, each try; the last one of a failed errand among them. */
  readonly problems: string[];
  readonly token: string;
}

export interface Result {
  readonly total: number;
  readonly failed: string[];
  /** What went wrong before it went well in the end. */
  readonly repeated: string[];
  /** The longest that somebody waited for an answer, in ms. */
  readonly longestWait: number;
  /** The longest time in which nobody got an answer, in ms. */
  readonly longestGap: number;
}

export interface Report {
  readonly writes: Result;
  readonly reads: Result;
  /** Tokens of the rows that the site said it has. */
  readonly acknowledged: string[];
}

/** Longer than any answer should take: elections, and the site's own patience. */
const TRY_TIMEOUT = 12_000;
const READ_TIMEOUT = 5_000;
const PAUSE = 100;
/** It may have happened or not: a gateway lost its server, or knows of none. The token makes another try safe. */
const UNDECIDED = new Set([502, 503, 504]);

/**
 * Visitors who write and read at a fixed rate, each on a connection of their own, until told to stop. A write is tried
 * again with the same token, as docs/application.md tells clients to: it can't be there twice.
 */
export function startVisitors(visit: Visit): { stop(): Promise<Report> } {
  const begun = Date.now();
  const writes: Errand[] = [];
  const reads: Errand[] = [];
  const pending: Promise<void>[] = [];
  const timers = [
    every(visit.writesPerSecond, () => {
      const errand = { begun: Date.now(), problems: [], token: randomUUID() };
      writes.push(errand);
      pending.push(write(visit, errand, `row ${writes.length}`));
    }),
    every(visit.readsPerSecond, () => {
      const errand = { begun: Date.now(), problems: [], token: "" };
      reads.push(errand);
      pending.push(read(visit, errand));
    }),
  ];
  return {
    async stop() {
      for (const timer of timers) clearInterval(timer);
      const end = Date.now();
      await Promise.all(pending);
      const acknowledged = writes.filter(({ ended }) => ended !== undefined).map(({ token }) => token);
      return { writes: result(writes, begun, end), reads: result(reads, begun, end), acknowledged };
    },
  };
}

function every(perSecond: number, act: () => void): NodeJS.Timeout | undefined {
  return perSecond > 0 ? setInterval(act, 1000 / perSecond) : undefined;
}

async function write(visit: Visit, errand: Errand, message: string): Promise<void> {
  const end = errand.begun + (visit.patience ?? 15_000);
  const body = JSON.stringify({ name: "Visitor", message, token: errand.token });
  do {
    try {
      const status = await ask(visit, TRY_TIMEOUT, "POST", body);
      if (status === 201) {
        errand.ended = Date.now();
        return;
      }
      errand.problems.push(told(errand, `status ${status}`));
      if (!UNDECIDED.has(status)) return;
    } catch (error) {
      errand.problems.push(told(errand, (error as Error).message));
    }
    await sleep(PAUSE);
  } while (Date.now() < end);
}

async function read(visit: Visit, errand: Errand): Promise<void> {
  try {
    const status = await ask(visit, READ_TIMEOUT, "GET");
    if (status === 200) errand.ended = Date.now();
    else errand.problems.push(told(errand, `status ${status}`));
  } catch (error) {
    errand.problems.push(told(errand, (error as Error).message));
  }
}

function told({ begun }: Errand, problem: string): string {
  return `${new Date(begun).toISOString().slice(11, 23)} after ${Date.now() - begun} ms: ${problem}`;
}

function ask(
  { address, port = 443, domain, ca }: Visit,
  timeout: number,
  method: string,
  body?: string,
): Promise<number> {
  return new Promise((resolve, reject) => {
    const headers = { host: domain, ...(body ? { "content-type": "application/json" } : {}) };
    const options = {
      host: address,
      port,
      servername: domain,
      ca,
      method,
      path: "/api/messages",
      headers,
      agent: false,
    };
    const sent = request(options, (response) => {
      response.resume();
      response.on("end", () => resolve(response.statusCode ?? 0));
      response.on("error", reject);
    });
    const timer = setTimeout(() => sent.destroy(new Error(`no answer within ${timeout} ms`)), timeout);
    // whoever waits for an answer notices so that the other end is gone
    sent.on("socket", (socket) => socket.setKeepAlive(true, 1000));
    sent.on("close", () => clearTimeout(timer));
    sent.on("error", reject);
    sent.end(body);
  });
}

function result(errands: Errand[], begun: number, end: number): Result {
  const done = errands.flatMap(({ ended }) => ended ?? []).sort((a, b) => a - b);
  // nobody who was answered late hides that at the end nobody was
  if (done.length === 0 || (done.at(-1) as number) < end) done.push(end);
  const waits = errands.map(({ begun, ended }) => (ended === undefined ? 0 : ended - begun));
  const gaps = done.map((answer, index) => answer - (done[index - 1] ?? begun));
  return {
    total: errands.length,
    failed: errands.filter(({ ended }) => ended === undefined).map(({ problems }) => problems.at(-1) ?? ""),
    repeated: errands.filter(({ ended }) => ended !== undefined).flatMap(({ problems }) => problems),
    longestWait: Math.max(0, ...waits),
    longestGap: Math.max(0, ...gaps),
  };
}
