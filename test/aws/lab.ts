import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { awsMachineFiles } from "../../cloud-init";
import { awsBootFiles } from "../../cloud-init/aws";
import type { MachineFile } from "../../cloud-init/file";
import type { Machine, Topology } from "../../topology";
import { type Finished, file, runInMachineImage } from "../cloud-init/machine-image";

/** moto (AWS's answers) and awscli (what a machine asks with), installed beside the project by the first test. */
const tools = path.resolve(__dirname, "../../.state/test-tools/aws-1");

const CREDENTIALS = {
  AWS_ACCESS_KEY_ID: "testing",
  AWS_SECRET_ACCESS_KEY: "testing",
  AWS_DEFAULT_REGION: "eu-central-1",
};

/** An imitation of AWS on this computer: the services by moto, and a machine's metadata service. */
export class Aws {
  private constructor(
    private readonly processes: readonly ChildProcess[],
    private readonly endpoint: string,
    private readonly metadataService: string,
    private readonly values: string,
  ) {}

  static async start(): Promise<Aws> {
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
    const values = path.join(directory, "metadata.json");
    writeFileSync(values, "{}");
    const service = spawn(process.execPath, [path.join(__dirname, "metadata-service.cjs"), values]);
    const [port] = (await once(service.stdout, "data")) as [Buffer];
    return new Aws([moto, service], endpoint, `http://127.0.0.1:${String(port).trim()}`, values);
  }

  stop(): void {
    for (const each of this.processes) each.kill();
    rmSync(path.dirname(this.values), { recursive: true });
  }

  /** What AWS says about the machine that runs next. */
  set(metadata: Record<string, string>): void {
    writeFileSync(this.values, JSON.stringify({ "instance-id": "i-0123456789abcdef0", ...metadata }));
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

  /** What an AWS SDK needs in the environment to ask moto. */
  get sdkEnvironment(): Record<string, string> {
    return { ...CREDENTIALS, AWS_ENDPOINT_URL: this.endpoint };
  }

  /** What a machine's environment has instead of a network at AWS. */
  private get environment(): Record<string, string> {
    return {
      ...this.sdkEnvironment,
      AWS_EC2_METADATA_SERVICE_ENDPOINT: this.metadataService,
      PATIENCE: "4",
    };
  }

  /** Runs a script on a machine that has its programs, in the image of the local stack. */
  run(files: MachineFile[], script: string, environment: Record<string, string> = {}): Finished {
    const options = Object.entries({ ...this.environment, ...environment }).flatMap(([key, value]) => [
      "--env",
      `${key}=${value}`,
    ]);
    const awscli = file(
      "/usr/local/bin/aws",
      '#!/bin/sh\nPYTHONDONTWRITEBYTECODE=1 PYTHONPATH=/opt/aws exec python3 -m awscli "$@"\n',
      "0755",
    );
    return runInMachineImage([...files, awscli], script, [
      "--network=host",
      "--cap-add=NET_ADMIN",
      `--volume=${tools}:/opt/aws:ro`,
      ...options,
    ]);
  }
}

/** All files of a machine on AWS, those that it would fetch among them. */
export function everyFile(topology: Topology, machine: Machine, programs = { address: "", sha256: "" }): MachineFile[] {
  const { inUserData, fetched } = awsMachineFiles(topology, machine, "public");
  const places = {
    stack: "unit",
    region: CREDENTIALS.AWS_DEFAULT_REGION,
    parameters: `/web-infrastructure/unit/${machine.name}`,
    application: "/web-infrastructure/unit/application",
  };
  return [...awsBootFiles(topology, machine, places, programs), ...inUserData, ...fetched];
}

function install(): void {
  if (existsSync(path.join(tools, ".complete"))) return;
  mkdirSync(tools, { recursive: true });
  const packages = ["moto[ec2,ssm,s3]==5.2.5", "flask", "flask-cors", "awscli==1.46.2"];
  const pip = ["-m", "pip", "install", "--quiet", "--upgrade", "--target", tools, ...packages];
  const { status, stderr, error } = spawnSync("python3", pip, { encoding: "utf8" });
  if (error || status !== 0) {
    throw new Error(`moto and awscli could not be installed by pip (Debian: python3-pip): ${error?.message ?? stderr}`);
  }
  spawnSync("touch", [path.join(tools, ".complete")]);
}
