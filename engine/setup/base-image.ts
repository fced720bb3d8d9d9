import { createReadStream } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { UserError } from "../errors";
import { docker } from "../providers/docker-client";
import { installPackages, type Show } from "./apt";
import { runCommand } from "./command";
import { canInstallPackages, describeHost, type Host } from "./host";
import { BASE_REPOSITORY, baseImageName, findImage, IMAGE_DIRECTORY } from "./machine-image";
import { debianMirrors } from "./mirror";

const PUBLIC_IMAGE = { repository: "debian", tag: "trixie" };
/** A registry that can't be reached may keep us waiting for minutes; one that can begins to send within this. */
const REGISTRY_TIMEOUT_MILLISECONDS = 20_000;

/**
 * The name of the base image, which is made when it is missing: pulled where a registry answers, else by mmdebstrap.
 * @param isFresh made in any case
 */
export async function ensureBaseImage(show: Show, signal?: AbortSignal, isFresh = false): Promise<string> {
  const name = baseImageName();
  if (!isFresh && (await findImage(name))) return name;
  const target = { repo: BASE_REPOSITORY, tag: name.slice(BASE_REPOSITORY.length + 1) };
  show("base image: asking a registry for debian:trixie");
  if (await pull(show, signal)) {
    await docker().getImage(`${PUBLIC_IMAGE.repository}:${PUBLIC_IMAGE.tag}`).tag(target);
    return name;
  }
  show("base image: no registry answers");
  const directory = await mkdtemp(join(tmpdir(), "base-image-"));
  try {
    const tarball = join(directory, "base.tar");
    await bootstrap(describeHost(), tarball, show, signal);
    show("base image: importing it into Docker");
    await finished(await docker().importImage(createReadStream(tarball), target));
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
  return name;
}

/** Whether the public image could be had. */
async function pull(show: Show, signal?: AbortSignal): Promise<boolean> {
  const attempt = new AbortController();
  const interrupt = () => attempt.abort();
  signal?.addEventListener("abort", interrupt);
  const timer = setTimeout(() => attempt.abort(), REGISTRY_TIMEOUT_MILLISECONDS);
  try {
    const { repository, tag } = PUBLIC_IMAGE;
    const events = await docker().pull(`${repository}:${tag}`, { abortSignal: attempt.signal });
    await finished(events, ({ status }) => {
      clearTimeout(timer);
      if (/^Downloading/.test(status ?? "")) show("base image: downloading debian:trixie");
    });
    return true;
  } catch {
    signal?.throwIfAborted();
    return false;
  } finally {
    clearTimeout(timer);
    signal?.removeEventListener("abort", interrupt);
  }
}

async function bootstrap(host: Host, tarball: string, show: Show, signal?: AbortSignal): Promise<void> {
  const installed = (await runCommand("mmdebstrap", ["--version"])).exitCode === 0;
  if (!installed && !canInstallPackages(host)) throw new UserError(bootstrapAdvice(host));
  // Only Debian has the keys of its archive from the start.
  if (!installed) await installPackages(["mmdebstrap", "debian-archive-keyring"], show);
  const mirrors = await debianMirrors(host);
  show("base image: making it with mmdebstrap");
  const args = [join(IMAGE_DIRECTORY, "base.sh"), tarball, mirrors?.main ?? "", mirrors?.security ?? ""];
  const result = await runCommand("bash", args, { signal });
  signal?.throwIfAborted();
  if (result.exitCode !== 0) throw new UserError(`Making the base image failed:\n${result.log}`);
}

/** What to do where neither a registry answers nor mmdebstrap can be installed by us. */
export function bootstrapAdvice(host: Host): string {
  const otherwise =
    host.platform === "linux"
      ? "or install mmdebstrap (on Debian and Ubuntu: `sudo apt-get install -y mmdebstrap debian-archive-keyring`)"
      : "or bring the image debian:trixie here from a computer that can (`docker save`, `docker load`)";
  return (
    "The machine image needs Debian 13, and no container registry answers. Make `docker pull debian:trixie` work " +
    `(network, proxy of the Docker engine), ${otherwise}, then try again.`
  );
}

interface DockerEvent {
  readonly status?: string;
  readonly error?: string;
}

/** Follows a stream of Docker's events to its end; throws what an event reports as an error. */
function finished(stream: NodeJS.ReadableStream, onEvent: (event: DockerEvent) => void = () => {}): Promise<void> {
  return new Promise((resolve, reject) => {
    docker().modem.followProgress(stream, (error) => (error ? reject(error) : resolve()), onEvent);
  });
}
