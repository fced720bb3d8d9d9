import { Readable } from "node:stream";
import { text } from "node:stream/consumers";
import type { Container } from "dockerode";
import { extract } from "tar-stream";
import { demultiplexed, outputOf } from "./container-command";

const SETUP_LOG = "/var/log/machine-setup.log";
const LINES = 30;

/**
 * What tells why a machine isn't ready: the end of its set-up log, its failed units and the errors of its journal, or,
 * when it doesn't run, the end of the container's output. Parts that can't be had are left out; never fails.
 */
export async function machineReport(container: Container): Promise<string> {
  const state = await container.inspect().then(
    ({ State }) => State,
    () => undefined,
  );
  const parts =
    state?.Running && !state.Restarting
      ? [
          await part(SETUP_LOG, outputOf(container, ["tail", "-n", String(LINES), SETUP_LOG])),
          await part(
            "failed units",
            outputOf(container, ["systemctl", "--failed", "--no-legend", "--plain", "--no-pager"]),
          ),
          await part("errors in the journal", outputOf(container, journalErrors)),
        ]
      : [
          await part(
            "container",
            Promise.resolve(state ? `${state.Status}, exit code ${state.ExitCode} ${state.Error}` : ""),
          ),
          await part("end of its output", output(container)),
          await part(SETUP_LOG, readFile(container, SETUP_LOG)),
        ];
  return parts.filter((entry) => entry !== "").join("\n");
}

const journalErrors = ["journalctl", "-b", "-p", "err", "-n", String(LINES), "-o", "short-iso", "-q", "--no-pager"];

async function part(title: string, content: Promise<string>): Promise<string> {
  const lines = (await content.catch(() => "")).trim();
  return lines === "" ? "" : `--- ${title}\n${lastLines(lines)}`;
}

function lastLines(lines: string): string {
  return lines.split("\n").slice(-LINES).join("\n");
}

async function output(container: Container): Promise<string> {
  const raw = await container.logs({ stdout: true, stderr: true, tail: LINES });
  return demultiplexed(Readable.from([raw]));
}

/** Reads a file out of a container that doesn't run. */
async function readFile(container: Container, path: string): Promise<string> {
  const archive = extract();
  (await container.getArchive({ path })).pipe(archive);
  for await (const entry of archive) return text(entry);
  return "";
}
