import { mkdirSync, writeFileSync } from "node:fs";
import path from "node:path";
import { abilitiesWithout, isHarmless, machinesWith, type Topology } from "../../topology";
import type { Progress } from "../progress";
import type { Project } from "../project";
import type { Properties } from "../provider";
import { stackDirectory } from "../state";

/** Where the stack's CA certificate is kept for people and tools, relative to the project. */
export function authorityFile(stack: string): string {
  return path.join(".state", stack, "ca.pem");
}

/** Writes the CA certificate for people and tools, and says how to reach the site; `brief` when nothing is new. */
export function showSite(
  project: Project,
  topology: Topology,
  outputs: Properties,
  progress: Progress,
  brief: boolean,
): void {
  const { url, domain, entryAddresses, httpsPort, certificateAuthority } = outputs;
  if (typeof certificateAuthority !== "string" || !Array.isArray(entryAddresses)) return;
  const directory = stackDirectory(project.root, project.stack);
  mkdirSync(directory, { recursive: true, mode: 0o700 });
  writeFileSync(path.join(directory, "ca.pem"), certificateAuthority);

  const authority = authorityFile(project.stack);
  const published = Number(httpsPort) > 0;
  // Elsewhere than on Linux, Docker runs in a virtual machine and only published ports can be reached.
  const direct = process.platform === "linux" || !published;
  const [address, port, site] = direct
    ? [entryAddresses[0], 443, `${url}/`]
    : ["127.0.0.1", httpsPort, `https://${domain}:${httpsPort}/`];
  const where = `${entryAddresses.join(", ")}${published ? ` and on 127.0.0.1:${httpsPort}` : ""}`;
  const stackOption = project.stack === "local" ? "" : ` -- --stack ${project.stack}`;
  const commands = [
    [`npm run status${stackOption}`, "each machine's health and what the site answers"],
    ...dispensable(topology, outputs).map((container) => [
      `docker stop ${container}`,
      "the site stays up; npm start brings the machine back",
    ]),
    [`npm run destroy${stackOption}`, "removes everything but the data"],
  ];
  const width = Math.max(...commands.map(([command = ""]) => command.length));
  const lines = [
    `${url} is up, on ${where}. Look at it:`,
    `  curl --cacert ${authority} --resolve ${domain}:${port}:${address} ${site}`,
  ];
  if (!brief) {
    lines.push(
      "In a browser:",
      `  1. let it trust ${authority}, the certificate authority of this stack alone`,
      `  2. echo "${address} ${domain}" | sudo tee -a /etc/hosts, and open ${site}`,
      "What next:",
      ...commands.map(([command = "", effect]) => `  ${command.padEnd(width)}   ${effect}`),
    );
  }
  progress.say(`\n${lines.join("\n")}`);
}

/** The container of the last web server, when the site can do without it. */
function dispensable(topology: Topology, { machines }: Properties): string[] {
  const name = machinesWith(topology, "web").at(-1)?.name ?? "";
  const container = (machines as Record<string, { container: string }> | undefined)?.[name]?.container;
  return container && isHarmless(abilitiesWithout(topology, [name])) ? [container] : [];
}
