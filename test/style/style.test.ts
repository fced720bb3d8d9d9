import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";

function succeeds(command: string, args: string[]): void {
  const { status, stdout, stderr, error } = spawnSync(command, args, { encoding: "utf8" });
  assert.ok(!error, error?.message);
  assert.equal(status, 0, `${command} ${args.join(" ")}\n${stdout}${stderr}`);
}

/** Files in the work tree that git tracks or would track. */
function files(...patterns: string[]): string[] {
  const { stdout } = spawnSync("git", ["ls-files", "--cached", "--others", "--exclude-standard", "--", ...patterns], {
    encoding: "utf8",
  });
  return stdout.split("\n").filter((file) => file !== "" && existsSync(file));
}

const isShell = (file: string) => /^#!.*\b(ba)?sh\b/.test(readFileSync(file, "latin1").slice(0, 80));

const lines = (file: string) => readFileSync(file, "utf8").split("\n").length - 1;

describe("style", function () {
  this.timeout(120_000);

  it("is formatted and free of lint", () => succeeds("node_modules/.bin/biome", ["check", "--error-on-warnings", "."]));

  it("type-checks", () => succeeds("node_modules/.bin/tsc", ["--project", "."]));

  it("has shell scripts that shellcheck accepts", () => {
    // templates are checked as they are rendered: test/cloud-init/parsers.test.ts
    const scripts = files().filter((file) => isShell(file) && !file.endsWith(".hbs"));
    assert.notEqual(scripts.length, 0);
    succeeds("shellcheck", scripts);
  });

  it("has source files of at most 300 lines", () => {
    const long = files("*.ts", "*.php", "*.py", "*.sh", "*.cjs", "*.mjs").filter((file) => lines(file) > 300);
    assert.deepEqual(long, []);
  });
});
