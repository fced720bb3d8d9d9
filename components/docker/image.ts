import { ConfigError } from "../../config";
import { findMachineImage, machineImageName } from "../../engine/setup/machine-image";

/** Id (`sha256:…`) of the machine image. Throws a ConfigError that says what to do when it hasn't been built yet. */
export async function requireMachineImage(): Promise<string> {
  const id = await findMachineImage();
  if (id === undefined) {
    throw new ConfigError(
      `The machine image ${machineImageName()} is missing. Build it: \`npm run image\` (about a minute).`,
    );
  }
  return id;
}
