import { type ChildProcess, spawn } from "node:child_process";
import { createInterface } from "node:readline";
import { stripVTControlCharacters } from "node:util";
import { Interrupted, UserError } from "./errors";
import { type Abilities, type Registrar, serveMonitor } from "./monitor";
import type { Progress } from "./progress";
import type { Project } from "./project";

/** The SDK exits with this after it has logged what went wrong. */
const LOGGED = 32;
const WARNING = 2;
const ERROR = 3;

/**
 * Runs a project's program against a deployment and waits until both have ended. Throws a UserError with what went
 * wrong in the program or in a step; Interrupted when `signal` aborts.
 */
export async function runProgram(
  project: Project,
  deployment: Registrar,
  mode: "preview" | "up",
  progress: Progress,
  signal: AbortSignal,
  abilities?: Abilities,
): Promise<void> {
  const errors: string[] = [];
  let child: ChildProcess | undefined;
  let failure: unknown;
  const monitor = await serveMonitor(
    project.name,
    project.stack,
    deployment,
    {
      log(severity, message) {
        if (severity === ERROR) errors.push(readable(message, progress.verbose));
        else if (severity === WARNING || (severity === 1 && progress.verbose))
          progress.say(stripVTControlCharacters(message).trim());
      },
      failed(error) {
        failure ??= error;
        child?.kill("SIGKILL");
      },
    },
    abilities,
  );
  const stop = () => child?.kill("SIGKILL");
  signal.addEventListener("abort", stop);
  try {
    if (signal.aborted) throw new Interrupted();
    child = start(project, mode, monitor.address);
    const printed: string[] = [];
    for (const stream of [child.stdout, child.stderr]) {
      if (!stream) continue;
      createInterface({ input: stream }).on("line", (line) => {
        printed.push(line);
        if (stream === child?.stdout) progress.say(line);
      });
    }
    const code = await new Promise<number | null>((resolve, reject) => {
      child?.once("error", reject);
      child?.once("close", resolve);
    });
    await deployment.settled().catch((error) => {
      failure ??= error;
    });
    if (signal.aborted) throw new Interrupted();
    if (failure) throw failure;
    if (code === 0 && errors.length === 0) return;
    const text = errors.length > 0 || code === LOGGED ? errors.join("\n") : printed.slice(-20).join("\n");
    throw new UserError(text || `The program ${project.main} ended with code ${code} and without a word.`);
  } finally {
    signal.removeEventListener("abort", stop);
    monitor.close();
  }
}

function start(project: Project, mode: "preview" | "up", address: string): ChildProcess {
  const options = {
    monitor: address,
    engine: address,
    organization: "organization",
    project: project.name,
    stack: project.stack,
    pwd: project.root,
    "root-directory": project.root,
  };
  const flags = Object.entries(options).flatMap(([name, value]) => [`--${name}`, value]);
  if (mode === "preview") flags.push("--dry-run");
  return spawn(process.execPath, [require.resolve("@pulumi/pulumi/cmd/run"), ...flags, project.main], {
    cwd: project.root,
    stdio: ["ignore", "pipe", "pipe"],
    env: {
      ...process.env,
      PULUMI_CONFIG: JSON.stringify(project.config),
      PULUMI_NODEJS_TYPESCRIPT: "true",
      // Types are checked by the tests; at run time it costs seconds, for whoever wants it.
      PULUMI_NODEJS_TRANSPILE_ONLY: process.env.PULUMI_NODEJS_TRANSPILE_ONLY ?? "true",
    },
  });
}

/** Bugs keep their stack trace; an error that somebody threw for a person is shown as its message. */
const BUG = /^(TypeError|RangeError|ReferenceError|SyntaxError|AssertionError|EvalError|URIError)\b/;

function readable(logged: string, verbose: boolean): string {
  const text = stripVTControlCharacters(logged)
    .replace(/^Running program '.*' failed with an unhandled exception:\n/, "")
    .replace(/^<ref \*\d+> /, "")
    .trim();
  if (verbose || BUG.test(text)) return text;
  const message = text.split(/\n\s+at /, 1)[0] ?? text;
  return message.replace(/^\w*Error(?: \[\w+\])?: /, "").trim();
}
