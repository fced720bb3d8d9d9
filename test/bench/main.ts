import { Argument, Command } from "commander";
import { ensureDocker } from "../../engine/setup/docker";
import { ensureMachineImage } from "../../engine/setup/image";
import { benchBoot } from "./boot";
import { benchFailover } from "./failover";
import { benchGrowth } from "./growth";
import { verdicts, writePage } from "./page";
import { benchPreview } from "./preview";
import { benchRequest, benchScale } from "./requests";
import { keepMeasurement } from "./results";
import { type Comparison, currentLoad, readable, spread } from "./series";
import { benchTests } from "./unit-tests";

/** In the order of the page. */
const kinds: Record<string, (runs: number) => Promise<Comparison[]>> = {
  preview: benchPreview,
  tests: benchTests,
  boot: benchBoot,
  request: benchRequest,
  scale: benchScale,
  failover: benchFailover,
  growth: benchGrowth,
};

/** `npm run bench`: measures on this computer, beside what is compared with it, and writes docs/performance.md. */
const program = new Command("bench")
  .description("measure, side by side with what is compared, and write docs/performance.md")
  .addArgument(
    new Argument("[what...]", "what to measure").choices(Object.keys(kinds)).default(Object.keys(kinds), "all"),
  )
  .option("--runs <number>", "of each, after one that isn't counted", Number, 7)
  .option("--page", "write the page anew from the measurements there are, and end", false)
  .parse();

async function main(): Promise<void> {
  const { runs, page } = program.opts();
  const [chosen] = program.processedArgs as [string[]];
  if (!page) {
    await ensureDocker(console.log);
    await ensureMachineImage(console.log);
    for (const kind of chosen) await measure(kind, runs);
  }
  await writePage(Object.keys(kinds));
}

async function measure(kind: string, runs: number): Promise<void> {
  console.log(kind);
  const load = currentLoad();
  const comparisons = (await kinds[kind]?.(runs)) ?? [];
  keepMeasurement({ kind, date: new Date().toISOString(), load, comparisons });
  for (const comparison of comparisons) {
    console.log(`\n${comparison.title}, ${comparison.unit}: minimum, median, maximum`);
    for (const { name, values } of comparison.series) {
      const { minimum, median, maximum } = spread(values);
      console.log(`  ${[minimum, median, maximum].map((value) => readable(value).padStart(8)).join(" ")}  ${name}`);
    }
    for (const line of verdicts(comparison)) console.log(`  ${line}`);
  }
  console.log();
}

main().then(
  () => process.exit(),
  (error) => {
    console.error(error);
    process.exit(1);
  },
);
