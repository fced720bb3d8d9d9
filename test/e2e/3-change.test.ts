import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { cpSync, mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { startVisitors } from "../load/visitors";
import { DOMAIN, distributed, eventually } from "./stack";

const { command, container, entry, onMachine, request, start, writeSettings } = distributed;

let ca: string;
const ids = () => Promise.all(["lb-1", "web-1", "web-2"].map(async (name) => (await container(name).inspect()).Id));
const messages = async (): Promise<{ id: number; message: string }[]> =>
  JSON.parse((await request("/api/messages", { ca })).body).messages;

/** Ten readers a second. */
const readers = () => startVisitors({ address: entry, domain: DOMAIN, ca, writesPerSecond: 0, readsPerSecond: 10 });

const post = (message: string) =>
  request("/api/messages", {
    ca,
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ name: "Ada", message, token: randomUUID() }),
  });

describe("when something happens to the local stack", function () {
  this.timeout(600_000);

  before(() => {
    ca = distributed.authority();
  });

  it("goes on when a web machine is killed, and is whole again after npm start", async () => {
    const visitor = readers();
    await sleep(1000);
    await container("web-2").kill();
    await sleep(5000);
    const { total, failed } = (await visitor.stop()).reads;
    assert.ok(total >= 50);
    assert.deepEqual(failed, []);
    assert.equal((await post("written while web-2 is away")).status, 201);

    const status = await command("status");
    assert.notEqual(status.exitCode, 0, "a degraded stack must not look whole");
    await start();
    assert.equal((await command("status")).exitCode, 0);
    const count = "SELECT COUNT(*) FROM application.messages WHERE message='written while web-2 is away'";
    await eventually(
      "the replica has caught up",
      30,
      async () => (await onMachine("web-2", "mysql", "-NBe", count)).output === "1",
    );
  });

  it("stays readable without its primary, refuses writes kindly, and takes them again afterwards", async () => {
    const before = await messages();
    await container("web-1").kill();
    await eventually("the site is readable", 10, async () => (await request("/", { ca })).status === 200);
    assert.deepEqual(await messages(), before);
    const refused = await post("nobody to take it");
    assert.equal(refused.status, 503);
    assert.match(String(refused.headers["retry-after"]), /^\d+$/);

    await start();
    await eventually("the primary takes writes", 30, async () => (await post("taken again")).status === 201);
  });

  it("has a new primary by one command when the old one is dead, which is fenced when it comes back", async () => {
    assert.equal((await post("before the primary died")).status, 201);
    await container("web-1").kill();
    const { exitCode, output } = await command("promote", "web-2");
    assert.equal(exitCode, 0, output);
    await eventually("the new primary takes writes", 10, async () => (await post("to the new primary")).status === 201);

    await container("web-1").start();
    const asked: string[] = [];
    await eventually("the old primary is a replica, and all is well", 90, async () => {
      asked.push((await onMachine("web-1", "mysql", "-NBe", "SELECT @@super_read_only")).output);
      return (await command("status")).exitCode === 0;
    });
    assert.ok(asked.includes("1"), asked.join(" "));
    assert.ok(!asked.includes("0"), "the old primary could be written to");
    const count = "SELECT COUNT(DISTINCT message) FROM application.messages WHERE message LIKE '% primary%'";
    assert.equal((await onMachine("web-1", "mysql", "-NBe", count)).output, "2");

    const back = await command("promote", "web-1");
    assert.equal(back.exitCode, 0, back.output);
    await eventually("all is well", 30, async () => (await command("status")).exitCode === 0);
  });

  it("refuses to promote a replica that lacks what was acknowledged, and loses nothing", async () => {
    await container("web-2").kill();
    await eventually("a write without the replica", 30, async () => (await post("on web-1 alone")).status === 201);
    await container("web-1").kill();
    await container("web-2").start();
    await eventually("the agent answers", 60, async () => {
      const { exitCode } = await onMachine("web-2", "curl", "-sf", "http://127.0.0.1:9200/state");
      return exitCode === 0;
    });
    const { exitCode, output } = await command("promote", "web-2");
    assert.notEqual(exitCode, 0, output);
    assert.match(output, /This would lose/);
    assert.match(output, /Nothing was changed/);

    await start();
    await eventually("all is well", 60, async () => (await command("status")).exitCode === 0);
    assert.ok((await messages()).some(({ message }) => message === "on web-1 alone"));
  });

  it("is down without its only load balancer, says so, and is back by npm start", async () => {
    await container("lb-1").kill();
    await assert.rejects(request("/", { ca }));
    const { exitCode, output } = await command("status");
    assert.equal(exitCode, 1);
    assert.match(output, /lb-1 is exited/);
    await start();
    assert.equal((await request("/", { ca })).status, 200);
  });

  it("comes back by itself from services killed on a machine", async () => {
    for (const service of ["haproxy", "nginx", "php8.4-fpm", "mysql", "database-agent"]) {
      await onMachine("web-1", "systemctl", "kill", "--signal=KILL", `${service}.service`);
    }
    await onMachine("lb-1", "systemctl", "kill", "--signal=KILL", "haproxy.service");
    await eventually("every machine is ready and takes writes", 60, async () => {
      const ready = await Promise.all(["lb-1", "web-1", "web-2"].map((name) => onMachine(name, "machine-ready")));
      return ready.every(({ exitCode }) => exitCode === 0) && (await post("after the kills")).status === 201;
    });
  });

  it("refuses a change that would drop the last copy of the data, and leaves the machines alone", async () => {
    writeSettings({ topology: "scale-up" });
    const before = await ids();
    const run = await command("start");
    assert.notEqual(run.exitCode, 0);
    assert.match(run.output, /drop the last copy of the data.*Nothing was touched/s);
    assert.deepEqual(await ids(), before);
    writeSettings();
  });

  it("refuses an address range in use before it takes anything down", async () => {
    writeSettings({ addressRange: "172.17.0.0/24" });
    const before = await ids();
    const run = await command("start");
    assert.notEqual(run.exitCode, 0);
    assert.match(run.output, /172\.17\.0\.0\/24 is in use.*addressRange/);
    assert.deepEqual(await ids(), before);
    writeSettings();
  });

  it("switches a new version of the application on the running machines, and back", async () => {
    const application = mkdtempSync(join(tmpdir(), "changed-app-"));
    cpSync("app", application, { recursive: true });
    writeFileSync(join(application, "public", "new.txt"), "a new version\n");
    writeSettings({ app: application });

    const kept = await ids();
    const before = await messages();
    const visitor = readers();
    assert.match(await start(), /2 changed/);
    assert.equal((await request("/new.txt", { ca })).body, "a new version\n");
    writeSettings();
    assert.match(await start(), /2 changed/);
    const { failed, total } = (await visitor.stop()).reads;

    assert.equal((await request("/new.txt", { ca })).status, 404);
    assert.deepEqual(await ids(), kept);
    assert.deepEqual(await messages(), before);
    assert.deepEqual(failed, [], `of ${total} reads`);
    // what 4-destroy looks for
    assert.equal((await post("after the change")).status, 201);
  });

  it("shows no secret: not in the output, not in docker inspect, not in user-data", async () => {
    const output = await start();
    const inspected = JSON.stringify(await container("web-1").inspect());
    const userData = (await onMachine("web-1", "cat", "/var/lib/cloud/seed/nocloud/user-data")).output;
    const names = (await onMachine("web-1", "ls", "/var/lib/machine/secrets")).output.split(/\s+/);
    assert.ok(names.includes("database-application-password"));
    for (const name of names.filter((each) => !/^(ca|machine)\.pem$/.test(each))) {
      const path = `/var/lib/machine/secrets/${name}`;
      const secret = (await onMachine("web-1", "cat", path)).output
        .split(/\r?\n/)
        .sort((a, b) => b.length - a.length)[0];
      assert.ok(secret && secret.length >= 32, name);
      for (const place of [output, inspected, userData]) assert.ok(!place.includes(secret), `${name} is shown`);
      assert.equal((await onMachine("web-1", "stat", "-c", "%a %U", path)).output, "600 root");
    }
  });
});
