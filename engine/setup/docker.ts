import { type ChildProcess, spawn } from "node:child_process";
import { closeSync, existsSync, openSync, readFileSync, rmSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import Docker from "dockerode";
import { UserError } from "../errors";
import { programOf } from "../processes";
import { installPackages, isAvailable, type Show } from "./apt";
import { COMMAND_PATH, mustRun, runCommand } from "./command";
import { DEFAULT_SOCKET, useDockerHost } from "./docker-host";
import { canInstallPackages, describeHost, type Host, usesApt } from "./host";

const START_TIMEOUT_SECONDS = 60;
/** How long an engine that somebody else started at the same moment may take to answer after ours gave up. */
const OTHER_ENGINE_SECONDS = 5;
const DAEMON_LOG = "/var/log/dockerd.log";

/** Why the engine can't be used right now. */
export interface DockerProblem {
  /** Where it was looked for, such as `unix:///var/run/docker.sock`. */
  readonly address: string;
  /** `EACCES`, `ENOENT` …, or the text of another error. */
  readonly reason: string;
  /** Whether `dockerd` is installed on this host. */
  readonly installed: boolean;
}

/**
 * Makes sure that a Docker engine answers: uses a running one; else, as root on Debian or Ubuntu, installs and starts it;
 * anywhere else throws an Error that says exactly what to do.
 */
export async function ensureDocker(show: Show): Promise<void> {
  const address = useDockerHost();
  const reason = await whyNoAnswer();
  if (reason === undefined) return;
  const host = describeHost();
  const problem = { address, reason, installed: await isInstalled() };
  const advice = dockerAdvice(host, problem);
  if (advice !== undefined) throw new UserError(advice);

  if (!problem.installed) await installDocker(show);
  if ((await whyNoAnswer()) === undefined) return;
  show("starting the Docker engine");
  if (existsSync("/run/systemd/system")) {
    await mustRun("systemctl", ["enable", "--now", "docker"]);
    await waitForAnswer();
  } else {
    const daemon = startDaemon();
    await waitForAnswer(() => daemon.exitCode !== null);
  }
}

/** What a person has to do before Docker can be used; undefined when the set-up can do it itself. */
export function dockerAdvice(host: Host, { address, reason, installed }: DockerProblem): string | undefined {
  if (reason === "EACCES" || reason === "EPERM") {
    return (
      `You have no rights on Docker's socket (${address}). Join the group docker:\n\n    sudo usermod -aG docker $USER\n\n` +
      "then log out and in again (or run `newgrp docker`)."
    );
  }
  if (address !== `unix://${DEFAULT_SOCKET}`) {
    return (
      `The Docker engine at ${address} doesn't answer (${reason}). That address comes from DOCKER_HOST or the selected ` +
      "Docker context: start that engine, or select another one (`docker context use default`, `unset DOCKER_HOST`)."
    );
  }
  if (host.platform === "darwin") {
    return "Docker isn't running. Start Docker Desktop (https://docs.docker.com/desktop) or Colima (`colima start`), then try again.";
  }
  if (host.platform !== "linux") {
    return "Docker isn't running. On Windows use WSL 2 with Docker Desktop, and run the project inside WSL.";
  }
  if (canInstallPackages(host)) return undefined;
  const sudo = host.isRoot ? "" : "sudo ";
  if (installed) return `The Docker engine isn't running. Start it:\n\n    ${sudo}systemctl start docker`;
  if (usesApt(host)) {
    return (
      "Docker isn't installed. Install it:\n\n    sudo apt-get install -y docker.io\n    sudo usermod -aG docker $USER\n\n" +
      "then log out and in again."
    );
  }
  return "Docker isn't installed. Install the engine as https://docs.docker.com/engine/install describes for your distribution.";
}

/** Undefined when the engine answers, else the reason: an error code, or a text. */
async function whyNoAnswer(): Promise<string | undefined> {
  try {
    await new Docker({ timeout: 10_000 }).ping();
    return undefined;
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    return code ?? message;
  }
}

async function isInstalled(): Promise<boolean> {
  return (await runCommand("dockerd", ["--version"])).exitCode === 0;
}

async function installDocker(show: Show): Promise<void> {
  const packages = ["docker.io", "iptables", "ca-certificates"];
  // Where the kernel has AppArmor, containers don't start without its tools.
  if (existsSync("/sys/kernel/security/apparmor")) packages.push("apparmor");
  await installPackages(packages, show);
  // The `docker` command, which people want, is a package of its own in newer releases.
  if (await isAvailable("docker-cli")) await installPackages(["docker-cli"], show);
}

/** Starts dockerd apart from this process: it stays when we end, and Ctrl-C doesn't reach it. */
function startDaemon(): ChildProcess {
  removeStaleProcessFile("/var/run/docker.pid", "dockerd");
  removeStaleProcessFile("/var/run/docker/containerd/containerd.pid", "containerd");
  const log = openSync(DAEMON_LOG, "a", 0o640);
  const daemon = spawn("dockerd", [], {
    detached: true,
    stdio: ["ignore", log, log],
    env: { ...process.env, PATH: COMMAND_PATH },
  });
  closeSync(log);
  daemon.unref();
  return daemon;
}

/**
 * After a crash the number in a pid file may by now belong to any other program, and dockerd would refuse to start, or
 * wait for it for ever.
 */
function removeStaleProcessFile(path: string, program: string): void {
  if (existsSync(path) && programOf(Number(readFileSync(path, "utf8"))) !== program) rmSync(path, { force: true });
}

/** `ended` tells that the engine which was started is gone again; another one may be on its way all the same. */
async function waitForAnswer(ended: () => boolean = () => false): Promise<void> {
  let end = Date.now() + START_TIMEOUT_SECONDS * 1000;
  while ((await whyNoAnswer()) !== undefined) {
    if (ended()) end = Math.min(end, Date.now() + OTHER_ENGINE_SECONDS * 1000);
    if (Date.now() >= end) {
      const { output } = await runCommand("tail", ["-n", "20", DAEMON_LOG]);
      throw new UserError(
        "The Docker engine was started, but it doesn't answer. " +
          `The end of its log (${DAEMON_LOG}, or \`journalctl -u docker\`):\n${output}`,
      );
    }
    await sleep(250);
  }
}
