import assert from "node:assert/strict";
import { Aws } from "./lab";
import { inputs, previewStack } from "./preview";

interface Provider {
  create(inputs: Record<string, unknown>): Promise<{ id: string }>;
  diff(id: string, old: object, wanted: object): Promise<{ changes: boolean; replaces: string[] }>;
}

describe("aws: what waits for a machine, as Pulumi keeps it in the state", function () {
  this.timeout(120_000);
  let aws: Aws;
  let provider: Provider;
  const environment = { ...process.env };
  const parameter = "/web-infrastructure/dev/web-1/ready";
  const wanted = { instanceId: "i-1", parameter, region: "eu-central-1", timeout: 20 };

  before(async () => {
    aws = await Aws.start();
    Object.assign(process.env, aws.sdkEnvironment);
    const preview = await previewStack("dev");
    const { __provider: text } = inputs(preview, "pulumi-nodejs:dynamic:Resource")["web-web-1-readiness"] as {
      __provider: string;
    };
    // what Pulumi's language host does with the text
    const module = { exports: {} as { handler: () => Provider } };
    new Function("exports", "module", "require", text)(module.exports, module, require);
    provider = module.exports.handler();
  });
  after(() => {
    process.env = environment;
    aws.stop();
  });

  const report = (value: string) =>
    aws.ask("ssm", "put-parameter", "--name", parameter, "--value", value, "--type", "String", "--overwrite");

  it("goes on once the machine has said that it is ready", async () => {
    report("not made yet");
    const created = provider.create(wanted);
    await new Promise((resolve) => setTimeout(resolve, 500));
    report("i-1 ok");
    assert.equal((await created).id, "i-1");
  });

  it("ends with the machine's own words when it failed", async () => {
    report("i-1 failed mysql could not be installed");
    await assert.rejects(provider.create(wanted), /i-1 can't be set up[\s\S]*mysql could not be installed/);
  });

  it("waits anew for another instance, and for nothing else", async () => {
    assert.deepEqual(await provider.diff("i-1", wanted, { ...wanted, instanceId: "i-2" }), {
      changes: true,
      replaces: ["instanceId"],
    });
    assert.equal((await provider.diff("i-1", wanted, { ...wanted, timeout: 5 })).changes, false);
  });
});
