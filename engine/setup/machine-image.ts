import { createHash } from "node:crypto";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { packages } from "../../cloud-init/packages";
import { roles } from "../../topology/types";
import { explained, statusCode } from "../providers/docker-errors";
import { useDockerHost } from "./docker-host";

/** The image's Dockerfile and everything that goes into it. */
export const IMAGE_DIRECTORY = join(__dirname, "..", "..", "image");
export const MACHINE_REPOSITORY = "web-infrastructure/machine";
export const BASE_REPOSITORY = "web-infrastructure/base";

/** All packages of the image, one a line: the system's and those that any role needs. */
export function packageList(): string {
  const system = readFileSync(join(IMAGE_DIRECTORY, "packages.system"), "utf8");
  return `${system}${packages(roles, true).join("\n")}\n`;
}

/** Name of the machine image; its tag changes with each change of what it is made from. */
export function machineImageName(directory = IMAGE_DIRECTORY, packagesInIt = packageList()): string {
  const hash = createHash("sha256");
  for (const file of readdirSync(directory).sort()) {
    hash
      .update(`${file}\0`)
      .update(readFileSync(join(directory, file)))
      .update("\0");
  }
  return `${MACHINE_REPOSITORY}:${hash.update(packagesInIt).digest("hex").slice(0, 12)}`;
}

/** Name of the base image that base.sh makes (or Docker's debian:trixie, where a registry answers). */
export function baseImageName(directory = IMAGE_DIRECTORY): string {
  const hash = createHash("sha256")
    .update(readFileSync(join(directory, "base.sh")))
    .digest("hex");
  return `${BASE_REPOSITORY}:${hash.slice(0, 12)}`;
}

/** Id of the machine image as it should be now; undefined when it has to be built. */
export function findMachineImage(): Promise<string | undefined> {
  return findImage(machineImageName());
}

/** Id (`sha256:…`) of an image of this name; undefined when there is none. */
export function findImage(name: string): Promise<string | undefined> {
  return explained(async () => {
    useDockerHost();
    // Loaded here because it takes 0.1 s and the Pulumi program doesn't need it otherwise.
    const { default: Docker } = await import("dockerode");
    try {
      return (await new Docker().getImage(name).inspect()).Id;
    } catch (error) {
      if (statusCode(error) === 404) return undefined;
      throw error;
    }
  });
}
