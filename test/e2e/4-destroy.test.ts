import assert from "node:assert/strict";
import { existsSync, readFileSync } from "node:fs";
import { command, docker, leftovers, removeSettings, request, STACK, writeSettings } from "./stack";

describe("npm run destroy", function () {
  this.timeout(600_000);

  after(async () => {
    await command("destroy", "--data");
    removeSettings();
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
    writeSettings();
    const run = await command("start");
    assert.equal(run.exitCode, 0, run.output);
    const ca = readFileSync(`.state/${STACK}/ca.pem`, "utf8");
    const { messages } = JSON.parse((await request("/api/messages", { ca })).body);
    assert.ok(messages.some(({ message }: { message: string }) => message === "after the change"));
  });

  it("removes the data as well when asked to", async () => {
    const run = await command("destroy", "--data");
    assert.equal(run.exitCode, 0, run.output);
    assert.deepEqual(await leftovers(), { containers: [], networks: [], volumes: [] });
    assert.ok(!existsSync(`.state/${STACK}/state.json`));
  });
});
