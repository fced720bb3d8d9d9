import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { hasPulumiCli } from "../../engine/pulumi-cli";
import "./judge";
import { type Diagnostic, Pack, type TestResource } from "./pack";

const root = path.resolve(__dirname, "../..");
const stateFile = (name: string) => path.join(__dirname, "states", `${name}.json`);

/** The states kept as test data, and every rule that has something to say about one, with the resource it names. */
const STATES: Record<string, readonly string[]> = {
  good: [],
  bad: [
    "buckets-private files mandatory",
    "data-volumes-protected shop advisory",
    "database-not-public shop mandatory",
    "encryption-volumes lb-1 mandatory",
    "firewall-default-drop lb-1 mandatory",
    "firewall-public-ports open mandatory",
    "firewall-rules-mixed open mandatory",
    "https-only lb-1 mandatory",
    "imdsv2-required lb-1 mandatory",
    "load-balancer-redundant lb-1 mandatory",
    "monitor-present lb-1 advisory",
    "single-point-of-failure shop advisory",
  ],
};

interface StateResource {
  readonly urn: string;
  readonly type: string;
  readonly inputs?: Record<string, unknown>;
  readonly outputs?: Record<string, unknown>;
  readonly propertyDependencies?: Record<string, readonly string[]>;
}

const nameOf = (urn: string) => urn.slice(urn.lastIndexOf("::") + 2);
const brief = (policy: string, urn: string, level: string) => `${policy} ${nameOf(urn)} ${level}`;

/** The resources of a state, with the properties that a judgement is about. */
function resourcesOf(name: string, properties: "inputs" | "outputs"): TestResource[] {
  const { deployment } = JSON.parse(readFileSync(stateFile(name), "utf8")) as {
    deployment: { resources: StateResource[] };
  };
  const all = new Map<string, TestResource>();
  for (const resource of deployment.resources) {
    const { urn, type, propertyDependencies = {} } = resource;
    const from = Object.fromEntries(
      Object.entries(propertyDependencies).map(([key, urns]) => [key, urns.flatMap((one) => all.get(one) ?? [])]),
    );
    all.set(urn, { urn, type, name: nameOf(urn), properties: resource[properties] ?? {}, from });
  }
  return [...all.values()];
}

describe("policy pack on states", () => {
  before(() => Pack.shared().configure({}));

  for (const [name, expected] of Object.entries(STATES)) {
    it(`finds what is wrong with the ${name} one, and nothing else`, async () => {
      const said: Diagnostic[] = [];
      for (const resource of resourcesOf(name, "inputs")) {
        const found = await Pack.shared().analyze(resource);
        said.push(...found.map((finding) => ({ ...finding, urn: resource.urn ?? "" })));
      }
      said.push(...(await Pack.shared().analyzeStack(resourcesOf(name, "outputs"))));
      assert.deepEqual(said.map(({ policy, urn, level }) => brief(policy, urn, level)).sort(), expected);
    });
  }
});

const cli = hasPulumiCli();
// Told apart from a pass: the reporter lists what didn't run.
const describeWithCli = cli ? describe : describe.skip;

describeWithCli(`policy pack with the real CLI${cli ? "" : " (no `pulumi` on the PATH)"}`, function () {
  this.timeout(120_000);
  let backend: string;
  before(() => {
    backend = mkdtempSync(path.join(tmpdir(), "policy-cli-"));
    const made = pulumi("stack", "init", "test");
    assert.equal(made.status, 0, made.stderr);
  });
  after(() => {
    rmSync(backend, { recursive: true, force: true });
    rmSync(path.join(__dirname, "foreign", "Pulumi.test.yaml"), { force: true });
  });

  function pulumi(...parameters: string[]) {
    const project = parameters[0] === "policy" ? [] : ["--cwd", path.join(__dirname, "foreign"), "--non-interactive"];
    const env = {
      ...process.env,
      PULUMI_BACKEND_URL: `file://${backend}`,
      PULUMI_CONFIG_PASSPHRASE: "",
      PULUMI_SKIP_UPDATE_CHECK: "true",
    };
    return spawnSync("pulumi", [...parameters, ...project], { cwd: root, env, encoding: "utf8" });
  }

  for (const [name, expected] of Object.entries(STATES)) {
    it(`\`pulumi policy analyze\` says the same of the ${name} state`, () => {
      const run = pulumi("policy", "analyze", "--policy-pack", "policy", "--file", stateFile(name), "--json");
      type Event = { policyEvent?: { policyName: string; resourceUrn: string; enforcementLevel: string } };
      const events = run.stdout
        .trim()
        .split("\n")
        .map((line) => JSON.parse(line) as Event);
      const said = events.flatMap(({ policyEvent: event }) =>
        event ? [brief(event.policyName, event.resourceUrn, event.enforcementLevel)] : [],
      );
      assert.deepEqual(said.sort(), expected, run.stderr);
      assert.equal(run.status === 0, name === "good");
    });
  }

  it("`pulumi preview` refuses a foreign program with a single load balancer, by its component's inputs", () => {
    const run = pulumi("preview", "--stack", "test", "--policy-pack", path.join(root, "policy"));
    assert.notEqual(run.status, 0);
    assert.match(run.stdout, /\[mandatory\].*load-balancer-redundant.*shop/);
    assert.match(run.stdout, /edge-1 is the only load balancer/);
  });

  it("`pulumi preview` passes it with two, and says nothing", () => {
    const run = pulumi(
      "preview",
      "--stack",
      "test",
      "--policy-pack",
      path.join(root, "policy"),
      "--config",
      "balancers=2",
    );
    assert.equal(run.status, 0, run.stdout + run.stderr);
    assert.doesNotMatch(run.stdout, /\[(?:mandatory|advisory)\]/);
  });
});
