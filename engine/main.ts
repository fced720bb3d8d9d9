import path from "node:path";
import { Command, Option } from "commander";
import type { RestoreOptions } from "./commands/backup";
import type { DiagramOptions } from "./commands/diagram";
import type { LogsOptions } from "./commands/logs";
import type { PlannedOptions } from "./commands/planned";
import type { StackOptions } from "./commands/session";
import { Interrupted, messageOf, UserError } from "./errors";
import { interruptSignal } from "./interrupt";

// Each command loads what it needs when it runs: the modules take longer than the work of a start that has nothing to do.

const root = path.resolve(__dirname, "..");
const signal = interruptSignal(() => console.error("\nStopping; a second Ctrl-C stops at once."));

// Who reads no further (`| head`) stops neither a change half-way nor with a stack trace.
for (const stream of [process.stdout, process.stderr])
  stream.on("error", (error: NodeJS.ErrnoException) => {
    if (error.code !== "EPIPE") throw error;
  });

const program = new Command("web-infrastructure")
  .description("A distributed web infrastructure by Pulumi and cloud-init, as containers on this computer")
  .showHelpAfterError("`node bin/run.mjs help` lists the commands, `node bin/run.mjs help COMMAND` its options.");

function stackCommand(name: string, description: string): Command {
  return program
    .command(name)
    .description(description)
    .showHelpAfterError(`\`npm run ${name} -- --help\` shows its options.`)
    .option("--stack <name>", "the stack to work on: Pulumi.<name>.yaml", "local")
    .addOption(
      new Option("--engine <engine>", "what runs it; default: the Pulumi CLI where there is one").choices([
        "built-in",
        "pulumi",
      ]),
    )
    .option("--verbose", "more about what goes on");
}

stackCommand("start", "set everything up and bring the site up").action(async (options: StackOptions) => {
  const [{ withSession }, { start }] = await Promise.all([
    import("./commands/session.js"),
    import("./commands/start.js"),
  ]);
  await withSession(root, options, signal, start);
});

stackCommand("preview", "say what start would do, and what the policies say to it").action(
  async (options: StackOptions) => {
    const [{ withSession }, { previewStack }] = await Promise.all([
      import("./commands/session.js"),
      import("./commands/start.js"),
    ]);
    await withSession(root, options, signal, previewStack);
  },
);

stackCommand("destroy", "remove the stack; asks no question, but for the data in a terminal")
  .option("--data", "remove the data too: only the backups are left", false)
  .action(async (options: StackOptions & { data: boolean }) => {
    const [{ withSession }, { destroy }] = await Promise.all([
      import("./commands/session.js"),
      import("./commands/destroy.js"),
    ]);
    await withSession(root, options, signal, (session) => destroy(session, options.data));
  });

stackCommand("status", "show each machine and what the site answers")
  .option("--json", "for programs", false)
  .action(async (options: StackOptions & { json: boolean }) => {
    const [{ status }, { readProject }] = await Promise.all([import("./commands/status.js"), import("./project.js")]);
    if (!(await status(readProject(root, options.stack), options.json))) process.exitCode = 1;
  });

stackCommand("monitor", "show dashboard, Prometheus and Alertmanager on 127.0.0.1, until Ctrl-C")
  .option("--grafana", "print the dashboard for a Grafana instead, as JSON", false)
  .action(async (options: StackOptions & { grafana: boolean }) => {
    const [{ monitor, printGrafanaDashboard }, { readProject }] = await Promise.all([
      import("./commands/monitor.js"),
      import("./project.js"),
    ]);
    if (options.grafana) printGrafanaDashboard();
    else await monitor(readProject(root, options.stack), signal);
  });

stackCommand("logs", "show what the services of a machine wrote into its journal")
  .argument("[machine]", "such as web-1, or all", "all")
  .argument("[service]", "haproxy, nginx, php, mysql, keepalived, backup, monitor, or a unit of systemd")
  .option("--lines <number>", "so many of the newest, of each machine", "100")
  .option("--follow", "go on until Ctrl-C", false)
  .option("--grep <words>", "only lines with these, such as the id of a request")
  .action(async (machine: string, service: string | undefined, options: LogsOptions) => {
    const [{ logs }, { readProject }] = await Promise.all([import("./commands/logs.js"), import("./project.js")]);
    await logs(readProject(root, options.stack), machine, service, options);
  });

stackCommand("drain", "take a machine out of balancing; it finishes what it has")
  .argument("<machine>", "such as web-1")
  .option("--undo", "back into balancing", false)
  .action(async (machine: string, options: StackOptions & { undo: boolean }) => {
    const [{ withSession }, { drain, undrain }] = await Promise.all([
      import("./commands/session.js"),
      import("./commands/drain.js"),
    ]);
    await withSession(root, options, signal, (session) => (options.undo ? undrain : drain)(session, machine));
  });

stackCommand("promote", "make another database the primary")
  .argument("<machine>", "such as web-2")
  .option("--accept-loss", "when the old primary is gone: though something that was written may be lost", false)
  .action(async (machine: string, options: StackOptions & { acceptLoss: boolean }) => {
    const [{ withSession }, { promote }] = await Promise.all([
      import("./commands/session.js"),
      import("./commands/promote.js"),
    ]);
    await withSession(root, options, signal, (session) => promote(session, machine, options.acceptLoss));
  });

stackCommand("backup", "make a full backup of the databases now; binary logs are copied every minute anyway")
  .option("--list", "show what is kept instead", false)
  .action(async (options: StackOptions & { list: boolean }) => {
    const [{ backup }, { readProject }] = await Promise.all([import("./commands/backup.js"), import("./project.js")]);
    await backup(readProject(root, options.stack), options.list);
  });

stackCommand("restore", "bring the data of a point in time back; says what would be lost, and asks")
  .requiredOption("--at <time>", 'everything committed before that second: "2026-01-31 23:59:58" (UTC), or latest')
  .option("--table <table>", "only this table: database.table")
  .option("--confirm <stack>", "the stack's name, where nobody can be asked")
  .action(async (options: StackOptions & RestoreOptions) => {
    const [{ restore }, { readProject }] = await Promise.all([import("./commands/backup.js"), import("./project.js")]);
    await restore(readProject(root, options.stack), options);
  });

const topologyOption = new Option("--topology <name>", "a preset instead of a stack");

program
  .command("plan")
  .description("show the machines of a stack and what is lost with each; touches nothing")
  .option("--stack <name>", "the stack: Pulumi.<name>.yaml", "local")
  .addOption(topologyOption)
  .action(async (options: PlannedOptions) => {
    const { plan } = await import("./commands/plan.js");
    plan(root, options);
  });

program
  .command("diagram")
  .description("draw the machines of a stack, and who talks to whom, as SVG; touches nothing")
  .option("--stack <name>", "the stack: Pulumi.<name>.yaml", "local")
  .addOption(topologyOption)
  .option("--mermaid", "for Markdown, instead of SVG", false)
  .option("--docs", "draw every preset into docs/topologies/ instead", false)
  .action(async (options: DiagramOptions) => {
    const { diagram } = await import("./commands/diagram.js");
    await diagram(root, options);
  });

program
  .command("image")
  .description("make the machine image, when its inputs changed")
  .option("--fresh", "make it in any case, with the packages that there are now", false)
  .action(async ({ fresh }: { fresh: boolean }) => {
    const { image } = await import("./commands/image.js");
    await image(fresh, signal);
  });

program
  .command("test")
  .description("set everything up and run the tests; further arguments go to mocha")
  .allowUnknownOption()
  .helpOption(false)
  .argument("[arguments...]")
  .action(async (mochaArguments: string[]) => {
    const { test } = await import("./commands/test.js");
    process.exitCode = await test(root, mochaArguments);
  });

for (const [suite, description] of [
  ["faults", "attack a stack of its own, one fault after the other; further arguments: --help"],
  ["alerts", "provoke each alert on stacks of its own, and note how soon it arrives; further arguments: --help"],
  ["bench", "measure, beside what is compared, and write docs/performance.md; further arguments: --help"],
] as const) {
  program
    .command(suite)
    .description(description)
    .allowUnknownOption()
    .helpOption(false)
    .argument("[arguments...]")
    .action(async (suiteArguments: string[]) => {
      const { runSuite } = await import("./commands/suite.js");
      process.exitCode = await runSuite(root, suite, suiteArguments);
    });
}

program.parseAsync().then(
  // Sockets that libraries keep open must not keep a finished command alive.
  () => process.exit(),
  (error: unknown) => {
    if (error instanceof Interrupted || signal.aborted) {
      console.error(
        "Interrupted. What was finished is kept in the state; the next `npm start` removes what was half-made and goes on from there.",
      );
      process.exit(130);
    }
    if (error instanceof UserError) console.error(`\n${messageOf(error)}`);
    else console.error(error);
    process.exit(1);
  },
);
