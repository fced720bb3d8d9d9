import { readFileSync, writeFileSync } from "node:fs";
import { loadavg } from "node:os";
import { setTimeout as sleep } from "node:timers/promises";
import { Command } from "commander";
import { testStack } from "../e2e/stack";
import { labOf } from "../faults/lab";
import { type Provocation, provocations } from "./provocations";
import { Receiver } from "./receiver";

/** `npm run alerts`: provokes each alert on a highly available stack of its own, and notes how long it took to arrive. */
const program = new Command("alerts")
  .description("provoke each alert on a stack of the suite's own; writes the times into docs/monitoring.md")
  .option("--only <alerts...>", "these alerts", [])
  .option("--keep", "leave the stack up, for the next time", false)
  .parse();

const PORT = 19061;
const PATH = "/hook?key=provoked";
const stack = testStack("test-alerts", "172.30.61.10", {
  topology: "highly-available",
  addressRange: "172.30.61.0/24",
  httpPort: 18161,
  httpsPort: 18561,
  alertWebhook: `http://172.30.61.1:${PORT}${PATH}`,
});
const lab = labOf(stack);
const PAGE = "docs/monitoring.md";

interface Row {
  readonly alert: string;
  readonly what: string;
  readonly seconds: number | undefined;
}

async function main(): Promise<void> {
  const { only, keep } = program.opts<{ only: string[]; keep: boolean }>();
  const receiver = new Receiver(PORT, PATH);
  await receiver.listen();
  stack.writeSettings();
  await stack.start();
  const visitors = lab.visitors();
  const rows: Row[] = [];
  for (const group of provocations) {
    const chosen = group.filter(
      ({ alerts }) => only.length === 0 || Object.keys(alerts).some((each) => only.includes(each)),
    );
    if (chosen.length === 0) continue;
    await lab.whole(400);
    rows.push(...(await Promise.all(chosen.map((each) => attempt(each, receiver)))).flat());
    note(rows);
  }
  await visitors.stop();
  if (!keep) {
    await stack.command("destroy", "--data");
    stack.removeSettings();
  }
  process.exitCode = rows.some(({ seconds }) => seconds === undefined) ? 1 : 0;
}

/** Provokes, waits for the alerts, mends. */
async function attempt(
  { what, alerts, prepare, provoke, heal, seconds = 240 }: Provocation,
  receiver: Receiver,
): Promise<Row[]> {
  await prepare?.(lab);
  const begun = Date.now();
  const arrival = (alert: string) => receiver.firing(alert, alerts[alert], begun)[0]?.at;
  const names = Object.keys(alerts);
  try {
    await provoke(lab, receiver);
    while (!names.every(arrival) && Date.now() < begun + seconds * 1000) await sleep(500);
  } catch (error) {
    console.log(`  ${what}: ${(error as Error).message}`);
  }
  await heal(lab, receiver).catch((error: Error) => console.log(`  ${what}, mending: ${error.message}`));
  return names.map((alert) => {
    const at = arrival(alert);
    const row = { alert, what, seconds: at && Math.round((at - begun) / 1000) };
    console.log(`  ${alert}: ${row.seconds === undefined ? `NOT within ${seconds} s` : `${row.seconds} s`} (${what})`);
    return row;
  });
}

/** Into the table of the page: what was tried anew; the rest stays as it was. */
function note(rows: readonly Row[]): void {
  const page = readFileSync(PAGE, "utf8");
  const [, before, table, after] = /^([\s\S]*<!-- times -->\n)([\s\S]*)(<!-- \/times -->[\s\S]*)$/.exec(page) ?? [];
  if (table === undefined) throw new Error(`${PAGE} has no place for the times`);
  const lines = new Map(
    table.split("\n").flatMap((line) => (line.startsWith("| `") ? [[line.split("`")[1], line]] : [])),
  );
  const load = Math.round(loadavg()[2] ?? 0);
  for (const { alert, what, seconds } of rows)
    lines.set(alert, `| \`${alert}\` | ${what} | ${seconds ?? "**didn't arrive**"} | ${load} |`);
  const head = "| alert | what was done | seconds until it arrived | load |\n|---|---|---|---|\n";
  const sorted = [...lines.values()].sort();
  writeFileSync(PAGE, `${before}${head}${sorted.join("\n")}\n${after}`);
}

void main();
