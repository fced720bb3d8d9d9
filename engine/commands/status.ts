import { readFileSync } from "node:fs";
import { request } from "node:https";
import path from "node:path";
import { messageOf } from "../errors";
import type { Project } from "../project";
import type { Properties } from "../provider";
import { hasPulumiCli, PulumiCli } from "../pulumi-cli";
import { State } from "../state";
import { unpack } from "../values";
import { listMachines } from "./containers";
import { authorityFile } from "./site";

const ANSWER_TIMEOUT = 5000;

/** `npm run status`: each machine and what the site answers. Returns false when something isn't as it should be. */
export async function status(project: Project, asJson: boolean): Promise<boolean> {
  const outputs = stackOutputs(project);
  const machines = await listMachines(project.stack);
  const missing = Object.keys(outputs.machines ?? {}).filter(
    (name) => !machines.some((machine) => machine.name === name),
  );
  const site = outputs.url ? await ask(project, outputs) : { url: "", answer: "there is no site yet", ok: false };
  const healthy =
    machines.length > 0 && machines.every(({ state, health }) => state === "running" && health === "healthy");
  const ok = healthy && missing.length === 0 && site.ok;
  if (asJson) {
    console.log(JSON.stringify({ stack: project.stack, ok, machines, missing, site }, undefined, 2));
    return ok;
  }

  if (machines.length === 0) console.log(`Stack ${project.stack} has no machines. \`npm start\` makes them.`);
  const width = Math.max(0, ...machines.map(({ name }) => name.length));
  for (const { name, state, health, address, roles } of machines) {
    const mark = state === "running" && health === "healthy" ? "✔" : "✖";
    console.log(
      `${mark} ${name.padEnd(width)}  ${`${state} ${health}`.padEnd(18)}  ${address.padEnd(15)}  ${roles.join(", ")}`,
    );
  }
  for (const name of missing) console.log(`✖ ${name}  is gone; \`npm start\` makes it anew`);
  if (site.url) console.log(`${site.ok ? "✔" : "✖"} ${site.url}  ${site.answer}`);
  return ok;
}

function stackOutputs(project: Project): Properties {
  const state = State.open(project.root, project.name, project.stack);
  if (Object.keys(state.outputs).length > 0) return unpack(state.outputs).plain;
  return (hasPulumiCli() && new PulumiCli(project).outputs()) || {};
}

/** Asks the first load balancer for the page as a browser would, trusting the stack's CA only. */
function ask(project: Project, outputs: Properties): Promise<{ url: string; answer: string; ok: boolean }> {
  const { url, domain, entryAddresses, httpsPort } = outputs;
  const direct = process.platform === "linux" || Number(httpsPort) === 0;
  const started = Date.now();
  return new Promise((resolve) => {
    const fail = (error: unknown) => resolve({ url, answer: messageOf(error), ok: false });
    try {
      const ca = readFileSync(path.join(project.root, authorityFile(project.stack)));
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
      };
      const call = request(options, (response) => {
        response.resume();
        const code = response.statusCode ?? 0;
        resolve({ url, answer: `answers ${code} in ${Date.now() - started} ms`, ok: code >= 200 && code < 400 });
      });
      call.on("timeout", () => call.destroy(new Error(`no answer within ${ANSWER_TIMEOUT / 1000} s`)));
      call.on("error", fail);
      call.end();
    } catch (error) {
      fail(error);
    }
  });
}
