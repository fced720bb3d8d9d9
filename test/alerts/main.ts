import { readFileSync, writeFileSync } from "node:fs";
import { loadavg } from "node:os";
import { setTimeout as sleep } from "node:timers/promises";
import { Command } from "commander";
import { type TestStack, testStack } from "../e2e/stack";
import { type Lab, labOf } from "../faults/lab";
import { DEAD_DIRECTORY, pairProvocations } from "./pair";
import type { Groups, Provocation } from "./provocation";
import { provocations } from "./provocations";
import { Receiver } from "./receiver";

/** `npm run alerts`: provokes each alert on stacks of its own, and notes how long it took to arrive. */
const program = new Command("alerts")
  .description("provoke each alert on stacks of the suite's own; writes the times into docs/monitoring.md")
  .option("--only <alerts...>", "these alerts", [])
  .option("--keep", "leave the stacks up, for the next time", false)
  .parse();

const PORT = 19061;
const PATH = "/hook?key=provoked";
const everyRole = ["load-balancer", "web", "application", "database"];

/** A stack, and what is done to it. */
interface Course {
  readonly stack: TestStack;
  readonly groups: Groups;
  /** There is always something wrong with it, as `npm run status` says. */
  readonly isNeverWhole?: boolean;
}

const courses: readonly Course[] = [
  {
    stack: testStack("test-alerts", "172.30.61.10", {
      topology: "highly-available",
      addressRange: "172.30.61.0/24",
      httpPort: 18161,
      httpsPort: 18561,
      alertWebhook: `http://172.30.61.1:${PORT}${PATH}`,
    }),
    groups: provocations,
  },
  {
    stack: testStack("test-alerts-pair", "172.30.62.10", {
      machines: [
        { name: "web-1", roles: [...everyRole, "monitor"] },
        { name: "web-2", roles: everyRole },
      ],
      addressRange: "172.30.62.0/24",
      httpPort: 0,
      httpsPort: 0,
      certificate: "acme",
      acmeDirectory: DEAD_DIRECTORY,
      alertWebhook: `http://172.30.62.1:${PORT}${PATH}`,
    }),
    groups: pairProvocations,
    isNeverWhole: true,
  },
];
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
  const rows: Row[] = [];
  for (const course of courses) {
    const groups = course.groups
      .map((group) => group.filter(({ alerts }) => only.length === 0 || only.some((each) => each in alerts)))
      .filter((group) => group.length > 0);
    if (groups.length > 0) await run({ ...course, groups }, receiver, rows, keep);
  }
  process.exitCode = rows.some(({ seconds }) => seconds === undefined) ? 1 : 0;
}

/** @param rows all results, to which those of this stack are added */
async function run({ stack, groups, isNeverWhole }: Course, receiver: Receiver, rows: Row[], keep: boolean) {
  const lab = labOf(stack);
  stack.writeSettings();
  await stack.start();
  const visitors = lab.visitors();
  for (const group of groups) {
    if (!isNeverWhole) await lab.whole(400);
    rows.push(...(await Promise.all(group.map((each) => attempt(lab, each, receiver)))).flat());
    note(rows);
  }
  await visitors.stop();
  if (keep) return;
  await stack.command("destroy", "--data");
  stack.removeSettings();
}

/** Provokes, waits for the alerts, mends. */
async function attempt(
  lab: Lab,
  { what, alerts, prepare, provoke, heal, seconds = 240 }: Provocation,
  receiver: Receiver,
): Promise<Row[]> {
  await prepare?.(lab);
  const begun = Date.now();
  const arrival = (alert: string) => receiver.firing(alert, alerts[alert], begun)[0]?.at;
  const names = Object.keys(alerts);
  let done = true;
  try {
    await provoke(lab, receiver);
    while (!names.every(arrival) && Date.now() < begun + seconds * 1000) await sleep(500);
  } catch (error) {
    done = false;
    console.log(`  ${what}: ${(error as Error).message}`);
  }
  await heal(lab, receiver).catch((error: Error) => console.log(`  ${what}, mending: ${error.message}`));
  return names.map((alert) => {
    const at = done ? arrival(alert) : undefined;
    const row = { alert, what, seconds: at && Math.round((at - begun) / 1000) };
    console.log(`  ${alert}: ${row.seconds === undefined ? `NOT within ${seconds} s` : `${row.seconds} s`} (${what})`);
    return row;
  });
}

/** An alert, and how it was provoked: a row of the table begins with it. */
const beginning = ({ alert, what }: Pick<Row, "alert" | "what">) => `| \`${alert}\` | ${what} |`;

/** Into the table of the page: what was tried anew; of the rest what is still tried stays as it was. */
function note(rows: readonly Row[]): void {
  const page = readFileSync(PAGE, "utf8");
  const [, before, table, after] = /^([\s\S]*<!-- times -->\n)([\s\S]*)(<!-- \/times -->[\s\S]*)$/.exec(page) ?? [];
  if (table === undefined) throw new Error(`${PAGE} has no place for the times`);
  const load = Math.round(loadavg()[2] ?? 0);
  const tried = courses.flatMap(({ groups }) => groups.flat());
  const lines = tried.flatMap(({ what, alerts }) =>
    Object.keys(alerts).flatMap((alert) => {
      const begin = beginning({ alert, what });
      const row = rows.find((each) => beginning(each) === begin);
      if (row) return `${begin} ${row.seconds ?? "**didn't arrive**"} | ${load} |`;
      return table.split("\n").filter((line) => line.startsWith(begin));
    }),
  );
  const head = "| alert | what was done | seconds until it arrived | load |\n|---|---|---|---|\n";
  writeFileSync(PAGE, `${before}${head}${lines.sort().join("\n")}\n${after}`);
}

void main();
