import { closeSync, fsyncSync, mkdirSync, openSync, readFileSync, renameSync, rmSync, writeSync } from "node:fs";
import path from "node:path";
import { UserError } from "./errors";
import type { Properties } from "./provider";

/** What the engine knows about one resource it made. Secret properties carry Pulumi's mark. */
export interface ResourceState {
  readonly urn: string;
  readonly type: string;
  readonly name: string;
  readonly id: string;
  readonly inputs: Properties;
  readonly outputs: Properties;
  /** URNs of all resources that must exist before this one. */
  readonly dependencies: readonly string[];
  /** URNs of the resources that each input came from. */
  readonly propertyDependencies: Readonly<Record<string, readonly string[]>>;
  readonly protect: boolean;
  readonly retainOnDelete: boolean;
}

/** Something that was begun. What is still here at the start of a run was interrupted or failed. */
export interface PendingOperation {
  readonly operation: "create" | "update" | "delete";
  readonly resource: ResourceState;
}

interface StateFile {
  readonly engine: typeof ENGINE;
  readonly version: typeof VERSION;
  readonly project: string;
  readonly stack: string;
  resources: ResourceState[];
  pending: PendingOperation[];
  outputs: Properties;
}

const ENGINE = "web-infrastructure built-in";
/** Raised when the form of the file changes. */
const VERSION = 1;

/** The directory of a stack's state, lock and certificate authority. */
export function stackDirectory(root: string, stack: string): string {
  return path.join(root, ".state", stack);
}

/**
 * The state of a stack on disk: `.state/<stack>/state.json`. Every change is written at once, so that a run that is
 * killed at any moment leaves a file that says what exists and what was under way.
 */
export class State {
  private constructor(
    private readonly directory: string,
    private readonly content: StateFile,
  ) {}

  /** Reads the state, empty when there is none. Throws a UserError when the file isn't one this engine can go on with. */
  static open(root: string, project: string, stack: string): State {
    const directory = stackDirectory(root, stack);
    const file = path.join(directory, "state.json");
    let text: string;
    try {
      text = readFileSync(file, "utf8");
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "ENOENT") throw error;
      return new State(directory, {
        engine: ENGINE,
        version: VERSION,
        project,
        stack,
        resources: [],
        pending: [],
        outputs: {},
      });
    }

    const advice = `Nothing was touched. \`npm run destroy\` removes the machines (the data stays) and this file.`;
    let content: StateFile;
    try {
      content = JSON.parse(text);
    } catch {
      throw new UserError(`${file} is damaged: it isn't JSON. ${advice}`);
    }
    if (content.engine !== ENGINE || content.version !== VERSION) {
      throw new UserError(`${file} was written by another version of this project or by something else. ${advice}`);
    }
    if (content.project !== project || content.stack !== stack) {
      throw new UserError(`${file} belongs to stack ${content.stack} of project ${content.project}. ${advice}`);
    }
    return new State(directory, content);
  }

  /** Removes the stack's directory and everything in it. */
  static remove(root: string, stack: string): void {
    rmSync(stackDirectory(root, stack), { recursive: true, force: true });
  }

  get resources(): readonly ResourceState[] {
    return this.content.resources;
  }

  get pending(): readonly PendingOperation[] {
    return this.content.pending;
  }

  get outputs(): Properties {
    return this.content.outputs;
  }

  get empty(): boolean {
    return this.resources.length === 0 && this.pending.length === 0;
  }

  find(urn: string): ResourceState | undefined {
    return this.resources.find((resource) => resource.urn === urn);
  }

  /** Notes that an operation starts. Must be called before anything is done to the world. */
  begin(operation: PendingOperation["operation"], resource: ResourceState): void {
    this.content.pending = [...this.without(resource.urn), { operation, resource }];
    this.save();
  }

  /** Notes that an operation is over and what the resource is now; `undefined`: it is gone. */
  finish(urn: string, resource: ResourceState | undefined): void {
    this.content.pending = this.without(urn);
    const others = this.content.resources.filter((other) => other.urn !== urn);
    this.content.resources = resource ? [...others, resource] : others;
    this.save();
  }

  setOutputs(outputs: Properties): void {
    this.content.outputs = outputs;
    this.save();
  }

  private without(urn: string): PendingOperation[] {
    return this.content.pending.filter((pending) => pending.resource.urn !== urn);
  }

  /** Atomic and durable: after a crash there is the old file or the new one, never a part of it. */
  private save(): void {
    mkdirSync(this.directory, { recursive: true, mode: 0o700 });
    const file = path.join(this.directory, "state.json");
    const temporary = `${file}.new`;
    const descriptor = openSync(temporary, "w", 0o600);
    try {
      writeSync(descriptor, JSON.stringify(this.content, undefined, 2));
      fsyncSync(descriptor);
    } finally {
      closeSync(descriptor);
    }
    renameSync(temporary, file);
  }
}

/** The order in which resources can be deleted: what depends on another goes first. */
export function deletionOrder(resources: readonly ResourceState[]): ResourceState[] {
  const byUrn = new Map(resources.map((resource) => [resource.urn, resource]));
  const created: ResourceState[] = [];
  const visited = new Set<string>();
  const visit = (resource: ResourceState) => {
    if (visited.has(resource.urn)) return;
    visited.add(resource.urn);
    for (const urn of resource.dependencies) {
      const dependency = byUrn.get(urn);
      if (dependency) visit(dependency);
    }
    created.push(resource);
  };
  resources.forEach(visit);
  return created.reverse();
}
