import { existsSync, readdirSync, readFileSync } from "node:fs";
import { hostname } from "node:os";
import path from "node:path";
import { pathToFileURL } from "node:url";
import { isAlive } from "./processes";
import type { Project } from "./project";
import type { Properties } from "./provider";

/** A resource as the CLI's state names it. */
export interface StoredResource {
  readonly urn: string;
  readonly type: string;
  readonly id?: string;
  readonly inputs?: Properties;
  readonly retainOnDelete?: boolean;
  /** It is about to go or to be made again: nobody expects it to be there. */
  readonly delete?: boolean;
  readonly pendingReplacement?: boolean;
}

interface Checkpoint {
  readonly resources?: StoredResource[];
  readonly pending_operations?: { readonly type: string; readonly resource: StoredResource }[];
}

/** The file backend of the Pulumi CLI in the project's own directory. Here it is only read: the CLI alone writes it. */
export class PulumiBackend {
  readonly directory: string;

  constructor(private readonly project: Project) {
    this.directory = path.join(project.root, ".state", "pulumi");
  }

  get url(): string {
    return pathToFileURL(this.directory).href;
  }

  /** What exists according to the state. */
  resources(): StoredResource[] {
    return (this.checkpoint().resources ?? []).filter((resource) => !resource.delete && !resource.pendingReplacement);
  }

  /** What an interrupted run was creating: nobody knows whether it exists. The CLI keeps it until it is told to forget it. */
  pendingCreates(): StoredResource[] {
    const pending = this.checkpoint().pending_operations ?? [];
    return pending.filter(({ type }) => type === "creating").map(({ resource }) => resource);
  }

  /** Whether the stack is locked by nothing but runs of this computer that are no more (a crash, a `kill -9`). */
  leftLocked(): boolean {
    const { name, stack } = this.project;
    const directory = path.join(this.directory, ".pulumi", "locks", "organization", name, stack);
    if (!existsSync(directory)) return false;
    const locks = readdirSync(directory)
      .filter((file) => file.endsWith(".json"))
      .map((file) => readJson(path.join(directory, file)));
    return locks.length > 0 && locks.every((lock) => lock?.hostname === hostname() && !isPulumi(Number(lock.pid)));
  }

  private checkpoint(): Checkpoint {
    return this.stackFiles().map(readJson).find(Boolean)?.checkpoint?.latest ?? {};
  }

  /** Whether it holds anything of the stack; a file that can't be read counts. */
  hasStack(): boolean {
    return this.stackFiles().some(
      (file) => existsSync(file) && (readJson(file) === undefined || (this.checkpoint().resources ?? []).length > 0),
    );
  }

  /** By project, or without in older versions. */
  private stackFiles(): string[] {
    const { name, stack } = this.project;
    const stacks = path.join(this.directory, ".pulumi", "stacks");
    return [path.join(stacks, name, `${stack}.json`), path.join(stacks, `${stack}.json`)];
  }
}

/** Whether a process is a living Pulumi. A number is soon given to another program: where that can be seen, it is looked at. */
function isPulumi(pid: number): boolean {
  if (!existsSync("/proc/self/cmdline")) return isAlive(pid);
  try {
    return readFileSync(`/proc/${pid}/cmdline`, "utf8").includes("pulumi");
  } catch {
    return false;
  }
}

/** Undefined when there is no such file, or it isn't JSON. */
function readJson(file: string): Properties | undefined {
  try {
    return JSON.parse(readFileSync(file, "utf8")) as Properties;
  } catch {
    return undefined;
  }
}
