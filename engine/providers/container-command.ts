import { PassThrough } from "node:stream";
import { text } from "node:stream/consumers";
import type { Container } from "dockerode";
import { docker } from "./docker-client";

/** A machine that hangs must not keep what others have to say from appearing. */
const TIMEOUT_MILLISECONDS = 5_000;

/** What a command in a container said, errors included, and how it ended. Throws when it can't be asked. */
export async function runIn(container: Container, command: string[]): Promise<{ exitCode: number; output: string }> {
  const exec = await container.exec({ Cmd: command, AttachStdout: true, AttachStderr: true });
  const output = await demultiplexed(await exec.start({}));
  return { exitCode: (await exec.inspect()).ExitCode ?? -1, output: output.trim() };
}

/** Output of a command in a container; empty when the command fails or takes too long. */
export async function outputOf(
  container: Container,
  command: string[],
  timeout = TIMEOUT_MILLISECONDS,
): Promise<string> {
  const exec = await container.exec({ Cmd: command, AttachStdout: true, AttachStderr: true });
  const stream = await exec.start({});
  const timer = setTimeout(() => stream.destroy(), timeout);
  try {
    const stdout = await demultiplexed(stream);
    return (await exec.inspect()).ExitCode === 0 ? stdout : "";
  } finally {
    clearTimeout(timer);
  }
}

/** Docker sends standard output and errors in one stream, in frames. */
export async function demultiplexed(stream: NodeJS.ReadableStream): Promise<string> {
  const joined = new PassThrough();
  docker().modem.demuxStream(stream, joined, joined);
  for (const event of ["end", "close", "error"]) stream.once(event, () => joined.end());
  return text(joined);
}
