// The tests in this folder follow one stack through its life, in the order of the files.
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { createServer } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { promisify } from "node:util";
import { distributed, docker, engine, eventually, type Run } from "./stack";

const { command, container, leftovers, settings, startCommand, writeSettings } = distributed;

const NOTHING = { containers: [], networks: [], volumes: [] };

/** The run failed with a message for people that says all of `words`, and left nothing behind. */
async function assertRefused(run: Run, ...words: (string | RegExp)[]): Promise<void> {
  assert.notEqual(run.exitCode, 0, run.output);
  for (const word of words)
    assert.ok(
      typeof word === "string" ? run.output.includes(word) : word.test(run.output),
      `${word} in: ${run.output}`,
    );
  assert.doesNotMatch(run.output, /^\s+at .*\(.*:\d+:\d+\)/m, "a stack trace is no message for people");
  assert.deepEqual(await leftovers(), NOTHING);
}

describe("npm start refuses, before anything is made,", function () {
  this.timeout(600_000);

  before(async () => {
    await command("destroy", "--data");
    distributed.removeSettings();
    assert.deepEqual(await leftovers(), NOTHING);
  });

  it("a single load balancer that nobody accepted", async () => {
    writeSettings();
    await assertRefused(await command("start"), "load-balancer-redundant", `Pulumi.test.policies.json`);
  });

  describe("with a mistake in the settings:", () => {
    before(() => distributed.acceptSingleLoadBalancer());

    const mistakes: [string, Record<string, unknown>, (string | RegExp)[]][] = [
      [
        "unknown and wrong keys",
        { memroy: 5, memory: "lots" },
        ["web-infrastructure:memroy", "web-infrastructure:memory"],
      ],
      ["a domain that isn't one", { domain: "foo bar" }, ["web-infrastructure:domain", "foo bar"]],
      ["an application without an index", { app: "./docs" }, ["docs", "index.php"]],
      ["an address range that the host uses", { addressRange: "127.0.0.0/24" }, ["127.0.0.0/24", /addressRange/]],
      ["an address range of another network", { addressRange: "172.17.0.0/24" }, ["172.17.0.0/24", /addressRange/]],
      ["more memory than there is", { memory: 1_000_000 }, [/memory/i, /MiB|GiB/]],
      [
        "machines that can't serve a site",
        {
          topology: undefined,
          machines: ["db-1", "db-2", "db-3", "db-4", "app-1", "app-1"].map((name) => ({
            name,
            roles: [name.startsWith("db") ? "database" : "application"],
          })),
        },
        [
          /no machine with the role load-balancer.*Add it/,
          /no machine with the role web\b.*Add it/,
          /two machines of the name app-1.*Give each/,
          /a group of 4 databases.*an odd number/,
        ],
      ],
      [
        "a weight for a machine that isn't there",
        { weights: { "web-9": 2 } },
        [/weights names web-9, which is no machine.*There are: lb-1, web-1, web-2/],
      ],
      ["the other target's name", { target: "aws" }, ["setting of the target docker", "aws:region is missing"]],
    ];
    for (const [mistake, settings, words] of mistakes) {
      it(mistake, async () => {
        writeSettings(settings);
        await assertRefused(await command("start"), ...words);
      });
    }

    it("a port that is taken", async () => {
      const server = createServer().listen(Number(settings.httpsPort), "127.0.0.1");
      try {
        writeSettings();
        await assertRefused(await command("start"), String(settings.httpsPort), /httpsPort/);
      } finally {
        server.close();
      }
    });
  });
});

describe(`npm start, by ${engine},`, function () {
  this.timeout(600_000);

  before(() => distributed.acceptSingleLoadBalancer());

  it("makes all machines at once, and is mended by the next run after a kill -9 in the middle", async () => {
    writeSettings();
    const first = startCommand("start");
    const running = async (machine: string) => (await container(machine).inspect()).State.Running;
    await eventually("all machines are being made", 120, async () =>
      (await Promise.all(["web-1", "web-2", "lb-1"].map(running))).every((each) => each),
    );
    const { State } = await container("web-1").inspect();
    assert.notEqual(State.Health?.Status, "healthy", "the others waited for the first one");
    process.kill(-(first.process.pid as number), "SIGKILL");
    await first.finished;

    const second = await command("start");
    assert.equal(second.exitCode, 0, second.output);
    assert.deepEqual((await leftovers()).containers, [
      "web-infrastructure-test-lb-1",
      "web-infrastructure-test-web-1",
      "web-infrastructure-test-web-2",
    ]);

    const line = second.output.split("\n").find((each) => /^\s*curl /.test(each));
    assert.ok(line, `no curl line to paste in:\n${second.output}`);
    const { stdout } = await promisify(execFile)("sh", ["-c", line]);
    assert.match(stdout, /<html/);
  });

  it("changes nothing the second time", async () => {
    const filters = { label: [`web-infrastructure.stack=${distributed.name}`] };
    const ids = async () => (await docker.listContainers({ all: true, filters })).map(({ Id }) => Id).sort();
    const before = await ids();
    assert.equal(before.length, 3);
    const run = await command("start");
    assert.equal(run.exitCode, 0, run.output);
    assert.deepEqual(await ids(), before);
  });

  it("keeps two runs on one stack apart", async () => {
    const first = startCommand("start");
    await sleep(300);
    const runs = await Promise.all([first.finished, command("start")]);
    const refused = runs.filter(({ exitCode }) => exitCode !== 0);
    // The first may be through before the second asks: then both succeed, one after the other.
    for (const { output } of refused) assert.match(output, /another|already running|lock/i);
    assert.ok(refused.length < 2);
  });
});
