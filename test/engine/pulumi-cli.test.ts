import assert from "node:assert/strict";
import { spawn, spawnSync } from "node:child_process";
import { chmodSync, existsSync, mkdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { hostname } from "node:os";
import path from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { readProject } from "../../engine/project";
import { PulumiBackend } from "../../engine/pulumi-backend";
import { hasPulumiCli, PulumiCli } from "../../engine/pulumi-cli";
import { Bench } from "./bench";

// Stands in for the CLI, which isn't in reach of every machine that runs the tests: notes how it was called.
const FAKE = `#!/bin/sh
[ "$1" = version ] && exit 0
echo "$* [$PULUMI_BACKEND_URL][$PULUMI_CONFIG_PASSPHRASE]" >> calls
[ "$1 $2" = "stack output" ] && echo '{"url":"https://www.foobar.com"}'
[ "$1" != destroy ]
`;

describe("engine: the Pulumi CLI, where there is one (here a stand-in that notes its arguments)", () => {
  const before = process.env.PATH;
  let bench: Bench;
  beforeEach(() => {
    bench = new Bench("rolling.ts");
    const directory = path.join(bench.root, "bin");
    mkdirSync(directory);
    writeFileSync(path.join(directory, "pulumi"), FAKE);
    chmodSync(path.join(directory, "pulumi"), 0o755);
    process.env.PATH = `${directory}:${before}`;
  });
  afterEach(() => {
    process.env.PATH = before;
    bench.remove();
  });

  it("is found on the PATH, and only there", () => {
    assert.equal(hasPulumiCli(), true);
    process.env.PATH = path.join(bench.root, "nothing-here");
    assert.equal(hasPulumiCli(), false);
  });

  it("is asked without a question, without an account, with the policies", async () => {
    writeFileSync(path.join(bench.root, "Pulumi.local.policies.json"), "{}");
    const cli = new PulumiCli(readProject(bench.root, "local"));
    await cli.select();
    await cli.preview(false);
    await cli.up(true);
    assert.deepEqual(cli.outputs(), { url: "https://www.foobar.com" });
    const backend = path.join(bench.root, ".state", "pulumi");
    assert.equal(statSync(backend).mode & 0o777, 0o700);
    const policies = "--policy-pack policy --policy-pack-config Pulumi.local.policies.json";
    assert.deepEqual(readFileSync(path.join(bench.root, "calls"), "utf8").trim().split("\n"), [
      `stack select local --create --non-interactive [file://${backend}][]`,
      `preview --stack local --non-interactive --suppress-outputs ${policies} [file://${backend}][]`,
      `up --stack local --non-interactive --refresh --yes --suppress-outputs ${policies} [file://${backend}][]`,
      `stack output --json --show-secrets --stack local [file://${backend}][]`,
    ]);
  });

  it("its failure is ours, and it says why itself", async () => {
    const cli = new PulumiCli(readProject(bench.root, "local"));
    await assert.rejects(cli.destroy(false), /pulumi destroy failed \(exit code 1\)/);
  });

  it("is asked to stop, not killed, when a person interrupts the run", async () => {
    const stopper = new AbortController();
    // Says that it started, and how it was ended.
    const script =
      "#!/bin/sh\ntrap 'echo asked to stop > ended; exit 1' INT\necho > started\nwhile :; do sleep 0.1; done\n";
    writeFileSync(path.join(bench.root, "bin", "pulumi"), script);
    const options = { signal: stopper.signal, terminal: false };
    const run = new PulumiCli(readProject(bench.root, "local"), options).up(false);
    while (!existsSync(path.join(bench.root, "started"))) await sleep(20);
    stopper.abort();
    await assert.rejects(run, /pulumi up failed/);
    assert.equal(readFileSync(path.join(bench.root, "ended"), "utf8"), "asked to stop\n");
  });
});

describe("engine: what the Pulumi CLI keeps of a stack", () => {
  let bench: Bench;
  let backend: PulumiBackend;
  beforeEach(() => {
    bench = new Bench("rolling.ts");
    backend = new PulumiBackend(readProject(bench.root, "local"));
  });
  afterEach(() => bench.remove());

  function write(file: string, content: unknown): void {
    const target = path.join(backend.directory, ".pulumi", file);
    mkdirSync(path.dirname(target), { recursive: true });
    writeFileSync(target, JSON.stringify(content));
  }

  it("a directory may have any name", () => {
    const root = "/home/ada/my site #1";
    assert.equal(
      new PulumiBackend({ ...readProject(bench.root, "local"), root }).url,
      "file:///home/ada/my%20site%20%231/.state/pulumi",
    );
  });

  it("a stack is told from none, and from an empty one", () => {
    assert.equal(backend.hasStack(), false);
    write("stacks/test/local.json", { checkpoint: { latest: { resources: [] } } });
    assert.equal(backend.hasStack(), false);
    write("stacks/test/local.json", { checkpoint: { latest: { resources: [{ urn: "urn", type: "a:b:C" }] } } });
    assert.equal(backend.hasStack(), true);
    writeFileSync(path.join(backend.directory, ".pulumi", "stacks", "test", "local.json"), "{ damaged");
    assert.equal(backend.hasStack(), true, "what can't be read may hold anything");
  });

  it("what should exist, and what nobody knows about after an interrupted run", () => {
    const there = { urn: "there", type: "a:b:C", id: "1" };
    const half = { urn: "half", type: "a:b:C" };
    const resources = [there, { ...there, delete: true }, { ...there, pendingReplacement: true }];
    const pending_operations = [
      { type: "creating", resource: half },
      { type: "deleting", resource: there },
    ];
    write("stacks/test/local.json", { checkpoint: { latest: { resources, pending_operations } } });
    assert.deepEqual(backend.resources(), [there]);
    assert.deepEqual(backend.pendingCreates(), [half]);
  });

  it("a lock is left behind only when the Pulumi of this computer that took it is no more", () => {
    const lock = { hostname: hostname(), username: "somebody", timestamp: "2026-01-01T00:00:00Z" };
    assert.equal(backend.leftLocked(), false, "no lock");
    write("locks/organization/test/local/a.json", { ...lock, pid: spawnSync("true").pid });
    assert.equal(backend.leftLocked(), true, "its process has ended");
    write("locks/organization/test/local/b.json", { ...lock, pid: 1, hostname: `not-${hostname()}` });
    assert.equal(backend.leftLocked(), false, "another computer's");
    const pulumi = spawn(process.execPath, ["-e", "setInterval(() => {}, 1000)", "pulumi"]);
    try {
      write("locks/organization/test/local/b.json", { ...lock, pid: pulumi.pid });
      assert.equal(backend.leftLocked(), false, "one of them is at work");
    } finally {
      pulumi.kill("SIGKILL");
    }
  });
});
