import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { PassThrough } from "node:stream";
import type { Abilities, Registrar } from "../../engine/monitor";
import { PolicyPack, type Violation } from "../../engine/policies";
import { runProgram } from "../../engine/program";
import { Progress } from "../../engine/progress";
import { type Project, readProject } from "../../engine/project";
import type { Properties } from "../../engine/provider";
import type { Registered } from "../../engine/registered";
import { unpackLoosely } from "./wire";

const root = path.resolve(__dirname, "../..");

/** What AWS is asked before anything is planned, and what it answers. */
export type Answers = Record<string, (args: Properties) => Properties>;

const answers: Answers = {
  "aws:index/getCallerIdentity:getCallerIdentity": () => ({
    accountId: "123456789012",
    arn: "arn:aws:iam::123456789012:user/deployer",
    id: "123456789012",
    userId: "AIDA",
  }),
  "aws:index/getAvailabilityZones:getAvailabilityZones": () => ({
    id: "eu-central-1",
    names: ["eu-central-1c", "eu-central-1a", "eu-central-1b"],
    zoneIds: ["euc1-az1", "euc1-az2", "euc1-az3"],
  }),
  "aws:ec2/getInstanceType:getInstanceType": ({ instanceType }) => ({
    instanceType,
    supportedArchitectures: [instanceType.includes("g.") ? "arm64" : "x86_64"],
    memorySize: instanceType === "t3.small" ? 2048 : 8192,
    defaultVcpus: 2,
  }),
  "aws:ec2/getAmi:getAmi": () => ({ architecture: "x86_64", id: "ami-0123456789abcdef0" }),
  "aws:ec2/getEips:getEips": () => ({ allocationIds: [] }),
  "aws:servicequotas/getServiceQuota:getServiceQuota": ({ quotaCode }) => ({
    value: quotaCode === "L-0263D0A3" ? 5 : 32,
  }),
  "aws:ssm/getParameter:getParameter": () => ({ value: "ami-0fedcba9876543210" }),
  "aws:route53/getZone:getZone": ({ name }) => ({ name, zoneId: "Z0123456789" }),
};

/** Takes down what a program registers, as a preview does: what isn't an input isn't known. */
class Recorder implements Registrar {
  readonly registered = new Map<string, Registered>();

  constructor(private readonly pack?: Pick<PolicyPack, "begin">) {}

  async register(registration: Registered["registration"]): Promise<Registered> {
    const { urn, properties } = registration;
    if (this.registered.has(urn)) throw new Error(`two resources are ${urn}`);
    const result = { registration, id: "", inputs: properties, outputs: properties };
    this.registered.set(urn, result);
    this.pack?.begin(result);
    return result;
  }

  registerOutputs(urn: string, outputs: Properties): void {
    const registered = this.registered.get(urn);
    if (registered) this.registered.set(urn, { ...registered, outputs });
  }

  async settled(): Promise<void> {}
}

export interface Preview {
  readonly project: Project;
  readonly resources: readonly Registered[];
}

/** Runs the whole program of a stack without AWS; `settings` are set beside those of its file. */
export function previewStack(
  stack: string,
  settings: Record<string, string> = {},
  more: Answers = {},
): Promise<Preview> {
  return previewProject(configured(stack, settings), more);
}

/**
 * Runs any program without AWS.
 * @param pack begins to judge each resource meanwhile
 */
export async function previewProject(
  project: Project,
  more: Answers = {},
  pack?: Pick<PolicyPack, "begin">,
): Promise<Preview> {
  const recorder = new Recorder(pack);
  await runProject(project, recorder, "preview", more);
  return { project, resources: [...recorder.registered.values()] };
}

/** Runs the whole program of a stack, and hands what it registers to somebody. */
export async function runStack(
  stack: string,
  settings: Record<string, string>,
  registrar: Registrar,
  mode: "preview" | "up",
  more: Answers = {},
): Promise<Project> {
  const project = configured(stack, settings);
  await runProject(project, registrar, mode, more);
  return project;
}

/** A stack as its file says, with an image, and `settings` beside or instead. */
export function configured(stack: string, settings: Record<string, string>): Project {
  const onDisk = readProject(root, stack);
  return {
    ...onDisk,
    config: { ...onDisk.config, "web-infrastructure:image": "ami-0123456789abcdef0", ...settings },
  };
}

async function runProject(
  project: Project,
  registrar: Registrar,
  mode: "preview" | "up",
  more: Answers,
): Promise<void> {
  const progress = await Progress.create(new PassThrough().resume() as unknown as NodeJS.WriteStream);
  const abilities: Abilities = {
    anyOption: true,
    invoke(token, args) {
      const answer = more[token] ?? answers[token];
      if (!answer) throw new Error(`nobody answers ${token}`);
      return answer(args);
    },
  };
  await runProgram(project, registrar, mode, progress, new AbortController().signal, abilities);
}

/** What the policy pack says to a preview. */
export async function judge({ project, resources }: Preview): Promise<Violation[]> {
  const pack = PolicyPack.start(project, path.join(root, "policy"));
  try {
    return await pack.analyze(resources);
  } finally {
    pack.stop();
  }
}

/** Inputs of the resources of a type by name, without the marks of the wire format. */
export function inputs({ resources }: Preview, type: string): Record<string, Properties> {
  return Object.fromEntries(
    resources
      .filter(({ registration }) => registration.type === type)
      .map(({ registration }) => [registration.name, unpackLoosely(registration.properties)]),
  );
}

/** A directory that is gone after the test. */
export function temporary(): { path: string; remove(): void } {
  const directory = mkdtempSync(path.join(tmpdir(), "aws-test-"));
  return { path: directory, remove: () => rmSync(directory, { recursive: true, force: true }) };
}
