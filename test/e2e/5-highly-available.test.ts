// The highly available stack, from its first machine to a change that goes through all of them. The next file attacks it.
import assert from "node:assert/strict";
import { cpSync, existsSync, mkdtempSync, readFileSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { readProject } from "../../engine/project";
import { PulumiBackend } from "../../engine/pulumi-backend";
import {
  acknowledgedRowsAreEverywhere,
  machines,
  receiver,
  sameTransactionsEverywhere,
  visitors,
  whole,
} from "./group";
import { engine, eventually, highlyAvailable } from "./stack";

const { command, container, leftovers, name, onMachine, request, start, startCommand, writeSettings } = highlyAvailable;

interface ResourceInState {
  readonly type: string;
  readonly urn: string;
  readonly propertyDependencies: Record<string, string[]>;
}

describe(`the highly available stack, by ${engine},`, function () {
  this.timeout(600_000);

  before(async () => {
    await command("destroy", "--data");
    writeSettings();
  });

  it("is taken up again after a Ctrl-C between its machines, and breaks no policy", async () => {
    const first = startCommand("start");
    await eventually("web-2 is being made", 120, async () => (await container("web-2").inspect()).State.Running);
    first.process.kill("SIGINT");
    const interrupted = await first.finished;
    assert.notEqual(interrupted.exitCode, 0);
    assert.match(interrupted.output, /Interrupted/);

    const output = await start();
    assert.doesNotMatch(output, /load-balancer-redundant|single-point-of-failure/);
    assert.deepEqual(
      (await leftovers()).containers,
      machines.map((machine) => `web-infrastructure-${name}-${machine}`),
    );
    await whole();
    await sameTransactionsEverywhere();
  });

  it("has an order between its machines, and no value that goes from one to another", () => {
    const file = `.state/${name}/state.json`;
    const resources: readonly object[] = existsSync(file)
      ? JSON.parse(readFileSync(file, "utf8")).resources
      : new PulumiBackend(readProject(process.cwd(), name)).resources();
    const containers = (resources as readonly ResourceInState[]).filter(
      ({ type }) => type === "docker:index/container:Container",
    );
    assert.equal(containers.length, machines.length);
    for (const { propertyDependencies } of containers) {
      for (const from of Object.values(propertyDependencies).flat())
        assert.ok(!containers.some(({ urn }) => urn === from), `a value from ${from}`);
    }
  });

  it("changes nothing the second time", async () => {
    const ids = () => Promise.all(machines.map(async (machine) => (await container(machine).inspect()).Id));
    const before = await ids();
    await start();
    assert.deepEqual(await ids(), before);
  });

  it("says who holds the address and who is the primary", async () => {
    const { exitCode, output } = await command("status");
    assert.equal(exitCode, 0, output);
    assert.equal(output.match(new RegExp(`holds ${highlyAvailable.entry}`, "g"))?.length, 1, output);
    assert.equal(output.match(/MySQL: primary/g)?.length, 1, output);
  });

  it("finds its data again after a destroy, though its machines come back one after the other", async () => {
    const running = visitors();
    await sleep(2000);
    const { acknowledged } = await running.stop();
    const { exitCode, output } = await command("destroy");
    assert.equal(exitCode, 0, output);
    assert.deepEqual((await leftovers()).containers, []);

    await start();
    await whole();
    await acknowledgedRowsAreEverywhere(acknowledged);
  });

  it("tells somebody of what is wrong, once though two monitors see it, and shows it in the status", async () => {
    const faults = [
      {
        alert: "FirewallNotLoaded",
        on: "web-1",
        fault: "nft delete table inet machine",
        mend: "systemctl restart nftables",
      },
      {
        alert: "ServiceDown",
        on: "web-2",
        fault: "systemctl stop prometheus-nginx-exporter",
        mend: "systemctl start prometheus-nginx-exporter",
      },
    ];
    const begun = Date.now();
    for (const { on, fault } of faults) assert.equal((await onMachine(on, "sh", "-c", fault)).exitCode, 0, fault);
    try {
      for (const { alert, on } of faults)
        await eventually(`${alert} is told`, 150, async () => receiver.firing(alert, on, begun).length > 0);
      const { output } = await command("status");
      for (const { alert } of faults) assert.match(output, new RegExp(`${alert}: .*\\(docs/runbooks/[a-z-]+\\.md\\)`));
    } finally {
      for (const { on, mend } of faults) assert.equal((await onMachine(on, "sh", "-c", mend)).exitCode, 0, mend);
    }
    for (const { alert, on } of faults) assert.equal(receiver.firing(alert, on, begun).length, 1, alert);
    // to be measured costs no service its life: once may be the watchdog on a busy computer
    for (const machine of machines)
      for (const service of ["haproxy", "nginx", "php8.4-fpm", "mysql"]) {
        const question = `systemctl show --property=NRestarts --value ${service} | cat`; // no pager
        const { output } = await onMachine(machine, "sh", "-c", question);
        assert.ok(Number(output) <= 1, `${service} on ${machine} was started again ${output} times`);
      }
    await whole();
  });

  it("changes one machine after the other without failing a request", async () => {
    const running = visitors();
    writeSettings({ balance: "leastconn" });
    const output = await start();
    const { reads, writes, acknowledged } = await running.stop();
    assert.match(output, /3 replaced/);
    assert.deepEqual(reads.failed, [], `of ${reads.total} reads`);
    assert.deepEqual(writes.failed, [], `of ${writes.total} writes`);
    await acknowledgedRowsAreEverywhere(acknowledged);
    await whole();
  });

  it("switches to another version of the application where it runs, and to none that is broken", async () => {
    // as the test before leaves it
    writeSettings({ balance: "leastconn" });
    await start();
    const ids = () => Promise.all(machines.map(async (name) => (await container(name).inspect()).Id));
    const before = await ids();
    const ca = highlyAvailable.authority();
    const version = (file: string, content: string) => {
      const application = mkdtempSync(join(tmpdir(), "changed-app-"));
      cpSync("app", application, { recursive: true });
      writeFileSync(join(application, file), content);
      writeSettings({ balance: "leastconn", app: application });
    };
    const running = visitors();
    version("public/new.txt", "a new version\n");
    assert.match(await start(), /3 changed/);
    assert.equal((await request("/new.txt", { ca })).body, "a new version\n");
    for (const [file, content, why] of [
      [
        "public/index.php",
        "<?php this is no PHP\n",
        /web-1 did not take the new version.*its page \/ can't be made: 500/s,
      ],
      ["migrations/999-bad.sql", "THIS IS NO SQL;\n", /web-1 did not take the new version.*999-bad\.sql, statement 1/s],
    ] as const) {
      version(file, content);
      const { exitCode, output } = await command("start");
      assert.notEqual(exitCode, 0, output);
      assert.match(output, why);
    }
    writeSettings({ balance: "leastconn" });
    assert.match(await start(), /3 changed/);
    const { reads, writes } = await running.stop();
    assert.deepEqual(reads.failed, [], `of ${reads.total} reads`);
    assert.deepEqual(writes.failed, [], `of ${writes.total} writes`);
    assert.equal((await request("/new.txt", { ca })).status, 404);
    assert.deepEqual(await ids(), before);
    await whole();
  });
});
