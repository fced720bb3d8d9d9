import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { ConfigError, parseConfig } from "../../config";

const README = "README.md";
const AWS = "docs/deploy-to-aws.md";
const CERTIFICATES = ["docs/security.md", "docs/certificates.md"];

const parse = (settings: Record<string, string>) => {
  const own = Object.entries(settings).map(([setting, value]) => [`web-infrastructure:${setting}`, value]);
  return parseConfig({ "aws:region": "eu-central-1", ...Object.fromEntries(own) }, "dev");
};

/** All settings of a target, as an unknown one is answered. */
function names(target: string): string[] {
  try {
    parse({ target, unknown: "x" });
  } catch (error) {
    assert.ok(error instanceof ConfigError);
    return (/There are: (.*)\./.exec(error.message)?.[1] ?? "").split(", ");
  }
  throw new Error("an unknown setting was taken");
}

/** Rows of the tables on a page: the cell with the settings' names, and the one with their defaults. */
const rows = (page: string) =>
  [...readFileSync(page, "utf8").matchAll(/^\| (`[^|]*) \| ([^|]*) \|/gm)].map(([, keys = "", defaults = ""]) => ({
    keys,
    defaults,
  }));

describe("settings in the documents", () => {
  for (const [target, pages] of [
    ["docker", [README, ...CERTIFICATES]],
    ["aws", [README, AWS, ...CERTIFICATES]],
  ] as const) {
    it(`${target}: each has a place`, () => {
      const text = pages.map((page) => readFileSync(page, "utf8")).join("\n");
      const all = names(target);
      assert.ok(all.length > 20, String(all));
      assert.deepEqual(
        all.filter((setting) => !new RegExp(`[\`:]${setting}[\`:]`).test(text)),
        [],
      );
    });

    it(`${target}: each default is the one that the program has`, () => {
      const present = [...rows(target === "aws" ? AWS : README), ...rows(README)];
      const wrong = Object.entries(parse({ target })).flatMap(([setting, value]) => {
        const row = present.find(({ keys }) => keys.includes(`\`${setting}\``));
        const isPlain = ["string", "number", "boolean"].includes(typeof value);
        // what a person has to give, and what AWS has of its own range, stands in words
        if (!isPlain || ["target", "region"].includes(setting)) return [];
        if (target === "aws" && setting === "addressRange") return [];
        return row?.defaults.includes(`\`${value}\``) ? [] : [`${setting}: ${value}, not ${row?.defaults}`];
      });
      assert.deepEqual(wrong, []);
    });
  }
});
