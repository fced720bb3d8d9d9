import assert from "node:assert/strict";
import { existsSync, renameSync, rmSync } from "node:fs";
import { distributed, docker } from "./stack";

const { command, leftovers, request, start } = distributed;

describe("npm run destroy", function () {
  this.timeout(600_000);

  after(async () => {
    await command("destroy", "--data");
    distributed.removeSettings();
  });

  it("removes everything of the stack but its data, and nothing else", async () => {
    const others = async () =>
      (await docker.listContainers({ all: true, filters: { label: ["lab=bystander"] } })).map(({ Id }) => Id);
    const image = (await docker.listImages({ filters: { reference: ["web-infrastructure/machine"] } }))[0]?.Id;
    const bystander = await docker.createContainer({ Image: image, Labels: { lab: "bystander" } });
    try {
      const run = await command("destroy");
      assert.equal(run.exitCode, 0, run.output);
      assert.deepEqual(await leftovers(), {
        containers: [],
        networks: [],
        volumes: ["web-infrastructure-test-web-1-data", "web-infrastructure-test-web-2-data"],
      });
      assert.deepEqual(await others(), [bystander.id]);
    } finally {
      await bystander.remove();
    }
  });

  it("lets the next npm start find the data again", async () => {
    distributed.writeSettings();
    await start();
    const ca = distributed.authority();
    const { messages } = JSON.parse((await request("/api/messages", { ca })).body);
    assert.ok(messages.some(({ message }: { message: string }) => message === "after the change"));
  });

  it("is named to who has machines that another clone of the project made", async () => {
    const elsewhere = ".state-of-another-clone";
    renameSync(".state", elsewhere);
    const run = await command("start").finally(() => {
      rmSync(".state", { recursive: true, force: true });
      renameSync(elsewhere, ".state");
    });
    assert.notEqual(run.exitCode, 0);
    assert.match(
      run.output,
      /exist already \(lb-1, web-1, web-2\).*npm run destroy -- --stack test`.*Nothing was touched/s,
    );
  });

  it("removes the data as well when asked to", async () => {
    const run = await command("destroy", "--data");
    assert.equal(run.exitCode, 0, run.output);
    assert.deepEqual(await leftovers(), { containers: [], networks: [], volumes: [] });
    assert.ok(!existsSync(`.state/${distributed.name}/state.json`));
  });
});
