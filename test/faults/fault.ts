import type { Lab } from "./lab";

/** What a fault may cost. Absent: nothing is promised, it is measured only. Lost or doubled rows are never allowed. */
export interface Allowed {
  /** Requests that were never answered well. @default 0 */
  readonly failedReads?: number;
  readonly failedWrites?: number;
  /** The longest time in which no request was answered, in seconds. */
  readonly readGap?: number;
  readonly writeGap?: number;
  /** Until `npm run status` finds nothing wrong, in seconds after the fault was healed (or began, when it heals itself). */
  readonly whole: number;
}

/** One thing that goes wrong, how it is made to, and what visitors may notice of it. */
export interface Fault {
  /** What `--only` takes. */
  readonly name: string;
  /** A row of the table. */
  readonly group: "machine" | "service" | "network" | "resources" | "data" | "operations";
  /** For the page: what happens to whom. */
  readonly what: string;
  /** How long it lasts before it is healed, in seconds. Those that heal themselves: how long they are watched. */
  readonly seconds: number;
  /** Makes it happen. Resolves to what heals it; to nothing when the stack has to do that by itself. */
  inject(lab: Lab): Promise<Heal | undefined>;
  readonly allowed: Allowed;
  /** In what it differs from the real thing. */
  readonly unlike?: string;
}

export type Heal = () => Promise<unknown>;
