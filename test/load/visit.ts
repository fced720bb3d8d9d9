import { execFileSync, spawn } from "node:child_process";
import { readFileSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { Command } from "commander";
import Docker from "dockerode";
import { type Result, startVisitors } from "./visitors";

/**
 * Measures what visitors notice of a fault: writes and reads at a fixed rate through the site's address, a command after
 * three seconds, and afterwards whether each acknowledged row is there, once, in every database.
 *
 *   npx tsx test/load/visit.ts --stack local --do "docker kill web-infrastructure-local-web-1"
 */
const program = new Command()
  .requiredOption("--stack <name>", "a stack of the Docker target")
  .requiredOption("--address <address>", "where its site is")
  .option("--port <number>", "where its site is", Number, 443)
  .option("--domain <name>", "name of the site", "www.foobar.com")
  .option("--writes <number>", "per second", Number, 10)
  .option("--reads <number>", "per second", Number, 10)
  .option("--seconds <number>", "after the command", Number, 15)
  .option("--once", "writes aren't tried again")
  .option("--do <command>", "what happens after three seconds", "true")
  .parse();

async function main(): Promise<void> {
  const options = program.opts();
  const ca = readFileSync(`.state/${options.stack}/ca.pem`, "utf8");
  const visitors = startVisitors({
    ...options,
    address: options.address,
    port: options.port,
    domain: options.domain,
    ca,
    writesPerSecond: options.writes,
    readsPerSecond: options.reads,
    patience: options.once ? 0 : undefined,
  });
  await sleep(3000);
  const start = Date.now();
  console.log(`${new Date(start).toISOString().slice(11, 23)} ${options.do}`);
  const command = spawn("sh", ["-c", options.do], { stdio: ["ignore", "ignore", "inherit"] });
  const ended = new Promise((resolve) => command.on("close", resolve));
  command.on("close", (code) =>
    console.log(`  took ${((Date.now() - start) / 1000).toFixed(1)} s, exit status ${code}`),
  );
  await Promise.all([sleep(options.seconds * 1000), ended]);
  const { writes, reads, acknowledged } = await visitors.stop();
  show("writes", writes);
  show("reads", reads);
  await compare(options.stack, acknowledged);
}

function show(name: string, { total, failed, repeated, longestWait, longestGap }: Result): void {
  console.log(
    `${name}: ${total}, failed ${failed.length}, longest wait ${longestWait} ms, longest gap ${longestGap} ms` +
      `${repeated.length > 0 ? `, tried again ${repeated.length}` : ""}`,
  );
  for (const line of failed) console.log(`  failed ${line}`);
  for (const line of repeated) console.log(`  tried again ${line}`);
}

/** Each acknowledged row exactly once in each database of a running machine. */
async function compare(stack: string, acknowledged: string[]): Promise<void> {
  const filters = { label: [`web-infrastructure.stack=${stack}`] };
  const statement = "SELECT token FROM application.messages";
  for (const { Names, Labels } of await new Docker().listContainers({ filters })) {
    if (!Labels["web-infrastructure.roles"]?.includes("database")) continue;
    const name = Labels["web-infrastructure.machine"];
    await sleep(500);
    try {
      const output = execFileSync("docker", ["exec", String(Names[0]).slice(1), "mysql", "-NBe", statement]);
      const there = output.toString().trim().split("\n");
      const missing = acknowledged.filter((token) => !there.includes(token)).length;
      console.log(
        `${name}: ${acknowledged.length} acknowledged, ${missing} of them missing, ${there.length - new Set(there).size} twice`,
      );
    } catch (error) {
      console.log(`${name}: its database can't be asked: ${(error as Error).message.split("\n")[0]}`);
    }
  }
}

void main();
