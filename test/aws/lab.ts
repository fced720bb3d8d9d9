import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { randomUUID } from "node:crypto";
import { once } from "node:events";
import { existsSync, mkdirSync, mkdtempSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { awsMachineFiles } from "../../cloud-init";
import { awsBootFiles } from "../../cloud-init/aws";
import type { MachineFile } from "../../cloud-init/file";
import type { Machine, Topology } from "../../topology";
import { type Finished, file, runInMachineImage } from "../cloud-init/machine-image";

/**
 * moto (AWS's answers), awscli (what a machine asks with) and parliament (what is wrong with a policy of IAM), installed
 * beside the project by the first test.
 */
const tools = path.resolve(__dirname, "../../.state/test-tools/aws-2");

const CREDENTIALS = {
  AWS_ACCESS_KEY_ID: "testing",
  AWS_SECRET_ACCESS_KEY: "testing",
  AWS_DEFAULT_REGION: "eu-central-1",
};

/** What a machine needs to run awscli; Debian's package puts it there on AWS. */
export const awscli = file(
  "/usr/local/bin/aws",
  '#!/bin/sh\nPYTHONPYCACHEPREFIX=/var/cache/awscli PYTHONPATH=/opt/aws exec python3 -m awscli "$@"\n',
  "0755",
);
export const awscliMount = [`--volume=${tools}:/opt/aws:ro`];

/** Requests that go wrong. */
export interface Fault {
  readonly id: string;
  /** Regular expression of the operations, such as `AssociateAddress`. */
  readonly action: string;
  readonly answer: "throttled" | "expired" | "silent";
  readonly times: number;
}

/** An imitation of AWS on this computer: the services by moto, and machines' metadata service. */
export class Aws {
  private metadata: Record<string, Record<string, string>> = {};
  private fault?: Fault;

  private constructor(
    private readonly processes: readonly ChildProcess[],
    /** Where this computer asks. */
    readonly endpoint: string,
    /** Where machines ask, for their metadata too. */
    readonly machinesEndpoint: string,
    private readonly values: string,
  ) {}

  /** @param host address of this computer that machines reach; by default those that use this computer's own network */
  static async start(host = "127.0.0.1"): Promise<Aws> {
    install();
    const moto = spawn("python3", ["-m", "moto.server", "--host", "127.0.0.1", "--port", "0"], {
      env: { ...process.env, PYTHONPATH: tools, MOTO_IAM_LOAD_MANAGED_POLICIES: "false" },
      stdio: ["ignore", "pipe", "pipe"],
    });
    const endpoint = await new Promise<string>((resolve, reject) => {
      let log = "";
      const read = (data: Buffer) => {
        log += data;
        const address = /http:\/\/127\.0\.0\.1:\d+/.exec(log)?.[0];
        if (address) resolve(address);
      };
      moto.stdout?.on("data", read);
      moto.stderr?.on("data", read);
      moto.once("exit", () => reject(new Error(`moto ended: ${log}`)));
    });

    const directory = mkdtempSync(path.join(tmpdir(), "aws-lab-"));
    const values = path.join(directory, "values.json");
    writeFileSync(values, "{}");
    const between = spawn(process.execPath, [path.join(__dirname, "imitation.cjs"), values, endpoint, host]);
    const [port] = (await once(between.stdout, "data")) as [Buffer];
    return new Aws([moto, between], endpoint, `http://${host}:${String(port).trim()}`, values);
  }

  stop(): void {
    for (const each of this.processes) each.kill();
    rmSync(path.dirname(this.values), { recursive: true });
  }

  /** What AWS says about a machine, by default about the one that runs next, wherever it is. */
  set(metadata: Record<string, string>, address = "*"): void {
    this.metadata[address] = { "instance-id": "i-0123456789abcdef0", ...metadata };
    this.write();
  }

  /** From now on AWS doesn't do what machines ask of it, so many times. */
  disturb(fault: Omit<Fault, "id"> | undefined): void {
    this.fault = fault && { id: randomUUID(), ...fault };
    this.write();
  }

  private write(): void {
    const { metadata, fault } = this;
    writeFileSync(`${this.values}.new`, JSON.stringify({ metadata, fault }));
    renameSync(`${this.values}.new`, this.values);
  }

  /** Runs awscli on this computer and returns what it says, as JSON. */
  // biome-ignore lint/suspicious/noExplicitAny: whatever the service answers
  ask(...args: string[]): any {
    const { status, stdout, stderr } = spawnSync("python3", ["-m", "awscli", ...args], {
      encoding: "utf8",
      env: { ...process.env, ...this.sdkEnvironment, PYTHONPATH: tools },
    });
    if (status !== 0) throw new Error(`aws ${args.join(" ")}: ${stderr}`);
    return stdout.trim() === "" ? undefined : JSON.parse(stdout);
  }

  /** What an AWS SDK on this computer needs in the environment to ask moto. */
  get sdkEnvironment(): Record<string, string> {
    return { ...CREDENTIALS, AWS_ENDPOINT_URL: this.endpoint };
  }

  /** What a machine's environment has instead of a network at AWS. */
  private get environment(): Record<string, string> {
    return {
      ...CREDENTIALS,
      AWS_ENDPOINT_URL: this.machinesEndpoint,
      AWS_EC2_METADATA_SERVICE_ENDPOINT: this.machinesEndpoint,
      PATIENCE: "4",
    };
  }

  /** Runs a script on a machine that has its programs, in the image of the local stack. */
  run(files: MachineFile[], script: string, environment: Record<string, string> = {}): Finished {
    const options = Object.entries({ ...this.environment, ...environment }).flatMap(([key, value]) => [
      "--env",
      `${key}=${value}`,
    ]);
    return runInMachineImage([...files, awscli], script, [
      "--network=host",
      "--cap-add=NET_ADMIN",
      ...awscliMount,
      ...options,
    ]);
  }
}

/** All files of a machine on AWS, those that it would fetch among them. */
export function everyFile(topology: Topology, machine: Machine, place = { address: "", sha256: "" }): MachineFile[] {
  const { inUserData, programs } = awsMachineFiles(topology, machine, "public");
  const places = {
    stack: "unit",
    region: CREDENTIALS.AWS_DEFAULT_REGION,
    parameters: `/web-infrastructure/unit/${machine.name}`,
    application: "/web-infrastructure/unit/application",
  };
  return [...awsBootFiles(topology, machine, places, place), ...inUserData, ...programs];
}

const FINDINGS = `
import json, sys
from parliament import analyze_policy_string
print(json.dumps([f"{each.issue}: {each.detail or each.title}" for each in analyze_policy_string(sys.stdin.read()).findings]))
`;

/** What parliament, a linter of IAM policies, finds in one that is given to a role. */
export function lintPolicy(policy: string): string[] {
  install();
  const { status, stdout, stderr } = spawnSync("python3", ["-c", FINDINGS], {
    input: policy,
    encoding: "utf8",
    env: { ...process.env, PYTHONPATH: tools },
  });
  if (status !== 0) throw new Error(`parliament: ${stderr}`);
  return JSON.parse(stdout);
}

function install(): void {
  if (existsSync(path.join(tools, ".complete"))) return;
  mkdirSync(tools, { recursive: true });
  const packages = ["moto[ec2,ssm,s3]==5.2.5", "flask", "flask-cors", "awscli==1.46.2", "parliament==1.6.4"];
  const pip = ["-m", "pip", "install", "--quiet", "--upgrade", "--target", tools, ...packages];
  const { status, stderr, error } = spawnSync("python3", pip, { encoding: "utf8" });
  if (error || status !== 0) {
    throw new Error(
      `moto, awscli and parliament could not be installed by pip (Debian: python3-pip): ${error?.message ?? stderr}`,
    );
  }
  spawnSync("touch", [path.join(tools, ".complete")]);
}
