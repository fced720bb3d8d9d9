import { spawnSync } from "node:child_process";
import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import type { MachineFile } from "../../cloud-init";

export interface Finished {
  readonly status: number;
  readonly output: string;
}

/** Seconds that a script may take. */
const LONGEST_SECONDS = 120;

/**
 * Runs a shell script as root in a new container of the machine image, without systemd, with these files in place.
 * Files go in through stdin, so that it makes no difference where Docker runs.
 * @throws Error when there is no Docker or no machine image: these tests can't tell anything then.
 */
export function runInMachineImage(files: MachineFile[], script: string, dockerOptions: string[] = []): Finished {
  const image = machineImage();
  const command = `tar --extract --no-overwrite-dir --directory / && { ${script}\n}`;
  // a shell that is process 1 doesn't end by a signal: this does, and takes what the script left with it
  const entrypoint = ["--entrypoint", "timeout", image, "--kill-after=5", String(LONGEST_SECONDS), "sh", "-c", command];
  const { error, status, stdout, stderr } = spawnSync(
    "docker",
    ["run", "--rm", "--interactive", "--pull=never", ...dockerOptions, ...entrypoint],
    { input: pack(files), encoding: "utf8", maxBuffer: 2 ** 24 },
  );
  if (error) throw new Error(`docker run: ${error.message}`);
  if (status === 125) throw new Error(`docker could not run the image ${image}: ${stderr.trim()}`);
  const late = status === 124 || status === 137 ? `\nnot finished after ${LONGEST_SECONDS} s` : "";
  return { status: status ?? -1, output: `${stdout}${stderr}${late}` };
}

/** Name or id of the machine image. */
export function machineImage(): string {
  const image = process.env.MACHINE_IMAGE;
  if (image) return image;
  throw new Error("MACHINE_IMAGE is not set. Run npm test, or set it to the image that `npm run image` names.");
}

/** Files as a tar archive, all of root. */
export function pack(files: MachineFile[]): Buffer {
  const staging = mkdtempSync(join(tmpdir(), "machine-files-"));
  try {
    // it becomes the machine's root directory
    chmodSync(staging, 0o755);
    for (const { path, content, permissions } of files) {
      mkdirSync(dirname(join(staging, path)), { recursive: true });
      writeFileSync(join(staging, path), content, { mode: Number.parseInt(permissions, 8) });
    }
    const tar = ["--create", "--owner=0", "--group=0", "--directory", staging, "."];
    return spawnSync("tar", tar, { maxBuffer: 2 ** 24 }).stdout;
  } finally {
    rmSync(staging, { recursive: true });
  }
}

/** A file that only the tests put on a machine. */
export function file(path: string, content: string, permissions = "0644"): MachineFile {
  return { path, content, owner: "root:root", permissions };
}
