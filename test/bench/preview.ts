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

const OURS = "highly-available on AWS, with the policies";
const EMPTY = "an empty program and an empty pack";
const AS_MANY = "as many parameters and an empty pack";
const USUAL = "the same program in the usual style";

/**
 * A preview of the highly available stack on AWS with the policies, as `npm start` evaluates it: the program by the SDK's own
 * entry point, then the pack by its own server. AWS itself isn't asked.
 */
export async function benchPreview(runs: number): Promise<Comparison[]> {
  const dev = configured("dev", {});
  const { resources } = await previewProject(dev);
  const whole = 'import program = require("../../index");\nexport = program;\n';
  const contenders = [
    contender(OURS, PACK, whole),
    // What `pulumi new` gives, without its bucket.
    contender(
      EMPTY,
      EMPTY_PACK,
      'import * as pulumi from "@pulumi/pulumi";\nexport const stack = pulumi.getStack();\n',
    ),
    // What the SDK and the engine take for their part.
    contender(
      AS_MANY,
      EMPTY_PACK,
      'import "../../sdk-debugging";\nimport { Parameter } from "@pulumi/aws/ssm";\n' +
        `for (let n = 1; n < ${resources.length}; n++) new Parameter(\`p\${n}\`, { type: "String", value: "v" });\n`,
    ),
    // As most examples are written: all of the provider at once, and types checked.
    contender(USUAL, PACK, `import * as aws from "@pulumi/aws";\nif (!aws.ec2.Vpc) throw new Error();\n${whole}`, true),
  ];
  function contender(name: string, pack: string, text: string, typesChecked = false) {
    const run = async () => {
      const project = { ...dev, main: edited(text) };
      const act = () => timed(() => evaluate(project, pack));
      return typesChecked ? checkingTypes(act) : act();
    };
    return { name, run };
  }
  mkdirSync(directory, { recursive: true });
  try {
    const { time } = await inTurn(contenders, runs);
    const goals = [
      { against: EMPTY, atMost: 1.5 },
      { against: USUAL, atMost: 0.5 },
    ];
    const note =
      "Each after a change of the program's main file, as nobody previews the same twice; what else was compiled before isn't " +
      "compiled again. The usual style is `import * as aws`, and a loader that checks types, as Pulumi's templates have it. " +
      "The built-in engine evaluates all of them, also where there is a CLI: its plugin for AWS would want credentials.";
    return [{ name: "preview", title: "Preview", unit: "ms", series: time, goals, note }];
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

let edits = 0;

/** A program that nobody has compiled before; its path from the project. */
function edited(text: string): string {
  const file = path.join(directory, "index.ts");
  writeFileSync(file, `${text}// ${process.pid}, ${++edits}\n`);
  return path.relative(root, file);
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
