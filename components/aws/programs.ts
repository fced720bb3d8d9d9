import { createHash } from "node:crypto";
import { createTar } from "nanotar";
import type { MachineFile } from "../../cloud-init";
import { compress } from "../../cloud-init";

export interface Programs {
  readonly archive: Uint8Array;
  readonly sha256: string;
  /** Key in the bucket; it holds the hash, so that what a machine was made with stays what it is. */
  readonly key: string;
}

/** Packs what user-data has no room for; the same bytes on every computer. */
export function packPrograms(machine: string, files: readonly MachineFile[]): Programs {
  const tar = createTar(
    files.map(({ path, content, permissions }) => ({
      name: path.slice(1),
      data: content,
      attrs: { mode: permissions, uid: 0, gid: 0, user: "root", group: "root", mtime: 0 },
    })),
  );
  const archive = compress(tar);
  const sha256 = createHash("sha256").update(archive).digest("hex");
  return { archive, sha256, key: `programs/${machine}/${sha256}.tar.gz` };
}
