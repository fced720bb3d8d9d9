import { ConfigError, type DockerConfig, parseConfig } from "../../config";
import { dockerTopology, type Topology } from "../../topology";
import { UserError } from "../errors";
import { lockStack } from "../lock";
import { Progress } from "../progress";
import { type Project, readProject } from "../project";
import type { Properties } from "../provider";
import { hasPulumiCli, PulumiCli, refuseOtherEngine } from "../pulumi-cli";
import { State } from "../state";
import { unpack } from "../values";

/** Options of every command that works on a stack. */
export interface StackOptions {
  readonly stack: string;
  /** `built-in` forces the engine of this project where there is a Pulumi CLI too. */
  readonly engine?: string;
  readonly verbose?: boolean;
}

export interface Session {
  readonly project: Project;
  readonly progress: Progress;
  readonly signal: AbortSignal;
  /** The Pulumi CLI when it is the one that runs the stack. */
  readonly cli: PulumiCli | undefined;
}

/** Reads the project, picks the engine and says which, keeps other runs out, and gives the lock back at the end. */
export async function withSession(
  root: string,
  options: StackOptions,
  signal: AbortSignal,
  act: (session: Session) => Promise<void>,
): Promise<void> {
  const project = readProject(root, options.stack);
  const progress = await Progress.create(process.stdout, options.verbose);
  const cli = options.engine !== "built-in" && hasPulumiCli() ? new PulumiCli(project, { signal }) : undefined;
  if (options.engine === "pulumi" && !cli) throw new UserError("There is no Pulumi CLI on the PATH.");
  refuseOtherEngine(project, cli !== undefined);
  const unlock = await lockStack(root, options.stack);
  try {
    progress.say(`Stack ${project.stack}, by ${cli ? "the Pulumi CLI" : "the built-in engine (no Pulumi CLI needed)"}`);
    await act({ project, progress, signal, cli });
  } finally {
    progress.stop();
    await unlock();
  }
}

/** A stack's settings, and the machines that they ask for. */
export interface Settings {
  readonly config: DockerConfig;
  readonly topology: Topology;
}

/** The stack's settings, checked. Throws a UserError that lists what is wrong with them, or says that the stack is in a cloud. */
export function readSettings(project: Project): Settings {
  try {
    const config = parseConfig(project.config, project.stack);
    if (config.target === "docker") return { config, topology: dockerTopology(config, project.stack) };
  } catch (error) {
    throw error instanceof ConfigError ? new UserError(error.message) : error;
  }
  throw cloudError(project);
}

/** Throws a UserError when the stack is in a cloud; looks at nothing else of the settings. */
export function refuseCloud(project: Project): void {
  if (project.config[`${project.name}:target`] === "aws") throw cloudError(project);
}

/** The state of such a stack belongs in a backend of the person's choice: with ours, there would be a second stack. */
function cloudError({ stack }: Project): UserError {
  return new UserError(
    `The stack ${stack} is on AWS. These commands ask no question and keep the state on this computer, so they leave it alone. ` +
      `Use the Pulumi CLI: \`pulumi up --stack ${stack} --policy-pack policy\` (docs/deploy-to-aws.md). Nothing was touched.`,
  );
}

/** The stack's outputs, whichever engine made it; empty when there is no stack yet. */
export function stackOutputs(project: Project): Properties {
  const state = State.open(project.root, project.name, project.stack);
  if (Object.keys(state.outputs).length > 0) return unpack(state.outputs).plain;
  return (hasPulumiCli() && new PulumiCli(project).outputs()) || {};
}
