import { readFileSync } from "node:fs";
import type { AlertRoutes } from "../alerts";
import { type Machine, machinesWith, ports, type Topology } from "../topology";
import { probedAddresses, scrapeJobs } from "./exporters";
import { fixedFile, jsonFile, type MachineFile, program, renderedFile } from "./file";
import { SECRETS_DIRECTORY } from "./secrets";

/** Copies of secret files for Alertmanager, which isn't root. */
const CREDENTIALS = "/etc/prometheus/secrets";

/** Alert rules. */
const RULES = "/usr/local/share/machine/monitor/rules";

/** The dashboard: Prometheus serves this directory below /user. */
export const PAGES = "/usr/local/share/machine/monitor/pages";

/** Alert rules, one file each about; `test/cloud-init/rules` tries them. */
const ruleFiles = ["machines.yml", "traffic.yml", "databases.yml", "upkeep.yml"] as const;

/** A monitor: Prometheus, an Alertmanager that agrees with the other monitors', and a probe that visits the site. */
export function monitorFiles(topology: Topology, machine: Machine): MachineFile[] {
  if (!machine.roles.includes("monitor")) return [];
  const { address } = machine;
  const { alerts, stack, domain } = topology;
  const monitors = machinesWith(topology, "monitor");
  const peers = monitors.filter(({ name }) => name !== machine.name);
  return [
    renderedFile("/etc/prometheus/prometheus.yml", {
      stack,
      monitor: machine.name,
      jobs: scrapeJobs(topology),
      probes: probedAddresses(topology),
      domain,
      virtualIps: topology.virtualIps.map(({ address }) => address.replaceAll(".", "\\.")).join("|"),
      monitors,
      ports,
      ruleDirectory: RULES,
    }),
    ...ruleFiles.map((name) => fixedFile(`${RULES}/${name}`)),
    renderedFile("/etc/prometheus/alertmanager.yml", {
      stack,
      // a user name may hold anything: JSON quotes for YAML too
      email: alerts?.email ? { ...alerts.email, user: alerts.email.user && JSON.stringify(alerts.email.user) } : false,
      webhook: alerts?.webhook !== undefined,
      topic: alerts?.topic ? { arn: alerts.topic, region: alerts.topic.split(":")[3] } : false,
      credentials: CREDENTIALS,
    }),
    // for machine-status and alerts-ended
    jsonFile("/etc/machine/monitor.json", {
      stack,
      prometheus: `http://${address}:${ports.prometheus}`,
      alertmanager: `http://${address}:${ports.alertmanager}`,
      receivers: receivers(alerts),
    }),
    fixedFile("/etc/prometheus/alertmanager-peers.yml"),
    renderedFile("/etc/prometheus/blackbox.yml", { domain }),
    renderedFile("/etc/default/prometheus", { address, ports, pages: PAGES }),
    renderedFile("/etc/default/prometheus-alertmanager", { address, ports, peers }),
    fixedFile("/etc/default/prometheus-blackbox-exporter"),
    fixedFile("/etc/systemd/system/prometheus.service.d/machine.conf"),
    fixedFile("/etc/systemd/system/prometheus-alertmanager.service.d/machine.conf"),
    fixedFile("/etc/systemd/system/prometheus-blackbox-exporter.service.d/machine.conf"),
    program("/usr/local/sbin/alerts-ended"),
    fixedFile("/etc/systemd/system/alerts-ended.service"),
    fixedFile("/etc/systemd/system/alerts-ended.timer"),
    program("/usr/local/lib/machine/setup.d/50-monitor"),
    renderedFile("/usr/local/lib/machine/ready.d/70-monitor", { address, ports }, "0755"),
    ...["index.html", "dashboard.css", "dashboard.js", "panels.json"].map((name) => fixedFile(`${PAGES}/${name}`)),
    ...["uPlot.iife.min.js", "uPlot.min.css"].map((name) => library(`uplot/dist/${name}`, `${PAGES}/${name}`)),
  ];
}

/** Whom alerts are sent to, and the host to reach them by; that of the webhook is part of a secret. */
function receivers({ email, webhook, topic }: AlertRoutes = {}) {
  return [
    ...(email ? [{ name: `e-mail to ${email.to}`, host: email.host, port: email.port }] : []),
    ...(webhook ? [{ name: "webhook", url_file: `${SECRETS_DIRECTORY}/alert-webhook-url` }] : []),
    ...(topic ? [{ name: topic, host: `sns.${topic.split(":")[3]}.amazonaws.com`, port: 443 }] : []),
  ];
}

/** A file of an npm package. */
function library(file: string, path: string): MachineFile {
  return { path, content: readFileSync(require.resolve(file), "utf8"), owner: "root:root", permissions: "0644" };
}
