import { createReadStream } from "node:fs";
import { stat } from "node:fs/promises";
import { posix } from "node:path";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import type { Container } from "dockerode";
import { type Pack, pack } from "tar-stream";
import type { Upload } from "./container-request";
import { unlessMissing } from "./docker-client";

/** Throws when a file to upload can't be read; called before anything is made. */
export async function checkSources(uploads: readonly Upload[]): Promise<void> {
  for (const { file, source } of uploads) {
    if (source === undefined) continue;
    const found = await stat(source).catch(() => undefined);
    if (!found?.isFile()) throw new Error(`uploads: the source of ${file} is not a readable file: ${source}`);
  }
}

/** Puts the files into a container that hasn't started yet, owned by root; missing directories are made (0755). */
export async function uploadFiles(container: Container, uploads: readonly Upload[]): Promise<void> {
  if (uploads.length === 0) return;
  const directories = await missingDirectories(container, uploads);
  const archive = pack();
  const written = writeArchive(archive, directories, uploads).catch((error: Error) => {
    // The request must end as well, or it would wait for the rest for ever.
    archive.destroy(error);
    throw error;
  });
  const sent = container.putArchive(Readable.from(archive), { path: "/" });
  await Promise.all([written, sent]);
}

/** Docker would make missing directories with the mode 0600; existing ones must keep their mode. */
async function missingDirectories(container: Container, uploads: readonly Upload[]): Promise<string[]> {
  const parents = new Set(uploads.flatMap(({ file }) => ancestors(file)));
  const missing: string[] = [];
  for (const directory of [...parents].sort()) {
    const known = missing.some((parent) => directory.startsWith(`${parent}/`));
    const answer = known ? undefined : await unlessMissing(container.infoArchive({ path: directory }));
    // Unread, the answer (a stream without content) would keep its connection and this process open for minutes.
    if (answer) answer.resume();
    else missing.push(directory);
  }
  return missing;
}

/** `/a/b/c` → `/a`, `/a/b` */
function ancestors(file: string): string[] {
  const parent = posix.dirname(posix.normalize(file));
  return parent === "/" ? [] : [...ancestors(parent), parent];
}

async function writeArchive(archive: Pack, directories: readonly string[], uploads: readonly Upload[]): Promise<void> {
  const mtime = new Date();
  for (const directory of directories) {
    archive.entry({ name: directory.slice(1), type: "directory", mode: 0o755, mtime, uid: 0, gid: 0 });
  }
  for (const upload of uploads) {
    const header = { name: posix.normalize(upload.file).slice(1), mode: Number.parseInt(upload.permissions, 8), mtime };
    if (upload.source !== undefined) {
      const { size } = await stat(upload.source);
      await pipeline(createReadStream(upload.source), archive.entry({ ...header, size, uid: 0, gid: 0 }));
    } else {
      archive.entry({ ...header, uid: 0, gid: 0 }, content(upload));
    }
  }
  archive.finalize();
}

function content({ content, contentBase64 }: Upload): Buffer {
  return contentBase64 === undefined ? Buffer.from(content ?? "", "utf8") : Buffer.from(contentBase64, "base64");
}
