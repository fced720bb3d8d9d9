import { mkdirSync, writeFileSync } from "node:fs";
import { loadavg } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { Command } from "commander";
import { ensureDocker } from "../../engine/setup/docker";
import { testStack } from "../e2e/stack";
import { attack, type Outcome } from "./attack";
import { faults } from "./catalogue";
import { labOf } from "./lab";
import { writePage } from "./page";
import { addResult, forget, runsOf } from "./results";
import { makeSmallVolumes, removeSmallVolumes } from "./volumes";

/** `npm run faults`: puts faults on a highly available stack of its own, one after the other, and writes docs/reliability.md. */
const program = new Command("faults")
  .description("attack a stack of the suite's own, and write what it cost into docs/reliability.md")
  .option("--only <names...>", "these faults, or all whose names begin so", [])
  .option("--runs <number>", "of each fault; the worst counts", Number, 1)
  .option("--complete", "with earlier ones, --runs of each: only what is missing, those with fewest first", false)
  .option(
    "--since <date>",
    "with --complete: runs before this date (2026-11-30, or with a time in UTC) don't count",
    "",
  )
  .option("--fresh", "forget earlier results of these faults", false)
  .option("--list", "say which faults there are, and end", false)
  .option("--page", "write the page anew from the results there are, and end", false)
  .option("--quiet <load>", "wait before each run, for 5 minutes at most, until the load average is below", Number)
  .option("--keep", "leave the stack up, for the next time", false)
  .parse();

const stack = testStack("test-faults", "172.30.64.10", {
  topology: "highly-available",
  addressRange: "172.30.64.0/24",
  httpPort: 18164,
  httpsPort: 18564,
});

const lab = labOf(stack);

async function begin(): Promise<void> {
  await ensureDocker(console.log);
  stack.writeSettings();
  await makeSmallVolumes(stack.name);
  await stack.start();
}

async function end(): Promise<void> {
  await stack.command("destroy", "--data");
  removeSmallVolumes(stack.name);
  stack.removeSettings();
}

async function main(): Promise<void> {
  const { only, runs, complete, since, fresh, list, page, quiet, keep } = program.opts();
  const chosen = faults.filter(({ name }) => only.length === 0 || only.some((begin: string) => name.startsWith(begin)));
  if (chosen.length === 0) program.error(`No fault is named ${only.join(", ")}; --list shows all.`);
  if (list) {
    for (const { name, what } of chosen) console.log(`${name.padEnd(28)} ${what}`);
    return;
  }
  if (page) return writePage();

  if (fresh) for (const { name } of chosen) forget(name);
  const planned = Array.from({ length: runs }, (_, run) =>
    chosen.filter(({ name }) => !complete || runsOf(name, since) <= run).map((fault) => ({ fault, run: run + 1 })),
  ).flat();
  await begin();
  await lab.whole();
  let bad = 0;
  for (const { fault, run } of planned) {
    if (quiet) await quietComputer(quiet);
    console.log(`${new Date().toISOString().slice(11, 19)} ${fault.name}${runs > 1 ? `, run ${run}` : ""}`);
    const outcome = await attack(lab, fault);
    addResult(outcome);
    show(outcome);
    if (outcome.missed.length > 0) {
      bad += 1;
      await keepJournals(outcome);
    }
    if (outcome.whole === undefined) {
      console.log("The stack is made anew: what one fault left behind isn't the next one's.");
      await end();
      await begin();
      await lab.whole();
    }
  }
  writePage();
  if (!keep) await end();
  console.log(`${bad} of ${planned.length} runs missed something.`);
  process.exitCode = bad > 0 ? 1 : 0;
}

/** What the machines logged in a run that missed something: the next one may wipe their disks. */
async function keepJournals({ fault, date }: Outcome): Promise<void> {
  const directory = join(".state", `${stack.name}-journals`, `${fault}-${date}`);
  mkdirSync(directory, { recursive: true });
  const since = `--since=@${Math.floor(Date.parse(date) / 1000)}`;
  for (const machine of lab.machines) {
    writeFileSync(join(directory, `${machine}.log`), await stack.journal(machine, since));
  }
  console.log(`    What the machines logged is in ${directory}.`);
}

async function quietComputer(load: number): Promise<void> {
  const end = Date.now() + 300_000;
  while ((loadavg()[0] ?? 0) > load && Date.now() < end) await sleep(2000);
}

function show({ reads, writes, whole, rows, missed }: Outcome): void {
  console.log(
    `    reads: ${reads?.failed} failed, gap ${reads?.gap} s; writes: ${writes?.failed} failed, ${writes?.repeated} tries repeated, ` +
      `gap ${writes?.gap} s; whole after ${whole} s; ${rows} rows everywhere`,
  );
  for (const line of missed) console.log(`    MISSED ${line}`);
}

void main();
