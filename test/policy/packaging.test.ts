import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { copyFile, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { promisify } from "node:util";
import "./judge";
import { Pack } from "./pack";
import { ec2 } from "./resources";

const run = promisify(execFile);
const policy = path.resolve(__dirname, "../../policy");

describe("policy pack, packed as `pulumi policy publish` does and unpacked elsewhere", function () {
  // Its libraries come from npm's cache or the network.
  this.timeout(300_000);
  let directory: string;
  before(async () => {
    directory = await mkdtemp(path.join(tmpdir(), "policy-pack-"));
    const { stdout } = await run("npm", ["pack", "--json", "--pack-destination", directory], { cwd: policy });
    const [{ filename }] = JSON.parse(stdout) as [{ filename: string }];
    await run("tar", ["-xzf", filename, "--strip-components=1"], { cwd: directory });
  });
  after(() => rm(directory, { recursive: true, force: true }));

  it("brings its own libraries by `npm ci`, and judges without the rest of the project", async () => {
    await copyFile(path.join(policy, "package-lock.json"), path.join(directory, "package-lock.json"));
    await run("npm", ["ci", "--prefer-offline", "--ignore-scripts", "--no-audit", "--no-fund"], { cwd: directory });
    const pack = Pack.start(directory);
    try {
      const said = await pack.analyze(ec2("m", { metadataOptions: { httpTokens: "optional" } }));
      assert.ok(said.some(({ policy: rule }) => rule === "imdsv2-required"));
      assert.equal((await pack.rules()).length, (await Pack.shared().rules()).length);
    } finally {
      pack.stop();
    }
  });
});
