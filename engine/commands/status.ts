import { readFileSync } from "node:fs";
import { request } from "node:https";
import path from "node:path";
import { rootCertificates, type TLSSocket } from "node:tls";
import { messageOf } from "../errors";
import type { Project } from "../project";
import type { Properties } from "../provider";
import { outputOf } from "../providers/container-command";
import { docker } from "../providers/docker-client";
import { backupAge } from "./backup-status";
import { listMachines, type MachineContainer } from "./containers";
import {
  alertsOf,
  type DatabaseStatus,
  type KnownMachine,
  machineStatus,
  problems,
  type SiteAnswer,
  tellsNobody,
} from "./health";
import { refuseCloud, stackOutputs } from "./session";
import { authorityFile } from "./site";

const ANSWER_TIMEOUT = 5000;
const MACHINE_STATUS = ["/usr/local/sbin/machine-status"];

/** All that `npm run status` knows of a stack. */
export interface StatusReport {
  readonly entryAddresses: string[];
  readonly machines: KnownMachine[];
  /** Names of machines that the stack should have and that are gone. */
  readonly missing: string[];
  readonly site: SiteAnswer;
  /** What isn't as it should be; empty when the stack is whole. */
  readonly problems: string[];
}

/** `npm run status`: each machine and what the site answers. Returns false when something isn't as it should be. */
export async function status(project: Project, asJson: boolean): Promise<boolean> {
  refuseCloud(project);
  const { entryAddresses, problems: wrong, ...known } = await examine(project);
  if (asJson) {
    const alerts = alertsOf(known.machines);
    const report = { stack: project.stack, ok: wrong.length === 0, problems: wrong, alerts, ...known };
    console.log(JSON.stringify(report, undefined, 2));
  } else {
    show(project.stack, known.machines, entryAddresses, known.site, wrong);
  }
  return wrong.length === 0;
}

/** Asks each machine, and the site as a visitor does. */
export async function examine(project: Project): Promise<StatusReport> {
  const outputs = stackOutputs(project);
  const entryAddresses: string[] = outputs.entryAddresses ?? [];
  const machines = await askMachines(project.stack);
  const missing = Object.keys(outputs.machines ?? {}).filter(
    (name) => !machines.some((machine) => machine.name === name),
  );
  const site: SiteAnswer = outputs.url
    ? await ask(project, outputs)
    : { url: "", answer: "there is no site yet", ok: false };
  return { entryAddresses, machines, missing, site, problems: problems(machines, missing, entryAddresses, site) };
}

/** All machines of a stack, and what each says of itself. */
export async function askMachines(stack: string): Promise<KnownMachine[]> {
  return Promise.all((await listMachines(stack)).map(askMachine));
}

async function askMachine(machine: MachineContainer): Promise<KnownMachine> {
  if (machine.state !== "running") return machine;
  try {
    const printed = await outputOf(docker().getContainer(machine.container), MACHINE_STATUS, ANSWER_TIMEOUT);
    return { ...machine, status: machineStatus.parse(JSON.parse(printed)) };
  } catch {
    // What can't be asked shows as a machine that doesn't answer.
    return machine;
  }
}

function show(
  stack: string,
  machines: KnownMachine[],
  entryAddresses: string[],
  site: SiteAnswer,
  wrong: string[],
): void {
  if (machines.length === 0) console.log(`Stack ${stack} has no machines. \`npm start\` makes them.`);
  const width = Math.max(0, ...machines.map(({ name }) => name.length));
  for (const machine of machines) {
    const { name, state, health, address, roles, status } = machine;
    const held = entryAddresses.filter((entry) => entry !== address && status?.addresses.includes(entry));
    const about = [
      `${state} ${health}`.trim(),
      address,
      ...held.map((entry) => `holds ${entry}`),
      roles.join(", "),
      ...(status?.drained ? ["drained: out of balancing"] : []),
      ...(status?.database ? [`MySQL: ${status.database.reason}${lagOf(status.database)}`] : []),
    ];
    const mark = state === "running" && status?.ready.exit === 0 ? "✔" : "✖";
    console.log(`${mark} ${name.padEnd(width)}  ${about.join(" · ")}`);
  }
  if (site.url) {
    const until = site.certificateExpires
      ? `, certificate until ${site.certificateExpires.toISOString().slice(0, 10)}`
      : "";
    console.log(`${site.ok ? "✔" : "✖"} ${site.url}  ${site.answer}${until}`);
  }
  const backup = machines.find(({ status }) => status?.backup)?.status?.backup;
  if (backup) console.log(`${backup.problem ? "✖" : "✔"} backup  ${backupAge(backup, new Date())}`);
  else if (machines.some(({ status }) => status?.database))
    console.log("· backup  nobody knows yet: the machine whose turn it is looks once a minute");
  const alerts = alertsOf(machines);
  if (alerts.length > 0) {
    console.log("\nAlerts:");
    for (const { severity, name, summary, runbook } of alerts)
      console.log(`  ${severity.padEnd(8)}  ${name}: ${summary}  (${runbook})`);
  }
  if (tellsNobody(machines))
    console.log("\nAlerts are told to nobody: set alertEmail or alertWebhook (docs/monitoring.md).");
  if (wrong.length > 0) console.log(`\nNot as it should be:\n${wrong.map((line) => `  - ${line}`).join("\n")}`);
}

/** How far a replica is behind its primary; nothing for who isn't one. */
function lagOf({ database }: DatabaseStatus): string {
  if (!database?.source) return "";
  return typeof database.lag === "number" ? `, lag ${database.lag} s` : ", lag unknown";
}

/** Asks the first load balancer for the page as a browser would. */
function ask(project: Project, outputs: Properties): Promise<SiteAnswer> {
  const { url, domain, entryAddresses, httpsPort } = outputs;
  const direct = process.platform === "linux" || Number(httpsPort) === 0;
  const started = Date.now();
  return new Promise((resolve) => {
    const fail = (error: unknown) => resolve({ url, answer: messageOf(error), ok: false });
    try {
      const own = readFileSync(path.join(project.root, authorityFile(project.stack)), "utf8");
      // a directory's certificates are by a public authority, or by one that stands in the file
      const ca = outputs.certificate === "acme" ? [own, ...rootCertificates] : own;
      const host = direct ? entryAddresses[0] : "127.0.0.1";
      const port = direct ? 443 : Number(httpsPort);
      const options = {
        host,
        port,
        path: "/",
        servername: domain,
        headers: { host: domain },
        ca,
        timeout: ANSWER_TIMEOUT,
        // a connection of its own: one that resumes the session of another shows no certificate
        agent: false as const,
      };
      const call = request(options, (response) => {
        response.resume();
        const code = response.statusCode ?? 0;
        const { valid_from, valid_to } = (response.socket as TLSSocket).getPeerCertificate();
        resolve({
          url,
          answer: `answers ${code} in ${Date.now() - started} ms`,
          ok: code >= 200 && code < 400,
          certificateBegins: new Date(valid_from),
          certificateExpires: new Date(valid_to),
          certificate: outputs.certificate,
        });
      });
      call.on("timeout", () => call.destroy(new Error(`no answer within ${ANSWER_TIMEOUT / 1000} s`)));
      call.on("error", fail);
      call.end();
    } catch (error) {
      fail(error);
    }
  });
}
