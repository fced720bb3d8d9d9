import { findBalancers } from "../reading/balancers";
import { filesOf, hasRole, type Machine, readMachine } from "../reading/machine";
import { UNKNOWN } from "../reading/values";
import { stackRule } from "../rule";

const ALARM = /^aws:cloudwatch\/(?:metricAlarm|compositeAlarm):/;
const MONITORS =
  /^(?:prometheus|prometheus-alertmanager|grafana|zabbix-agent2?|zabbix-server\S*|icinga2|monit|netdata|telegraf|datadog-agent|amazon-cloudwatch-agent|newrelic-infra)$/;
const FILES = /^\/etc\/(?:prometheus|alertmanager|grafana|zabbix|icinga2|monit|netdata|telegraf|datadog-agent)\//;

export const monitorPresent = stackRule(
  {
    name: "monitor-present",
    displayName: "Somebody notices when a machine fails",
    description:
      "A stack that runs load balancers of its own also watches them: a machine with the role monitor, or alarms.",
    severity: "medium",
    enforcementLevel: "advisory",
    tags: ["monitoring", "high-availability"],
    remediationSteps:
      "Give a machine the role `monitor` (Prometheus and Alertmanager), or add aws.cloudwatch.MetricAlarm for the machines.",
  },
  (stack, report) => {
    const { balancers } = findBalancers(stack, () => false);
    const [first] = balancers;
    if (!first || stack.some(({ type }) => ALARM.test(type))) return;
    const machines = stack.flatMap((resource) => readMachine(resource) ?? []);
    const unknown = machines.some(({ roles, userData }) => roles === UNKNOWN || userData === UNKNOWN);
    if (unknown || machines.some(watches)) return;
    report.violation(
      `Nothing watches ${balancers.map(({ name }) => name).join(", ")}: when a machine fails and another one takes over, nobody ` +
        "notices, and the next failure takes the site down.",
      "Give a machine the role `monitor`, or add alarms.",
      first.urn,
    );
  },
);

function watches(machine: Machine): boolean {
  const { userData, image } = machine;
  if (hasRole(machine, "monitor") || filesOf(machine).some(({ path }) => FILES.test(path))) return true;
  if (/(?:^|\/)(?:prometheus|grafana|alertmanager)(?::|@|$)/.test(image ?? "")) return true;
  if (userData === undefined || userData === UNKNOWN) return false;
  return userData.packages.some((name) => MONITORS.test(name));
}
