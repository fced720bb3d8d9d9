import assert from "node:assert/strict";
import { chmodSync, mkdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import path from "node:path";
import { readProject } from "../../engine/project";
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
    await cli.preview();
    await cli.up();
    assert.deepEqual(cli.outputs(), { url: "https://www.foobar.com" });
    const backend = path.join(bench.root, ".state", "pulumi");
    assert.equal(statSync(backend).mode & 0o777, 0o700);
    const policies = "--policy-pack policy --policy-pack-config Pulumi.local.policies.json";
    assert.deepEqual(readFileSync(path.join(bench.root, "calls"), "utf8").trim().split("\n"), [
      `stack select local --create --non-interactive [file://${backend}][]`,
      `preview --stack local --non-interactive ${policies} [file://${backend}][]`,
      `up --stack local --non-interactive --yes ${policies} [file://${backend}][]`,
      `stack output --json --show-secrets --stack local [file://${backend}][]`,
    ]);
  });

  it("its failure is ours, and it says why itself", async () => {
    const cli = new PulumiCli(readProject(bench.root, "local"));
    await assert.rejects(cli.destroy(), /pulumi destroy failed \(exit code 1\)/);
  });
});
