import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import path from "node:path";
import { PolicyPack } from "../../engine/policies";
import type { Project } from "../../engine/project";
import { configured, previewProject } from "../aws/preview";
import { type Comparison, inTurn, timed } from "./series";

const root = path.resolve(__dirname, "..", "..");
const directory = path.join(root, ".state", "bench-preview");

/** A policy pack of three rules that look at nothing. */
const EMPTY_PACK = path.join(root, "test", "engine", "pack");
const PACK = path.join(root, "policy");

const EMPTY = "an empty program and an empty pack";
const USUAL = "the same program in the usual style";

/**
 * A preview of the highly available stack on AWS with the policies, as `npm start` evaluates it: the program by the SDK's own
 * entry point, then the pack by its own server. AWS itself isn't asked.
 */
export async function benchPreview(runs: number): Promise<Comparison[]> {
  const dev = configured("dev", {});
  mkdirSync(directory, { recursive: true });
  try {
    // What `pulumi new` gives, without its bucket.
    const empty = {
      ...dev,
      main: program("empty.ts", 'import * as pulumi from "@pulumi/pulumi";\nexport const stack = pulumi.getStack();\n'),
    };
    // As most examples are written: all of the provider at once, and types checked at each run.
    const whole =
      'import * as aws from "@pulumi/aws";\nimport program = require("../../index");\nif (!aws.ec2.Vpc) throw new Error();\nexport = program;\n';
    const usual = { ...dev, main: program("usual.ts", whole) };
    const { time } = await inTurn(
      [
        { name: "highly-available on AWS, with the policies", run: () => timed(() => evaluate(dev, PACK)) },
        { name: EMPTY, run: () => timed(() => evaluate(empty, EMPTY_PACK)) },
        { name: USUAL, run: () => timed(() => checkingTypes(() => evaluate(usual, PACK))) },
      ],
      runs,
    );
    const goals = [
      { against: EMPTY, atMost: 1.5 },
      { against: USUAL, atMost: 0.5 },
    ];
    const note =
      "The usual style is `import * as aws`, and a loader that checks types at each run, as Pulumi's templates have it. " +
      "The built-in engine evaluates all three, also where there is a CLI: its plugin for AWS would want credentials.";
    return [{ name: "preview", title: "Preview", unit: "ms", series: time, goals, note }];
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

function program(name: string, text: string): string {
  writeFileSync(path.join(directory, name), text);
  return path.relative(root, path.join(directory, name));
}

/** The pack loads while the program runs, as in `npm start`. */
async function evaluate(project: Project, packDirectory: string): Promise<void> {
  const pack = PolicyPack.start(project, packDirectory);
  try {
    const violations = await pack.analyze((await previewProject(project, {}, pack)).resources);
    const mandatory = violations.find((violation) => violation.mandatory);
    if (mandatory) throw new Error(`the policies refuse the stack: ${mandatory.message}`);
  } finally {
    pack.stop();
  }
}

async function checkingTypes<T>(act: () => Promise<T>): Promise<T> {
  process.env.PULUMI_NODEJS_TRANSPILE_ONLY = "false";
  try {
    return await act();
  } finally {
    delete process.env.PULUMI_NODEJS_TRANSPILE_ONLY;
  }
}
