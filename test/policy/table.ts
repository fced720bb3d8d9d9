import assert from "node:assert/strict";
import type { ResourceValidationPolicy } from "@pulumi/policy";
import { type Finding, judge } from "./judge";
import type { TestResource } from "./pack";

/** What a rule has to say: `refuses` with a pattern, `passes`, or `undecided` with a pattern (advisory, whatever the level). */
export type Expected = "passes" | { readonly refuses: RegExp } | { readonly undecided: RegExp };
export type Case = readonly [title: string, resource: TestResource, expected: Expected];

export const passes: Expected = "passes";
export const refuses = (pattern: RegExp): Expected => ({ refuses: pattern });
export const undecided = (pattern: RegExp): Expected => ({ undecided: pattern });

/** Makes a test of each case. A case that passes must find nothing at all: no advisory either. */
export function checkTable(rule: ResourceValidationPolicy, cases: readonly Case[]): void {
  for (const [title, resource, expected] of cases) {
    const verb = expected === "passes" ? "passes" : "refuses" in expected ? "refuses" : "can't judge yet";
    it(`${verb}: ${title}`, () => check(judge(rule, resource), expected));
  }
}

export function check(findings: readonly Finding[], expected: Expected): void {
  const violations = findings.filter(({ enforcementLevel }) => enforcementLevel === undefined);
  const said = findings.map(({ message }) => message).join("\n");
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
