import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, statSync, writeFileSync } from "node:fs";
import { join, relative, resolve } from "node:path";
import { buffer } from "node:stream/consumers";
import { pack } from "tar-stream";
import { ConfigError } from "../config";

/** An application directory packed into one file, the same bytes on every computer. */
export interface ApplicationArchive {
  /** Path of the tar file, below the output directory; its name holds the hash. */
  readonly path: string;
  /** SHA-256 of the file, in hexadecimal. */
  readonly sha256: string;
  /** What Nginx serves, relative to the directory: `public` where there is one, else "" (all of it). */
  readonly documentRoot: string;
}

/** Version control and what operating systems leave behind are no part of an application. */
const LEFT_OUT = new Set([".git", ".gitignore", ".DS_Store", "Thumbs.db"]);

/**
 * Packs an application directory for delivery to the machines.
 *
 * @param directory the application, relative to the working directory or absolute
 * @param outputDirectory where the tar file goes; made when it is missing. Relative to the working directory: on AWS the
 *   path is an input of a resource, which another checkout of the project would change by an absolute one
 * @throws ConfigError when there is no directory, or no index.php or index.html to serve
 */
export async function packApplication(directory: string, outputDirectory: string): Promise<ApplicationArchive> {
  const root = resolve(directory);
  if (!existsSync(root) || !statSync(root).isDirectory()) {
    throw new ConfigError(
      `The setting app names ${directory}, which is not a directory. Point it at your application.`,
    );
  }
  const documentRoot = existsSync(join(root, "public")) ? "public" : "";
  if (!["index.php", "index.html"].some((index) => existsSync(join(root, documentRoot, index)))) {
    const place = join(directory, documentRoot);
    throw new ConfigError(
      `${place} has neither an index.php nor an index.html, so there is nothing to serve. ` +
        "Add one, or point the setting app at another directory (docs/application.md).",
    );
  }

  const archive = pack();
  for (const file of filesBelow(root)) {
    const content = readFileSync(file);
    archive.entry({ name: relative(root, file), mode: 0o644, mtime: timeFromContent(content) }, content);
  }
  archive.finalize();
  const bytes = await buffer(archive);
  const sha256 = createHash("sha256").update(bytes).digest("hex");

  mkdirSync(outputDirectory, { recursive: true, mode: 0o700 });
  const path = join(outputDirectory, `application-${sha256.slice(0, 16)}.tar`);
  if (!existsSync(path)) {
    writeFileSync(`${path}.new`, bytes, { mode: 0o600 });
    renameSync(`${path}.new`, path);
  }
  return { path, sha256, documentRoot };
}

function filesBelow(directory: string): string[] {
  return readdirSync(directory, { withFileTypes: true })
    .filter((entry) => !LEFT_OUT.has(entry.name))
    .sort((a, b) => (a.name < b.name ? -1 : 1))
    .flatMap((entry) => {
      const path = join(directory, entry.name);
      return statSync(path).isDirectory() ? filesBelow(path) : [path];
    });
}

/**
 * A file's modification time, made from its content (2000 to 2019). The real one differs between two clones, which would
 * be two versions; a constant one would let Nginx give two versions of equal length the same ETag, and browsers
 * keep the old one.
 */
function timeFromContent(content: Buffer): Date {
  const year2000 = 946_684_800;
  const seconds = createHash("sha256").update(content).digest().readUInt32BE() % 600_000_000;
  return new Date((year2000 + seconds) * 1000);
}
