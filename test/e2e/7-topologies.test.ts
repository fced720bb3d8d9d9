// One stack that grows: one machine, then distributed, then highly available. At each stage what the analysis says of a loss
// is compared with what visitors notice, and what a person does to machines and databases is done under visitors.
import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { Agent, request as httpsRequest } from "node:https";
import { setTimeout as sleep } from "node:timers/promises";
import { entryAddresses } from "../../topology";
import { type Report, startVisitors } from "../load/visitors";
import { assertAsPlanned, topologyOf } from "./abilities";
import { DOMAIN, eventually, request, testStack } from "./stack";

const stack = testStack("test-topologies", "", {
  addressRange: "172.30.97.0/24",
  httpPort: 0,
  httpsPort: 0,
  memory: 768,
});
const { command, container, onMachine, start, writeSettings } = stack;

/** Rows that the site said it has. */
const acknowledged: string[] = [];

const entry = () => entryAddresses(topologyOf(stack))[0] as string;
const kill = (machine: string) => container(machine).kill();
const sql = async (machine: string, statement: string) => onMachine(machine, "mysql", "-NBe", statement);

async function served(): Promise<{ webServer: string; database: { read: string; write: string } }> {
  const { status, body } = await request(entry(), "/api/request", { ca: stack.authority() });
  assert.equal(status, 200, body);
  return JSON.parse(body);
}

async function seen<Seen>(what: (answer: Awaited<ReturnType<typeof served>>) => Seen, times = 8): Promise<Seen[]> {
  const answers: Seen[] = [];
  for (let i = 0; i < times; i++) answers.push(what(await served()));
  return [...new Set(answers)].sort();
}

async function write(): Promise<void> {
  const token = randomUUID();
  const { status } = await request(entry(), "/api/messages", {
    ca: stack.authority(),
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ name: "Ada", message: "kept?", token }),
  });
  assert.equal(status, 201);
  acknowledged.push(token);
}

/** Acts while visitors read and write; nobody may be refused, be it only at the first try. */
async function unnoticed(act: () => Promise<unknown>): Promise<void> {
  const ca = stack.authority();
  const visitors = startVisitors({ address: entry(), domain: DOMAIN, ca, writesPerSecond: 5, readsPerSecond: 5 });
  let report: Report;
  try {
    await sleep(500);
    await act();
    await sleep(1000);
  } finally {
    report = await visitors.stop();
    acknowledged.push(...report.acknowledged);
  }
  assert.deepEqual([...report.reads.failed, ...report.writes.failed, ...report.writes.repeated], []);
  assert.ok(report.writes.total > 5);
}

async function succeeds(which: string, ...args: string[]): Promise<string> {
  const { exitCode, output } = await command(which, ...args);
  assert.equal(exitCode, 0, output);
  return output;
}

async function dataIsOn(...machines: string[]): Promise<void> {
  for (const machine of machines) {
    await eventually(`${machine} has all ${acknowledged.length} acknowledged rows`, 60, async () => {
      const there = new Set((await sql(machine, "SELECT token FROM application.messages")).output.split(/\s+/));
      return acknowledged.every((token) => there.has(token));
    });
  }
}

describe("a stack that grows", function () {
  this.timeout(600_000);

  before(async () => {
    await command("destroy", "--data");
    stack.acceptSingleLoadBalancer();
    writeSettings({ topology: "simple" });
    await start();
  });

  after(async () => {
    await command("destroy", "--data");
    stack.removeSettings();
  });

  it("is one machine at first, which does everything, and without it there is nothing", async () => {
    await assertAsPlanned(stack, []);
    await write();
    await kill("web-1");
    await assertAsPlanned(stack, ["web-1"]);
    await start();
  });

  it("becomes distributed with its data; the preview says before what would be lost with what", async () => {
    writeSettings({ topology: "distributed" });
    const preview = await succeeds("preview");
    assert.match(preview, /^ {2}web-1 +yes +yes +yes +NO /m);
    assert.match(preview, /^ {2}lb-1 +NO /m);
    await start();
    await dataIsOn("web-1", "web-2");
    assert.deepEqual(await seen(({ webServer }) => webServer), ["web-1", "web-2"]);
  });

  it("sends nothing to a machine that was drained, until that is undone, and nobody notices", async () => {
    await unnoticed(async () => {
      await succeeds("drain", "web-2");
      assert.deepEqual(await seen(({ webServer }) => webServer), ["web-1"]);
      await succeeds("drain", "web-2", "--undo");
      await eventually(
        "web-2 serves again",
        20,
        async () => (await seen(({ webServer }) => webServer, 4)).length === 2,
      );
    });
  });

  it("reads from the replica, but not while it lags", async () => {
    const delayed = (seconds: number) =>
      sql(
        "web-2",
        `STOP REPLICA SQL_THREAD; CHANGE REPLICATION SOURCE TO SOURCE_DELAY=${seconds}; START REPLICA SQL_THREAD`,
      );
    const readers = () => seen(({ database }) => database.read);
    assert.ok((await readers()).includes("web-2"));
    assert.equal((await delayed(600)).exitCode, 0);
    await write();
    await eventually("web-2 isn't read from", 40, async () => (await readers()).join() === "web-1");
    assert.match((await command("status")).output, /web-2 .*lag \d\d s/);
    await delayed(0);
    await eventually("web-2 is read from again", 20, async () => (await readers()).includes("web-2"));
  });

  it("loses what the analysis says: with the replica nothing, with the primary writing, with the load balancer all", async () => {
    await kill("web-2");
    await assertAsPlanned(stack, ["web-2"]);
    await start();
    await kill("web-1");
    await assertAsPlanned(stack, ["web-1"]);
    await kill("lb-1");
    await assertAsPlanned(stack, ["web-1", "lb-1"]);
    await start();
    await eventually("all is well", 60, async () => (await command("status")).exitCode === 0);
  });

  it("has its primary moved without a write lost or refused", async () => {
    await unnoticed(() => succeeds("promote", "web-2"));
    assert.deepEqual(await seen(({ database }) => database.write, 2), ["web-2"]);
    await dataIsOn("web-1", "web-2");
  });

  it("becomes highly available with its data, whoever is the primary", async () => {
    writeSettings({ topology: "highly-available", balance: "leastconn", stickySessions: true });
    await start();
    await dataIsOn("web-1", "web-2", "web-3");
    await assertAsPlanned(stack, []);
  });

  it("keeps a visitor at one web server, and sends others to where the fewest connections are", async () => {
    const ca = stack.authority();
    const first = await request(entry(), "/api/request", { ca });
    const cookie = String(first.headers["set-cookie"]?.find((each) => each.startsWith("web-server=")));
    assert.match(cookie, /;.*HttpOnly.*Secure.*SameSite=Lax/i);
    const { webServer } = JSON.parse(first.body);
    // requests that don't end: of a visitor whose cookie leads to the first one's server. More than the 16 KiB that the load
    // balancer waits for before it passes a request on.
    const held = Array.from({ length: 4 }, () =>
      httpsRequest({
        host: entry(),
        path: "/api/messages",
        method: "POST",
        headers: {
          host: DOMAIN,
          cookie: cookie.split(";")[0],
          "content-type": "application/json",
          "content-length": 200_000,
        },
        agent: new Agent({ ca, servername: DOMAIN }),
      }),
    );
    try {
      for (const each of held) each.on("error", () => {}).write("{".padEnd(100_000));
      await sleep(500);
      const headers = { cookie: cookie.split(";")[0] as string };
      const back = await request(entry(), "/api/request", { ca, headers });
      assert.equal(JSON.parse(back.body).webServer, webServer);
      const others = ["web-1", "web-2", "web-3"].filter((each) => each !== webServer);
      assert.deepEqual(await seen((answer) => answer.webServer), others);
    } finally {
      for (const each of held) each.destroy();
    }
  });

  it("loses nothing with one machine then, and writing with two", async () => {
    await kill("web-1");
    await assertAsPlanned(stack, ["web-1"]);
    await kill("web-2");
    await assertAsPlanned(stack, ["web-1", "web-2"]);
  });
});
