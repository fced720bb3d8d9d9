import { createHash } from "node:crypto";
import { createTar } from "nanotar";
import type { MachineFile } from "../cloud-init";
import { compress } from "../cloud-init";

export interface Programs {
  readonly archive: Uint8Array;
  readonly sha256: string;
}

/** Packs what doesn't stand in user-data; the same bytes on every computer. */
export function packPrograms(files: readonly MachineFile[]): Programs {
  const tar = createTar(
    files.map(({ path, content, permissions }) => ({
      name: path.slice(1),
      data: content,
      attrs: { mode: permissions, uid: 0, gid: 0, user: "root", group: "root", mtime: 0 },
    })),
  );
  // for the last half per cent, the highest level takes half as long again
  const archive = compress(tar, 6);
  return { archive, sha256: createHash("sha256").update(archive).digest("hex") };
}
