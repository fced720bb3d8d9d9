// The alert rules, by Prometheus' own test tool: each fires when it has to, and keeps quiet when it hasn't.
import assert from "node:assert/strict";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { parse } from "yaml";
import { machineFiles } from "../../cloud-init";
import { file, runInMachineImage } from "./machine-image";
import { highlyAvailable, machine } from "./topologies";

const DIRECTORY = "/usr/local/share/machine/monitor/rules";

interface Rule {
  readonly alert: string;
  readonly for?: string;
  readonly labels: Record<string, string>;
  readonly annotations: Record<string, string>;
}

interface RuleTest {
  readonly name: string;
  readonly alert_rule_test: { alertname: string; exp_alerts: unknown[] }[];
}

const ruleFiles = machineFiles(highlyAvailable, machine(highlyAvailable, "web-2"), "").filter(({ path }) =>
  path.startsWith(DIRECTORY),
);
const rules = ruleFiles.flatMap(({ content }) =>
  parse(content).groups.flatMap(({ rules }: { rules: Rule[] }) => rules),
);
const testFiles = readdirSync(join(__dirname, "rules")).map((name) =>
  file(`/tests/${name}`, readFileSync(join(__dirname, "rules", name), "utf8")),
);

describe("alert rules", function () {
  this.timeout(60_000);

  it("pass promtool's check and its tests", () => {
    const script = `promtool check rules ${DIRECTORY}/*.yml && promtool test rules /tests/*.yml`;
    const { status, output } = runInMachineImage([...ruleFiles, ...testFiles], script, ["--network", "none"]);
    assert.equal(status, 0, output);
  });

  it("are each tried for firing and for not firing", () => {
    const tests = testFiles.flatMap(({ content }) => parse(content).tests as RuleTest[]);
    for (const { alert } of rules) {
      const own = tests
        .flatMap(({ alert_rule_test }) => alert_rule_test)
        .filter(({ alertname }) => alertname === alert);
      assert.ok(
        own.some(({ exp_alerts }) => exp_alerts.length > 0),
        `${alert} is never seen firing`,
      );
      assert.ok(
        own.some(({ exp_alerts }) => exp_alerts.length === 0),
        `${alert} is never seen not firing`,
      );
    }
  });

  it("say how bad it is, what it means, and which page of the runbooks helps", () => {
    for (const { alert, labels, annotations } of rules) {
      assert.match(labels.severity ?? "", /^(critical|warning)$/, alert);
      assert.ok(annotations.summary && annotations.description, alert);
      assert.match(annotations.runbook ?? "", /^docs\/runbooks\/[a-z-]+\.md$/, alert);
      // the index names pages before they are written
      const index = readFileSync("docs/runbooks/README.md", "utf8");
      const page = annotations.runbook as string;
      assert.ok(
        existsSync(page) || index.includes(page.replace("docs/runbooks/", "")),
        `${alert}: there is no ${page}`,
      );
    }
  });

  it("are all in the documentation, as they are", () => {
    const page = readFileSync("docs/monitoring.md", "utf8");
    for (const { alert, labels, annotations, for: lasts } of rules) {
      const name = annotations.runbook?.replace(/^docs\/runbooks\/(.*)\.md$/, "$1");
      const row = `| \`${alert}\` | ${labels.severity} | ${lasts ?? "at once"} | [${name}](runbooks/${name}.md) |`;
      assert.ok(page.includes(row), `docs/monitoring.md lacks ${row}`);
    }
  });
});
