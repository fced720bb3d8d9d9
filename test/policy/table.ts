import assert from "node:assert/strict";
import { judge, judgeRun, type Rule } from "./judge";
import type { Diagnostic, TestResource } from "./pack";

/** What a rule has to say: `refuses` with a pattern, `passes`, or `undecided` with a pattern (advisory, whatever the level). */
export type Expected = "passes" | { readonly refuses: RegExp } | { readonly undecided: RegExp };
export type Case = readonly [title: string, resource: TestResource, expected: Expected];
/** A whole program: each resource is judged in turn, then the stack. */
export type Program = readonly [title: string, resources: readonly TestResource[], expected: Expected];

export const passes: Expected = "passes";
export const refuses = (pattern: RegExp): Expected => ({ refuses: pattern });
export const undecided = (pattern: RegExp): Expected => ({ undecided: pattern });

/** Makes a test of each case. A case that passes must find nothing at all: no advisory either. */
export function checkTable(rule: Rule, cases: readonly Case[]): void {
  for (const [title, resource, expected] of cases) {
    it(`${verb(expected)}: ${title}`, async () => check(rule, await judge(rule, resource), expected));
  }
}

export function checkPrograms(rule: Rule, programs: readonly Program[]): void {
  for (const [title, resources, expected] of programs) {
    it(`${verb(expected)}: ${title}`, async () => check(rule, await judgeRun(rule, resources), expected));
  }
}

function verb(expected: Expected): string {
  if (expected === "passes") return "passes";
  return "refuses" in expected ? "refuses" : "can't judge yet";
}

export function check(rule: Rule, findings: readonly Diagnostic[], expected: Expected): void {
  const violations = findings.filter(({ message }) => !message.startsWith("Could not be judged: "));
  const said = findings.map(({ message }) => message).join("\n");
  const level = rule.enforcementLevel === "advisory" ? "advisory" : "mandatory";
  assert.ok(
    findings.every((finding) => finding.level === (violations.includes(finding) ? level : "advisory")),
    said,
  );
  if (expected === "passes") {
    assert.equal(said, "");
  } else if ("refuses" in expected) {
    assert.equal(violations.length, 1, said || "nothing was found");
    assert.match(violations[0]?.message ?? "", expected.refuses);
  } else {
    assert.equal(violations.length, 0, said);
    assert.match(said, expected.undecided);
  }
}
