import { mkdirSync, writeFileSync } from "node:fs";
import path from "node:path";
import { presetNames } from "../../topology";
import { mermaid } from "../../topology/diagram/mermaid";
import { svg } from "../../topology/diagram/svg";
import { type PlannedOptions, plannedTopology, presetTopology } from "./planned";

export interface DiagramOptions extends PlannedOptions {
  readonly mermaid: boolean;
  /** Writes those of all presets into the documentation instead. */
  readonly docs: boolean;
}

/** `npm run diagram`: draws a stack's topology, or a preset's, and prints it. Touches nothing, asks nobody. */
export async function diagram(root: string, options: DiagramOptions): Promise<void> {
  if (options.docs) return writeDocumentation(root);
  const topology = plannedTopology(root, options);
  process.stdout.write(options.mermaid ? mermaid(topology) : await svg(topology));
}

/** The generated files of the documentation, by their path from the project's root. */
export async function documentation(): Promise<Map<string, string>> {
  const files = new Map<string, string>();
  for (const preset of presetNames) {
    const topology = presetTopology(preset);
    files.set(`docs/topologies/${preset}.svg`, await svg(topology));
    files.set(`docs/topologies/${preset}.mmd`, mermaid(topology));
  }
  return files;
}

async function writeDocumentation(root: string): Promise<void> {
  for (const [file, content] of await documentation()) {
    mkdirSync(path.dirname(path.join(root, file)), { recursive: true });
    writeFileSync(path.join(root, file), content);
    console.log(file);
  }
}
