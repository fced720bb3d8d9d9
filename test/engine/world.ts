import { appendFileSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import path from "node:path";
import type { Providers } from "../../engine/deployment";
import type { Properties } from "../../engine/provider";

/**
 * A world of things in a directory, so that it outlives an engine that is killed: one file per thing, and a journal of
 * everything that was done. What a real provider does with containers, this does with files.
 */
export class World {
  readonly things: string;
  private readonly journalFile: string;

  constructor(directory: string) {
    this.things = path.join(directory, "things");
    this.journalFile = path.join(directory, "journal");
    mkdirSync(this.things, { recursive: true });
  }

  /** Names of the things that exist. */
  names(): string[] {
    return readdirSync(this.things).sort();
  }

  /** "create one", "delete one" … in order, since the last call. */
  journal(): string[] {
    if (!existsSync(this.journalFile)) return [];
    const lines = readFileSync(this.journalFile, "utf8").trim().split("\n");
    rmSync(this.journalFile);
    return lines;
  }

  /** Something removes the thing behind the engine's back. */
  lose(name: string): void {
    rmSync(path.join(this.things, name));
  }

  /** A thing that fails to be created leaves a half-made one behind, as a container that never gets ready does. */
  failOn(name: string | undefined): void {
    process.env.TEST_FAIL = name ?? "";
  }

  /** The first one is there only when the second one has come as well: both are being created at once. */
  meet(names?: readonly [string, string]): void {
    process.env.TEST_MEET = names?.join(" ") ?? "";
  }

  providers(): Providers {
    const file = (name: string) => path.join(this.things, name);
    const note = (line: string) => appendFileSync(this.journalFile, `${line}\n`);
    return {
      "test:index:Thing": {
        check(inputs) {
          const unknown = Object.keys(inputs).find((key) => !["name", "value", "note"].includes(key));
          if (unknown) throw new Error(`"${unknown}" is not a property of a thing`);
          return { value: "default", ...inputs };
        },
        diff(oldInputs, newInputs) {
          const keys = [...new Set([...Object.keys(oldInputs), ...Object.keys(newInputs)])];
          const changed = keys.filter((key) => oldInputs[key] !== newInputs[key]);
          return { changed, replace: changed.filter((key) => key !== "note") };
        },
        async create(inputs, context) {
          note(`create ${inputs.name}`);
          const outputs: Properties = { ...inputs, token: `token-of-${inputs.name}-${process.pid}` };
          const adopted = existsSync(file(inputs.name));
          writeFileSync(file(inputs.name), JSON.stringify(outputs));
          context.progress(adopted ? "adopted" : "made");
          if (process.env.TEST_FAIL === inputs.name) throw new Error("it never got ready");
          const [who, whom] = (process.env.TEST_MEET ?? "").split(" ");
          if (whom && who === inputs.name) await appears(file(whom));
          if (process.env.TEST_HANG === inputs.name) await hang(context.signal);
          return { id: inputs.name, outputs };
        },
        async update(id, inputs, oldOutputs) {
          note(`update ${id}`);
          return { ...oldOutputs, ...inputs };
        },
        async beforeReplace(id, others) {
          const gone = others.find((other) => !existsSync(file(other)));
          if (gone && id !== "network") throw new Error(`${gone} is gone`);
        },
        read: async (id, outputs) => (existsSync(file(id)) ? outputs : undefined),
        find: async ({ name }) => (existsSync(file(name)) ? name : undefined),
        async delete(id) {
          note(`delete ${id}`);
          rmSync(file(id), { force: true });
        },
      },
    };
  }
}

async function appears(path: string): Promise<void> {
  for (let tries = 0; !existsSync(path); tries += 1) {
    if (tries > 100) throw new Error(`${path} isn't made meanwhile`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

/** Waits until Ctrl-C; a kill -9 ends it anyway. */
function hang(signal: AbortSignal): Promise<never> {
  const alive = setInterval(() => undefined, 1000);
  return new Promise((_, reject) =>
    signal.addEventListener("abort", () => {
      clearInterval(alive);
      reject(new Error("aborted"));
    }),
  );
}
