import { posix } from "node:path";
import { Readable } from "node:stream";
import type { Container } from "dockerode";
import { pack } from "tar-stream";
import type { Upload } from "./container-request";
import { unlessMissing } from "./docker-client";

/** Puts the files into a container that hasn't started yet, owned by root; missing directories are made (0755). */
export async function uploadFiles(container: Container, uploads: readonly Upload[]): Promise<void> {
  if (uploads.length === 0) return;
  const directories = await missingDirectories(container, uploads);
  const archive = pack();
  const owner = { mtime: new Date(), uid: 0, gid: 0 };
  for (const directory of directories) {
    archive.entry({ ...owner, name: directory.slice(1), type: "directory", mode: 0o755 });
  }
  for (const { file, content, contentBase64, permissions } of uploads) {
    const name = posix.normalize(file).slice(1);
    const bytes = content === undefined ? Buffer.from(contentBase64 ?? "", "base64") : Buffer.from(content, "utf8");
    archive.entry({ ...owner, name, mode: Number.parseInt(permissions, 8) }, bytes);
  }
  archive.finalize();
  await container.putArchive(Readable.from(archive), { path: "/" });
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
