import { spawn, spawnSync } from "node:child_process";
import { existsSync, mkdirSync, readFileSync } from "node:fs";
import path from "node:path";
import { UserError } from "./errors";
import type { Project } from "./project";
import type { Properties } from "./provider";
import { stackDirectory } from "./state";

/** Whether there is a Pulumi CLI. */
export function hasPulumiCli(): boolean {
  return spawnSync("pulumi", ["version"], { stdio: "ignore" }).status === 0;
}

/** The real Pulumi, with a backend in the project's own directory: no account, no question. */
export class PulumiCli {
  private readonly directory: string;
  private readonly env: NodeJS.ProcessEnv;

  constructor(private readonly project: Project) {
    this.directory = path.join(project.root, ".state", "pulumi");
    this.env = {
      ...process.env,
      PULUMI_BACKEND_URL: `file://${this.directory}`,
      // The state's directory is private (0700); a passphrase beside it would add nothing.
      PULUMI_CONFIG_PASSPHRASE: "",
      PULUMI_SKIP_UPDATE_CHECK: "true",
      // Types are checked by the tests; at run time it costs seconds.
      PULUMI_NODEJS_TRANSPILE_ONLY: "true",
    };
  }

  /** Creates the stack when it isn't there and selects it. */
  select(): Promise<void> {
    mkdirSync(this.directory, { recursive: true, mode: 0o700 });
    return this.run(["stack", "select", this.project.stack, "--create", "--non-interactive"], "ignore");
  }

  up(): Promise<void> {
    // With its preview: rules about the whole stack stop an update only there, before anything is created.
    return this.run(["up", ...this.common(), "--yes", ...this.policies()]);
  }

  preview(): Promise<void> {
    return this.run(["preview", ...this.common(), ...this.policies()]);
  }

  /** The empty stack stays: removing it would take `Pulumi.<stack>.yaml` along. */
  destroy(): Promise<void> {
    return this.run(["destroy", ...this.common(), "--yes", "--skip-preview"]);
  }

  /** The stack's outputs, those that are secret too; undefined when there is no such stack. */
  outputs(): Properties | undefined {
    const args = ["stack", "output", "--json", "--show-secrets", "--stack", this.project.stack];
    const result = spawnSync("pulumi", args, { cwd: this.project.root, env: this.env, encoding: "utf8" });
    return result.status === 0 ? (JSON.parse(result.stdout) as Properties) : undefined;
  }

  private common(): string[] {
    return ["--stack", this.project.stack, "--non-interactive"];
  }

  private policies(): string[] {
    const args = ["--policy-pack", "policy"];
    const settings = `Pulumi.${this.project.stack}.policies.json`;
    return existsSync(path.join(this.project.root, settings)) ? [...args, "--policy-pack-config", settings] : args;
  }

  private run(args: string[], stdout: "inherit" | "ignore" = "inherit"): Promise<void> {
    return new Promise((resolve, reject) => {
      const child = spawn("pulumi", args, {
        cwd: this.project.root,
        env: this.env,
        stdio: ["ignore", stdout, "inherit"],
      });
      child.once("error", reject);
      child.once("close", (code) =>
        code === 0
          ? resolve()
          : reject(new UserError(`pulumi ${args[0]} failed (exit code ${code}); it says why above.`)),
      );
    });
  }
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
  if (!cli && cliStackHasResources(project)) {
    throw new UserError(
      `Stack ${stack} was made by the Pulumi CLI; the built-in engine can't go on with it. Nothing was touched. ` +
        `Go on with the CLI on the PATH and without --engine, or remove it first: \`npm run destroy\` (the data stays).`,
    );
  }
}

function cliStackHasResources(project: Project): boolean {
  return cliStackFiles(project).some((file) => {
    try {
      const checkpoint = JSON.parse(readFileSync(file, "utf8")) as Properties;
      return (checkpoint.checkpoint?.latest?.resources ?? []).length > 0;
    } catch {
      return existsSync(file);
    }
  });
}

/** Where the CLI's file backend keeps a stack: by project, or without in older versions. */
function cliStackFiles({ root, name, stack }: Project): string[] {
  const stacks = path.join(root, ".state", "pulumi", ".pulumi", "stacks");
  return [path.join(stacks, name, `${stack}.json`), path.join(stacks, `${stack}.json`)];
}
