import * as pulumi from "@pulumi/pulumi";

export interface ReadinessArgs {
  /** The instance that is waited for; another one is waited for anew. */
  readonly instanceId: pulumi.Input<string>;
  /** Name of the parameter that the machine reports in: `INSTANCE STATE WHY`. */
  readonly parameter: pulumi.Input<string>;
  readonly region: pulumi.Input<string>;
  /** Name of the profile in AWS's own configuration files. @default as the AWS SDK finds credentials */
  readonly profile?: pulumi.Input<string>;
  /** Seconds. */
  readonly timeout: pulumi.Input<number>;
}

interface Wanted {
  readonly instanceId: string;
  readonly parameter: string;
  readonly region: string;
  readonly profile?: string;
  readonly timeout: number;
}

/** What a machine's report says: `undefined` while it is not ready, with what it waits for. Throws when it failed. */
export function judgeReport(report: string, instanceId: string): { ready: boolean; waitsFor: string } {
  const [instance, state, ...rest] = report.split(" ");
  const why = rest.join(" ");
  if (instance !== instanceId) return { ready: false, waitsFor: "the machine has not reported yet" };
  if (state === "failed") throw new Error(`${instanceId} can't be set up without help. It says:\n${why}`);
  return { ready: state === "ok", waitsFor: why };
}

/** Reads the report every few seconds until the machine is ready. */
export async function waitUntilReady(
  wanted: Pick<Wanted, "instanceId" | "timeout">,
  read: () => Promise<string>,
  say: (progress: string) => void,
  pause: number,
): Promise<void> {
  const deadline = Date.now() + wanted.timeout * 1000;
  let last = "";
  for (;;) {
    const { ready, waitsFor } = judgeReport(await read(), wanted.instanceId);
    if (ready) return;
    if (waitsFor !== last) say(`${wanted.instanceId}: ${waitsFor}`);
    last = waitsFor;
    if (Date.now() > deadline) {
      throw new Error(
        `${wanted.instanceId} was not ready after ${wanted.timeout} s. Last it said: ${waitsFor}\n` +
          `Look at it: aws ssm start-session --target ${wanted.instanceId}, then less /var/log/machine-setup.log`,
      );
    }
    await new Promise((resolve) => setTimeout(resolve, pause));
  }
}

/** Pulumi stores this class as text in the stack's state, so it needs no other part of the project when it runs. */
const provider: pulumi.dynamic.ResourceProvider = {
  async create(wanted: Wanted) {
    const { SSMClient, GetParameterCommand } = require("@aws-sdk/client-ssm") as typeof import("@aws-sdk/client-ssm");
    const { region, profile } = wanted;
    const client = new SSMClient(profile ? { region, profile } : { region });
    const read = async () =>
      (await client.send(new GetParameterCommand({ Name: wanted.parameter }))).Parameter?.Value ?? "";
    await waitUntilReady(wanted, read, (progress) => console.log(progress), 3000);
    return { id: wanted.instanceId, outs: wanted };
  },
  async diff(_id: string, old: Wanted, wanted: Wanted) {
    return { changes: old.instanceId !== wanted.instanceId, replaces: ["instanceId"] };
  },
};

/** There once a machine has reported that it is ready: what depends on this waits for it. */
export class Readiness extends pulumi.dynamic.Resource {
  constructor(name: string, args: ReadinessArgs, opts?: pulumi.CustomResourceOptions) {
    super(provider, name, { ...args }, opts);
  }
}
