import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { Readable } from "node:stream";
import { pack } from "tar-stream";
import { UserError } from "../errors";
import { docker } from "../providers/docker-client";
import { explained } from "../providers/docker-errors";
import type { Show } from "./apt";
import { ensureBaseImage } from "./base-image";
import {
  BASE_REPOSITORY,
  baseImageName,
  findMachineImage,
  IMAGE_DIRECTORY,
  MACHINE_REPOSITORY,
  machineImageName,
  packageList,
} from "./machine-image";

const LOG_LINES = 30;

/**
 * The machine image, built when it is missing or what it is made from changed. Needs a running Docker engine. Aborting
 * stops the build and leaves nothing half-made.
 * @param isFresh built in any case, with the packages that there are now
 */
export function ensureMachineImage(
  show: Show,
  signal?: AbortSignal,
  isFresh = false,
): Promise<{ name: string; id: string }> {
  return explained(async () => {
    const name = machineImageName();
    const present = isFresh ? undefined : await findMachineImage();
    if (present) return { name, id: present };

    const base = await ensureBaseImage(show, signal, isFresh);
    await build(name, base, isFresh, show, signal);
    const id = await findMachineImage();
    if (!id)
      throw new UserError(`The image ${name} was built, but Docker doesn't have it: is something removing images?`);
    await removeOthers(MACHINE_REPOSITORY, name);
    await removeOthers(BASE_REPOSITORY, baseImageName());
    return { name, id };
  });
}

interface BuildEvent {
  readonly stream?: string;
  readonly error?: string;
}

async function build(name: string, base: string, nocache: boolean, show: Show, signal?: AbortSignal): Promise<void> {
  const options = { t: name, buildargs: { BASE: base }, nocache, rm: true, forcerm: true, abortSignal: signal };
  const events = await docker().buildImage(buildContext(), options);
  const log: string[] = [];
  let phase = "";
  const onEvent = ({ stream, error }: BuildEvent) => {
    const text = stream ?? error ?? "";
    log.push(text);
    const next = phaseAfter(phase, text);
    if (next !== phase) show(next);
    phase = next;
  };
  await new Promise<void>((resolve, reject) => {
    docker().modem.followProgress(events, (error) => (error ? reject(failure(error, log)) : resolve()), onEvent);
  });
}

function failure(error: Error, log: readonly string[]): Error {
  const end = log.join("").trim().split("\n").slice(-LOG_LINES).join("\n");
  return new UserError(`Building the machine image failed: ${error.message}\n${end}`);
}

/** What the first line of each kind in the output of install.sh says about how far the build is. */
const phases: readonly { readonly line: RegExp; readonly phase: string }[] = [
  { line: /^Get:\d+ /m, phase: "downloading packages" },
  { line: /^Unpacking /m, phase: "installing packages" },
  { line: /^Setting up mysql-server/m, phase: "setting up MySQL" },
  { line: /Removed '\/etc\/systemd/, phase: "switching services off" },
  { line: /^Successfully built /m, phase: "done" },
];

function phaseAfter(phase: string, text: string): string {
  const reached = phases.findIndex((candidate) => candidate.phase === phase);
  const next = phases.findIndex(({ line }, index) => index > reached && line.test(text));
  return phases[next]?.phase ?? phase;
}

/** The files of image/ and the list of packages, as Docker takes them. */
function buildContext(): NodeJS.ReadableStream {
  const context = pack();
  for (const file of readdirSync(IMAGE_DIRECTORY)) {
    // The same for everybody, whatever mode git gave the files here: it counts for Docker's cache.
    context.entry({ name: file, mode: 0o755 }, readFileSync(join(IMAGE_DIRECTORY, file)));
  }
  context.entry({ name: "packages", mode: 0o644 }, packageList());
  context.finalize();
  return Readable.from(context);
}

/** Earlier images are of no use any more; those that a container still needs stay until the next build. */
async function removeOthers(repository: string, current: string): Promise<void> {
  const images = await docker().listImages({ filters: { reference: [repository] } });
  const others = images.flatMap(({ RepoTags }) => RepoTags ?? []).filter((name) => name !== current);
  for (const name of others.filter((tag) => tag.startsWith(`${repository}:`))) {
    await docker()
      .getImage(name)
      .remove()
      .catch(() => {});
  }
}
