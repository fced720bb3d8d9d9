import { existsSync, readdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from "node:fs";
import { basename, dirname, join, resolve } from "node:path";
import * as pulumi from "@pulumi/pulumi";
import type { ApplicationArchive } from "../application-archive";

/**
 * Names a version of the application as the wanted one: machines find it in the archive's directory, in the file `wanted`.
 * Earlier versions are removed. A preview leaves everything as it is.
 *
 * @returns since when this version is the wanted one, in milliseconds since 1970
 */
export function offerApplication({ path, sha256 }: ApplicationArchive, isPreview: boolean): number {
  const directory = resolve(dirname(path));
  const wanted = join(directory, "wanted");
  const version = `${basename(path)} ${sha256}\n`;
  if (!existsSync(wanted) || readFileSync(wanted, "utf8") !== version) {
    if (isPreview) return Date.now();
    writeFileSync(`${wanted}.new`, version, { mode: 0o600 });
    renameSync(`${wanted}.new`, wanted);
    for (const file of readdirSync(directory)) {
      if (file.endsWith(".tar") && file !== basename(path)) rmSync(join(directory, file));
    }
  }
  return Math.floor(statSync(wanted).mtimeMs);
}

export interface DockerApplicationArgs {
  /** Name of the machine's container. */
  readonly container: pulumi.Input<string>;
  /** Its id: another container has to be asked anew, though it boots with the wanted version. */
  readonly containerId: pulumi.Input<string>;
  /** SHA-256 of the wanted version. */
  readonly version: pulumi.Input<string>;
  /**
   * Since when it is wanted, see `offerApplication`. Back to the version before, a machine has to be asked again: nobody knows
   * how far it got with the one in between, when that was refused or interrupted.
   */
  readonly offered: pulumi.Input<number>;
  /** Seconds that a machine gets to migrate and switch. */
  readonly timeout: pulumi.Input<number>;
}

type Wanted = pulumi.Unwrap<DockerApplicationArgs>;

/** Lets a machine bring its application to the wanted version. Throws with what the machine says when it can't. */
async function switchVersion({ container, timeout }: Wanted): Promise<void> {
  const Docker = require("dockerode") as typeof import("dockerode");
  const machine = new Docker().getContainer(container);
  const command = ["timeout", String(timeout), "/usr/local/sbin/application-update"];
  // a terminal: one stream with output and errors
  const exec = await machine
    .exec({ Cmd: command, AttachStdout: true, AttachStderr: true, Tty: true })
    .catch((error: Error) => {
      throw new Error(
        `${container} can't be asked for the new version of the application: ${error.message.trim()}. ` +
          "`npm start`, or `pulumi up --refresh`, starts it again first.",
      );
    });
  let said = "";
  for await (const chunk of await exec.start({ Tty: true })) said += chunk;
  const { ExitCode: exitCode } = await exec.inspect();
  if (exitCode === 0) return;
  const why = exitCode === 124 ? `It wasn't done after ${timeout} s.` : `It ended with ${exitCode}.`;
  throw new Error(
    `${container} did not take the new version of the application, and serves the one before. ${why} It said:\n` +
      `${said.replaceAll("\r", "").trim()}\nMend the application, or point the setting app at the version before, and try again.`,
  );
}

/** Pulumi stores this as text in the stack's state, so it needs no other part of the project when it runs. */
const provider: pulumi.dynamic.ResourceProvider = {
  async create(wanted: Wanted) {
    await switchVersion(wanted);
    return { id: wanted.container, outs: wanted };
  },
  async update(_id: string, _old: Wanted, wanted: Wanted) {
    await switchVersion(wanted);
    return { outs: wanted };
  },
};

/** The version of the application on a machine, which is switched there while requests go on. */
export class DockerApplication extends pulumi.dynamic.Resource {
  constructor(name: string, args: DockerApplicationArgs, opts?: pulumi.CustomResourceOptions) {
    super(provider, name, { ...args }, opts, undefined, "Application");
  }
}
