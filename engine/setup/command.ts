import { spawn } from "node:child_process";
import { UserError } from "../errors";

export interface CommandResult {
  /** -1 when the program couldn't be started or was killed. */
  readonly exitCode: number;
  /** Standard output. */
  readonly output: string;
  /** The end of standard output and errors together, for messages. */
  readonly log: string;
}

export interface CommandOptions {
  readonly env?: Readonly<Record<string, string>>;
  /** Killed after this many milliseconds; 0 = never. @default 0 */
  readonly timeout?: number;
  readonly cwd?: string;
  /** Kills the program when it is aborted. */
  readonly signal?: AbortSignal;
}

const MOST_LOG_LINES = 20;

/** Where programs are looked for: a shell opened by `su` may lack the directories of the system's own programs. */
export const COMMAND_PATH = `${process.env.PATH}:/usr/local/sbin:/usr/sbin:/sbin`;

/** Runs a program without a shell and without input. Never rejects: the result tells how it ended. */
export function runCommand(
  program: string,
  args: readonly string[],
  options: CommandOptions = {},
): Promise<CommandResult> {
  return new Promise((resolve) => {
    const child = spawn(program, args, {
      stdio: ["ignore", "pipe", "pipe"],
      cwd: options.cwd,
      env: { ...process.env, PATH: COMMAND_PATH, ...options.env },
      timeout: options.timeout,
      signal: options.signal,
    });
    let output = "";
    let log = "";
    child.stdout.setEncoding("utf8").on("data", (chunk: string) => {
      output += chunk;
      log += chunk;
    });
    child.stderr.setEncoding("utf8").on("data", (chunk: string) => {
      log += chunk;
    });
    const lastLines = () => log.trim().split("\n").slice(-MOST_LOG_LINES).join("\n");
    child.once("error", (error) => resolve({ exitCode: -1, output, log: error.message }));
    child.once("close", (code) => resolve({ exitCode: code ?? -1, output, log: lastLines() }));
  });
}

/** As `runCommand`, but throws an Error with the end of what the program said unless it exits with 0. */
export async function mustRun(
  program: string,
  args: readonly string[],
  options: CommandOptions = {},
): Promise<CommandResult> {
  const result = await runCommand(program, args, options);
  if (result.exitCode === 0) return result;
  throw new UserError(`\`${[program, ...args].join(" ")}\` failed:\n${result.log}`);
}
