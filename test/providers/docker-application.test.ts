import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { createServer, type Server } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import * as pulumi from "@pulumi/pulumi";
import { DockerApplication } from "../../components/docker/application";
import type { Properties } from "../../engine/provider";
import { dynamicResource } from "../../engine/providers/dynamic";

const wanted = { container: "web-1", containerId: "abc", version: "2", offered: 1000, timeout: 5 };

/** The version of the application on a machine, by the code as Pulumi stores it; Docker is what answers as told. */
describe("the application on a machine", function () {
  // loading dockerode and the compiler that takes the code apart
  this.timeout(30_000);
  const directory = mkdtempSync(join(tmpdir(), "docker-"));
  const { DOCKER_HOST } = process.env;
  const asked: unknown[] = [];
  let machine = { exitCode: 0, says: "", isRunning: true };
  let engine: Server;
  let inputs: Properties;

  before(async () => {
    inputs = await new Promise((resolve) => {
      pulumi.runtime.setMocks({
        newResource({ inputs }) {
          resolve(inputs);
          return { id: "id", state: inputs };
        },
        call: () => ({}),
      });
      new DockerApplication("application", wanted);
    });
    engine = createServer(async (request, response) => {
      let body = "";
      for await (const chunk of request) body += chunk;
      const path = request.url ?? "";
      if (path === "/containers/web-1/exec") asked.push(JSON.parse(body).Cmd);
      response.statusCode = machine.isRunning ? 201 : 409;
      if (path.endsWith("/start")) response.writeHead(200).end(machine.says);
      else if (path.endsWith("/json")) response.writeHead(200).end(JSON.stringify({ ExitCode: machine.exitCode }));
      else response.end(JSON.stringify({ Id: "1", message: "container abc is not running" }));
    });
    const socket = join(directory, "docker.sock");
    await new Promise<void>((resolve) => engine.listen(socket, resolve));
    process.env.DOCKER_HOST = `unix://${socket}`;
  });
  after(() => {
    engine.close();
    rmSync(directory, { recursive: true });
    if (DOCKER_HOST === undefined) delete process.env.DOCKER_HOST;
    else process.env.DOCKER_HOST = DOCKER_HOST;
  });

  const context = { progress: () => {}, signal: new AbortController().signal };
  const update = () => dynamicResource.update?.("web-1", inputs, inputs, context) as Promise<Properties>;

  it("is switched by the machine itself", async () => {
    machine = { exitCode: 0, says: "", isRunning: true };
    const { id } = await dynamicResource.create(inputs, context);
    assert.equal(id, "web-1");
    assert.equal((await update()).version, "2");
    assert.deepEqual(asked, Array(2).fill(["timeout", "5", "/usr/local/sbin/application-update"]));
  });

  it("is refused with what the machine says, and when that takes too long", async () => {
    machine = { exitCode: 1, says: "its page / can't be made: 500\r\n", isRunning: true };
    await assert.rejects(
      update(),
      /web-1 did not take the new version.*ended with 1.*said:\nits page \/ can't be made: 500\n/s,
    );
    machine = { ...machine, exitCode: 124 };
    await assert.rejects(update(), /It wasn't done after 5 s/);
  });

  it("can't be asked for where the machine doesn't run: says what to do", async () => {
    machine = { exitCode: 0, says: "", isRunning: false };
    await assert.rejects(update(), /web-1 can't be asked.*is not running.*`npm start`, or `pulumi up --refresh`/s);
  });
});
