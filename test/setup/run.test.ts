import assert from "node:assert/strict";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { runCommand } from "../../engine/setup/command";

const script = join(__dirname, "..", "..", "bin", "run.mjs");

describe("bin/run.mjs", () => {
  let run: { whyStale(project: string): string | undefined; satisfies(version: string, range: string): boolean };
  let project: string;

  const dependency = { version: "1.2.3", integrity: "sha512-one" };
  const write = (path: string, packages: Record<string, unknown>) =>
    writeFile(join(project, path), JSON.stringify({ packages: { ...packages } }));
  const lock = (packages: Record<string, unknown>) => write("package-lock.json", { "": { name: "x" }, ...packages });
  const installed = (packages: Record<string, unknown>) => write("node_modules/.package-lock.json", packages);

  before(async () => {
    run = await import(script);
  });
  beforeEach(async () => {
    project = await mkdtemp(join(tmpdir(), "stale-"));
    await mkdir(join(project, "node_modules"));
    await lock({ "node_modules/a": dependency });
    await installed({ "node_modules/a": dependency });
  });
  afterEach(() => rm(project, { recursive: true }));

  it("leaves dependencies alone that are as the lock file says", () => {
    assert.equal(run.whyStale(project), undefined);
  });

  it("doesn't miss packages for other platforms", async () => {
    await lock({ "node_modules/a": dependency, "node_modules/a-darwin": { ...dependency, optional: true } });
    assert.equal(run.whyStale(project), undefined);
  });

  it("installs when a package is missing, or has another version or content", async () => {
    await lock({ "node_modules/a": dependency, "node_modules/b": dependency });
    assert.equal(run.whyStale(project), "node_modules/b is missing");
    await lock({ "node_modules/a": { ...dependency, version: "1.2.4" } });
    assert.equal(run.whyStale(project), "node_modules/a has another version");
    await lock({ "node_modules/a": { ...dependency, integrity: "sha512-two" } });
    assert.equal(run.whyStale(project), "node_modules/a has another content");
  });

  it("installs when there is nothing, and when npm was interrupted", async () => {
    await mkdir(join(project, ".state"));
    await writeFile(join(project, ".state", ".npm-ci"), "");
    assert.equal(run.whyStale(project), "an earlier installation was interrupted");
    await rm(join(project, ".state"), { recursive: true });
    await rm(join(project, "node_modules", ".package-lock.json"));
    assert.equal(run.whyStale(project), "npm didn't finish installing them");
    await rm(join(project, "node_modules"), { recursive: true });
    assert.equal(run.whyStale(project), "they are missing");
  });

  it("knows which versions of Node are new enough", () => {
    for (const version of ["20.19.0", "20.20.2", "22.0.0"]) assert.ok(run.satisfies(version, ">=20.19"), version);
    for (const version of ["20.18.9", "18.20.0"]) assert.ok(!run.satisfies(version, ">=20.19"), version);
  });

  it("says what to do when a command finds no Docker", async () => {
    const env = { DOCKER_HOST: "unix:///nowhere.sock" };
    const { exitCode, log } = await runCommand(process.execPath, [script, "status"], { env });
    assert.match(log, /^The Docker engine at unix:\/\/\/nowhere\.sock doesn't answer\. Start it/);
    assert.equal(exitCode, 1);
  }).timeout(20_000);

  it("passes arguments and the exit code of a command on", async () => {
    const { exitCode, log } = await runCommand(process.execPath, [script, "no-such-command"]);
    assert.match(log, /no-such-command/);
    assert.notEqual(exitCode, 0);
  }).timeout(20_000);
});
