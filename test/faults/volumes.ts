import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync, rmSync } from "node:fs";
import { docker } from "../e2e/stack";
import { machines } from "./lab";

/** MiB of each data volume of the suite's stack: large enough for it, small enough to be filled. */
const SIZE = 1200;

const directory = (stack: string) => `.state/${stack}-disks`;
const command = (name: string, ...args: string[]) => execFileSync(name, args, { encoding: "utf8" }).trim();

/**
 * Makes the data volumes of a stack before it is started, each a disk image of its own, so that a disk can be full without
 * filling this computer's. Where there are no loop devices the volumes are ordinary ones, and the faults that need this say so.
 */
export async function makeSmallVolumes(stack: string): Promise<void> {
  const { Volumes } = await docker.listVolumes();
  mkdirSync(directory(stack), { recursive: true });
  for (const machine of machines) {
    const Name = `web-infrastructure-${stack}-${machine}-data`;
    if (Volumes?.some((volume) => volume.Name === Name)) continue;
    const image = `${directory(stack)}/${machine}.img`;
    // of a run that was killed
    detach(image);
    rmSync(image, { force: true });
    command("truncate", "--size", `${SIZE}M`, image);
    command("mkfs.ext4", "-q", "-m", "0", image);
    // Docker fills a volume that is empty from the image
    command("debugfs", "-w", "-R", "rmdir lost+found", image);
    const device = command("losetup", "--find", "--show", image);
    const DriverOpts = { type: "ext4", device };
    await docker.createVolume({ Name, DriverOpts, Labels: { "web-infrastructure.stack": stack } });
  }
}

/** New and empty ones for those that are gone, in a stack that has small volumes. */
export async function replaceSmallVolumes(stack: string): Promise<void> {
  if (existsSync(directory(stack))) await makeSmallVolumes(stack);
}

/** After the stack is gone, with its data. */
export function removeSmallVolumes(stack: string): void {
  if (!existsSync(directory(stack))) return;
  for (const machine of machines) detach(`${directory(stack)}/${machine}.img`);
  rmSync(directory(stack), { recursive: true });
}

function detach(image: string): void {
  for (const line of command("losetup", "--associated", image).split("\n").filter(Boolean))
    command("losetup", "--detach", line.split(":")[0] as string);
}
