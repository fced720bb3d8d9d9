import { spawn, spawnSync } from "node:child_process";
import { existsSync, mkdirSync } from "node:fs";
import path from "node:path";
import { UserError } from "./errors";
import type { Project } from "./project";
import type { Properties } from "./provider";
import { PulumiBackend } from "./pulumi-backend";
import { stackDirectory } from "./state";

/** Whether there is a Pulumi CLI. */
export function hasPulumiCli(): boolean {
  return spawnSync("pulumi", ["version"], { stdio: "ignore" }).status === 0;
}

export interface PulumiCliOptions {
  /** Asks Pulumi to stop. */
  readonly signal?: AbortSignal;
  /** Whether a terminal sends Ctrl-C to Pulumi as well as to us. @default whether there is one */
  readonly terminal?: boolean;
  /** Whether what Pulumi says is shown only as part of the error when it fails. @default false */
  readonly quiet?: boolean;
}

/** The real Pulumi, with a backend in the project's own directory: no account, no question. */
export class PulumiCli {
  readonly backend: PulumiBackend;
  private readonly env: NodeJS.ProcessEnv;

  constructor(
    private readonly project: Project,
    private readonly options: PulumiCliOptions = {},
  ) {
    this.backend = new PulumiBackend(project);
    this.env = {
      ...process.env,
      PULUMI_BACKEND_URL: this.backend.url,
      // The state's directory is private (0700); a passphrase beside it would add nothing.
      PULUMI_CONFIG_PASSPHRASE: "",
      PULUMI_SKIP_UPDATE_CHECK: "true",
      // PulumiBackend reads the state as it is.
      PULUMI_SELF_MANAGED_STATE_GZIP: "false",
    };
  }

  /** Creates the stack when it isn't there and selects it. */
  select(): Promise<void> {
    mkdirSync(this.backend.directory, { recursive: true, mode: 0o700 });
    return this.run(["stack", "select", this.project.stack, "--create", "--non-interactive"], { quiet: true });
  }

  /** @param refresh compare with what really exists first, not with the state alone */
  up(refresh: boolean): Promise<void> {
    // With its preview: rules about the whole stack stop an update only there, before anything is created.
    return this.run(["up", ...this.common(refresh), "--yes", "--suppress-outputs", ...this.policies()]);
  }

  preview(refresh: boolean): Promise<void> {
    return this.run(["preview", ...this.common(refresh), "--suppress-outputs", ...this.policies()]);
  }

  /** Removes the stack too, but not its settings. */
  async destroy(refresh: boolean): Promise<void> {
    await this.run(["destroy", ...this.common(refresh), "--yes", "--skip-preview", "--suppress-outputs"]);
    await this.run(["stack", "rm", ...this.common(), "--yes", "--preserve-config", "--remove-backups"], {
      quiet: true,
    });
  }

  /** Takes away the lock of a run that is no more. */
  cancel(): Promise<void> {
    return this.run(["cancel", ...this.common(), "--yes"], { quiet: true });
  }

  /** Forgets what an interrupted run was creating. */
  clearPendingCreates(): Promise<void> {
    return this.run(["refresh", ...this.common(), "--yes", "--skip-preview", "--clear-pending-creates"], {
      quiet: true,
    });
  }

  /** The stack's outputs, those that are secret too; undefined when there is no such stack. */
  outputs(): Properties | undefined {
    const args = ["stack", "output", "--json", "--show-secrets", "--stack", this.project.stack];
    const result = spawnSync("pulumi", args, { cwd: this.project.root, env: this.env, encoding: "utf8" });
    return result.status === 0 ? (JSON.parse(result.stdout) as Properties) : undefined;
  }

  private common(refresh = false): string[] {
    return ["--stack", this.project.stack, "--non-interactive", ...(refresh ? ["--refresh"] : [])];
  }

  private policies(): string[] {
    const args = ["--policy-pack", "policy"];
    const settings = `Pulumi.${this.project.stack}.policies.json`;
    return existsSync(path.join(this.project.root, settings)) ? [...args, "--policy-pack-config", settings] : args;
  }

  private async run(args: string[], { quiet = this.options.quiet } = {}): Promise<void> {
    const { signal, terminal = hasTerminal() } = this.options;
    signal?.throwIfAborted();
    const stdio = quiet ? ("pipe" as const) : ("inherit" as const);
    const child = spawn("pulumi", args, { cwd: this.project.root, env: this.env, stdio: ["ignore", stdio, stdio] });
    let said = "";
    for (const stream of [child.stdout, child.stderr]) stream?.on("data", (text) => (said += text));
    // Asked once to stop, Pulumi finishes the step under way; asked twice, it leaves it half-done.
    const stop = () => !terminal && child.kill("SIGINT");
    signal?.addEventListener("abort", stop);
    try {
      const code = await new Promise<number | null>((resolve, reject) => {
        child.once("error", reject);
        child.once("close", resolve);
      });
      if (code !== 0) {
        const why = quiet ? `:\n${said.trim()}` : "; it says why above.";
        throw new UserError(`pulumi ${args[0]} failed (exit code ${code})${why}`);
      }
    } finally {
      signal?.removeEventListener("abort", stop);
    }
  }
}

function hasTerminal(): boolean {
  return [process.stdin, process.stdout, process.stderr].some((stream) => stream.isTTY);
}

/** Throws when the stack was made by the other of the two engines: neither can go on with the other's state. */
export function refuseOtherEngine(project: Project, cli: boolean): void {
  const { root, stack } = project;
  if (cli && existsSync(path.join(stackDirectory(root, stack), "state.json"))) {
    throw new UserError(
      `Stack ${stack} was made by the built-in engine; the Pulumi CLI can't go on with it. Nothing was touched. ` +
        `Go on with \`npm start -- --engine built-in\`, or remove it first: \`npm run destroy -- --engine built-in\` (the data stays).`,
    );
  }
  if (!cli && new PulumiBackend(project).hasStack()) {
    throw new UserError(
      `Stack ${stack} was made by the Pulumi CLI; the built-in engine can't go on with it. Nothing was touched. ` +
        `Go on with the CLI on the PATH and without --engine, or remove it first: \`npm run destroy\` (the data stays).`,
    );
  }
}
