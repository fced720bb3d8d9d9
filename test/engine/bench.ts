import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { PassThrough } from "node:stream";
import type { Deployment } from "../../engine/deployment";
import { destroyState, preview, type Run, up } from "../../engine/engine";
import { PolicyPack, type Violation } from "../../engine/policies";
import { Progress } from "../../engine/progress";
import { readProject } from "../../engine/project";
import { State } from "../../engine/state";
import { World } from "./world";

/** A project with one of the programs, a world of its own, and the engine to run it. */
export class Bench {
  readonly root: string;
  readonly world: World;
  /** Everything the engine showed. */
  output = "";

  constructor(private readonly program: string) {
    this.root = mkdtempSync(path.join(tmpdir(), "engine-test-"));
    this.world = new World(path.join(this.root, "world"));
    writeFileSync(path.join(this.root, "package.json"), JSON.stringify({ name: "test", private: true }));
    const main = path.relative(this.root, path.join(__dirname, "programs", program));
    writeFileSync(path.join(this.root, "Pulumi.yaml"), `name: test\nruntime: nodejs\nmain: ${main}\n`);
    this.configure({});
  }

  /** The same project with the same state and world, to go on from: a run takes a second. */
  copy(): Bench {
    const copy = new Bench(this.program);
    cpSync(this.root, copy.root, { recursive: true });
    return copy;
  }

  /** Replaces the stack's configuration. */
  configure(config: Record<string, unknown>): this {
    const lines = Object.entries(config).map(([key, value]) => `  test:${key}: ${JSON.stringify(value)}\n`);
    writeFileSync(
      path.join(this.root, "Pulumi.local.yaml"),
      `config: ${lines.length > 0 ? `\n${lines.join("")}` : "{}\n"}`,
    );
    return this;
  }

  async run(signal: AbortSignal = new AbortController().signal): Promise<Run> {
    const stream = new PassThrough();
    stream.on("data", (text) => {
      this.output += text;
    });
    const progress = await Progress.create(stream as unknown as NodeJS.WriteStream);
    const project = readProject(this.root, "local");
    return { project, progress, signal, providers: this.world.providers(), state: this.state() };
  }

  async preview(): Promise<Deployment> {
    return preview(await this.run());
  }

  /** @param foreseen a preview of the same settings, as `npm start` makes one */
  async up(signal?: AbortSignal, foreseen?: Deployment): Promise<Deployment> {
    return up(await this.run(signal), foreseen);
  }

  /** Runs the pack in `test/engine/pack` on a preview. */
  async judge(): Promise<Violation[]> {
    const run = await this.run();
    const pack = PolicyPack.start(run.project, path.join(__dirname, "pack"));
    try {
      return await pack.analyze([...(await preview(run, pack)).registered.values()]);
    } finally {
      pack.stop();
    }
  }

  /** Writes the settings of the stack's policies. */
  policySettings(settings: unknown): void {
    writeFileSync(path.join(this.root, "Pulumi.local.policies.json"), JSON.stringify(settings));
  }

  async destroy(withData = false): Promise<void> {
    return destroyState(await this.run(), withData);
  }

  state(): State {
    return State.open(this.root, "test", "local");
  }

  get stateFile(): string {
    return path.join(this.root, ".state", "local", "state.json");
  }

  stateText(): string {
    return readFileSync(this.stateFile, "utf8");
  }

  remove(): void {
    rmSync(this.root, { recursive: true, force: true });
  }
}

/** The steps of a run that did something: "replace one". */
export function actions(deployment: Deployment): string[] {
  return deployment.steps.filter(({ action }) => action !== "same").map(({ action, name }) => `${action} ${name}`);
}
