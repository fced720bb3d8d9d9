// The highly available stack, from its first machine to a change that goes through all of them. The next file attacks it.
import assert from "node:assert/strict";
import { cpSync, existsSync, mkdtempSync, readFileSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { readProject } from "../../engine/project";
import { PulumiBackend } from "../../engine/pulumi-backend";
import { acknowledgedRowsAreEverywhere, machines, visitors, whole } from "./group";
import { engine, eventually, highlyAvailable } from "./stack";

const { command, container, leftovers, name, request, start, startCommand, writeSettings } = highlyAvailable;

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

  it("changes one machine after the other without failing a request", async () => {
    const application = mkdtempSync(join(tmpdir(), "changed-app-"));
    cpSync("app", application, { recursive: true });
    writeFileSync(join(application, "public", "new.txt"), "a new version\n");
    writeSettings({ app: application });

    const running = visitors();
    const output = await start();
    const { reads, writes, acknowledged } = await running.stop();
    assert.match(output, /3 replaced/);
    assert.deepEqual(reads.failed, [], `of ${reads.total} reads`);
    assert.deepEqual(writes.failed, [], `of ${writes.total} writes`);
    await acknowledgedRowsAreEverywhere(acknowledged);
    assert.equal((await request("/new.txt", { ca: highlyAvailable.authority() })).body, "a new version\n");
    await whole();
  });
});
