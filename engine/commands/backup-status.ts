import { z } from "zod";

/** What the machine whose turn it is to back up says of the backups; others say nothing. Times are ISO 8601. */
export const backupStatus = z.object({
  since: z.string(),
  full: z.object({ id: z.string(), time: z.string(), size: z.number() }).optional(),
  /** When the next full backup is due. */
  due: z.string().optional(),
  /** Until when everything that was committed can be restored. */
  logs: z.string().optional(),
  problem: z.string().default(""),
});
export type BackupStatus = z.infer<typeof backupStatus>;

/** Minutes after which missing copies of the logs, and a missing full backup, are no hiccup any more. */
const LOGS_LATE = 10;
const FULL_LATE = 60;

/** What is wrong with the backups; empty when nothing is, or when nobody knows yet. */
export function backupProblems(status: BackupStatus | undefined, now: Date): string[] {
  if (!status) return [];
  const minutes = (time: string) => (now.getTime() - Date.parse(time)) / 60_000;
  const why = status.problem ? `: ${status.problem}` : "";
  const found = [];
  if (minutes(status.logs ?? status.since) > LOGS_LATE)
    found.push(`the binary logs were not backed up for ${ago(status.logs ?? status.since, now)}${why}`);
  if (minutes(status.due ?? status.since) > FULL_LATE)
    found.push(
      status.full ? `the last full backup is ${ago(status.full.time, now)} old${why}` : `there is no full backup${why}`,
    );
  return found;
}

/** The age of the backups, for a person. */
export function backupAge({ full, logs }: BackupStatus, now: Date): string {
  const kilobytes = full && (full.size / 1000).toFixed(0);
  return [
    full ? `full ${full.id} ${ago(full.time, now)} ago (${kilobytes} kB)` : "no full backup yet",
    logs ? `everything until ${ago(logs, now)} ago can be restored` : "no logs yet",
  ].join(", ");
}

function ago(time: string, now: Date): string {
  const seconds = Math.max(0, (now.getTime() - Date.parse(time)) / 1000);
  if (seconds < 120) return `${seconds.toFixed(0)} s`;
  if (seconds < 7200) return `${(seconds / 60).toFixed(0)} min`;
  return seconds < 172_800 ? `${(seconds / 3600).toFixed(0)} h` : `${(seconds / 86_400).toFixed(0)} days`;
}
