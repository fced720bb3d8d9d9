import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { parse } from "yaml";

const tracked = execFileSync("git", ["ls-files", "--cached", "--others", "--exclude-standard"], { encoding: "utf8" })
  .split("\n")
  .filter((file) => file !== "" && existsSync(file));
const RUNBOOKS = "docs/runbooks";

/** `alert: Name` with the page it names, of all rule files. */
function alerts(): { name: string; page: string }[] {
  const files = tracked.filter((file) => /monitor\/rules\/.*\.yml$/.test(file));
  return files.flatMap((file) => {
    const { groups } = parse(readFileSync(file, "utf8"));
    const rules = groups.flatMap(
      (group: { rules: { alert?: string; annotations?: { runbook?: string } }[] }) => group.rules,
    );
    return rules
      .filter(({ alert }: { alert?: string }) => alert)
      .map((rule: { alert: string; annotations?: { runbook?: string } }) => ({
        name: rule.alert,
        page: rule.annotations?.runbook ?? "",
      }));
  });
}

describe("documents", () => {
  const pages = tracked.filter((file) => file.endsWith(".md"));

  it("link to files that there are", () => {
    const dead = pages.flatMap((page) =>
      [...readFileSync(page, "utf8").matchAll(/\]\((?!https?:|mailto:|#)([^)#\s]+)/g)]
        .map(([, target]) => target as string)
        .filter((target) => !existsSync(join(dirname(page), target)))
        .map((target) => `${page}: ${target}`),
    );
    assert.deepEqual(dead, []);
  });

  it("are there when programs name them", () => {
    const sources = tracked.filter((file) =>
      /^(cloud-init|engine|components|topology|policy|test\/faults)\//.test(file),
    );
    const dead = sources.flatMap((file) =>
      [...readFileSync(file, "utf8").matchAll(/docs\/[a-z-]+(?:\/[a-z-]+)*\.md/g)]
        .filter(([page]) => !existsSync(page))
        .map(([page]) => `${file}: ${page}`),
    );
    assert.deepEqual(dead, []);
  });

  it("name every runbook in their index", () => {
    const index = readFileSync(join(RUNBOOKS, "README.md"), "utf8");
    const own = pages.filter((page) => page.startsWith(`${RUNBOOKS}/`) && !page.endsWith("README.md"));
    assert.notEqual(own.length, 0);
    for (const page of own) assert.ok(index.includes(`(${page.slice(RUNBOOKS.length + 1)})`), page);
  });

  it("say on the page of each alert that it is meant", () => {
    for (const { name, page } of alerts())
      assert.match(readFileSync(page, "utf8"), new RegExp(`^Alerts?: .*\\b${name}\\b`, "m"), `${name}: ${page}`);
  });
});
