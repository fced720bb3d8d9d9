import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { hostname } from "node:os";
import path from "node:path";
import { PassThrough } from "node:stream";
import { mend, somethingGone } from "../../engine/commands/mend";
import { Progress } from "../../engine/progress";
import { readProject } from "../../engine/project";
import { docker } from "../../engine/providers/docker-client";
import { hasPulumiCli, PulumiCli } from "../../engine/pulumi-cli";
import { Bench } from "./bench";

const STACK = "local";
const NETWORK = `test-pulumi-cli-${STACK}`;
const HALF_MADE = `${NETWORK}-half-made`;
const whyNot = hasPulumiCli() ? "" : " (not run: there is no pulumi on the PATH)";

describe(`engine: a stack's life through the real Pulumi CLI and its plugins${whyNot}`, function () {
  this.timeout(300_000);
  let bench: Bench;
  let cli: PulumiCli;
  let settings: string;

  before(async function () {
    if (whyNot !== "") this.skip();
    bench = new Bench("small.ts");
    // As a stack's settings are: with the salt of the empty passphrase, or the CLI would add one of its own.
    const salt = /^encryptionsalt: .*$/m.exec(readFileSync("Pulumi.local.yaml", "utf8"))?.[0];
    settings = `# A comment that has to stay.\n${salt}\nconfig: {}\n`;
    writeFileSync(path.join(bench.root, `Pulumi.${STACK}.yaml`), settings);
    symlinkSync(path.resolve("policy"), path.join(bench.root, "policy"));
    cli = new PulumiCli(readProject(bench.root, STACK), { quiet: true });
    await removeNetworks();
  });
  after(async () => {
    if (whyNot !== "") return;
    await removeNetworks();
    bench.remove();
  });

  async function removeNetworks(): Promise<void> {
    for (const { Id } of await docker().listNetworks({ filters: { name: [NETWORK] } }))
      await docker().getNetwork(Id).remove();
  }

  async function networks(): Promise<string[]> {
    return (await docker().listNetworks({ filters: { name: [NETWORK] } })).map(({ Name }) => Name).sort();
  }

  async function session() {
    const progress = await Progress.create(new PassThrough() as unknown as NodeJS.WriteStream);
    return { project: readProject(bench.root, STACK), progress, signal: new AbortController().signal, cli };
  }

  /** The CLI as a person calls it. */
  function pulumi(...args: string[]): string {
    const env = { ...process.env, PULUMI_BACKEND_URL: cli.backend.url, PULUMI_CONFIG_PASSPHRASE: "" };
    const run = spawnSync("pulumi", [...args, "--stack", STACK, "--non-interactive"], {
      cwd: bench.root,
      env,
      encoding: "utf8",
    });
    assert.equal(run.status, 0, `pulumi ${args.join(" ")}: ${run.stdout}${run.stderr}`);
    return run.stdout;
  }

  it("makes it, under the policies", async () => {
    await cli.select();
    await cli.preview(false);
    assert.deepEqual(await networks(), [], "a preview makes nothing");
    await cli.up(false);
    assert.deepEqual(await networks(), [NETWORK]);
    assert.match(cli.outputs()?.result, /^[A-Za-z0-9]{32}$/);
    assert.equal(await somethingGone(cli), false);
  });

  it("sees no change the second time, nor when it compares with what exists", () => {
    pulumi("preview", "--expect-no-changes");
    pulumi("preview", "--expect-no-changes", "--refresh");
  });

  it("makes again what somebody removed", async () => {
    await removeNetworks();
    assert.equal(await somethingGone(cli), true);
    await cli.up(true);
    assert.deepEqual(await networks(), [NETWORK]);
  });

  it("goes on without a question after a run that was killed while it made something", async () => {
    // What such a run leaves: something that exists, a state that doesn't know whether it does, and a lock.
    const labels = { "web-infrastructure.stack": STACK };
    await docker().createNetwork({ Name: HALF_MADE, Driver: "bridge", Labels: labels });
    const file = path.join(cli.backend.directory, ".pulumi", "stacks", "test", `${STACK}.json`);
    const state = JSON.parse(readFileSync(file, "utf8"));
    const {
      id: _,
      outputs: __,
      ...made
    } = state.checkpoint.latest.resources.find(({ type }: { type: string }) => type === "docker:index/network:Network");
    const resource = { ...made, urn: `${made.urn}-half-made`, inputs: { ...made.inputs, name: HALF_MADE } };
    state.checkpoint.latest.pending_operations = [{ type: "creating", resource }];
    writeFileSync(file, JSON.stringify(state));
    const locks = path.join(cli.backend.directory, ".pulumi", "locks", "organization", "test", STACK);
    mkdirSync(locks, { recursive: true });
    const lock = { pid: spawnSync("true").pid, username: "root", hostname: hostname(), timestamp: new Date() };
    writeFileSync(path.join(locks, "8a6ff8d5-7c8c-4b1c-9b0e-1f0c8f0a3a51.json"), JSON.stringify(lock));
    await assert.rejects(cli.up(false), /currently locked/);

    await mend(await session(), cli);
    await cli.up(await somethingGone(cli));
    assert.deepEqual(await networks(), [NETWORK]);
    assert.deepEqual(cli.backend.pendingCreates(), []);
    pulumi("preview", "--expect-no-changes");
  });

  it("removes it, and the stack with it, but not its settings", async () => {
    await cli.destroy(false);
    assert.deepEqual(await networks(), []);
    assert.equal(cli.backend.hasStack(), false);
    assert.equal(cli.outputs(), undefined);
    assert.equal(readFileSync(path.join(bench.root, `Pulumi.${STACK}.yaml`), "utf8"), settings);
    const backups = path.join(cli.backend.directory, ".pulumi", "backups", "test", STACK);
    assert.deepEqual(existsSync(backups) ? readdirSync(backups) : [], [], "old states hold secrets");
  });
});
