import assert from "node:assert/strict";
import { rmSync, writeFileSync } from "node:fs";
import path from "node:path";
import { readSettings, refuseCloud } from "../../engine/commands/session";
import { readProject } from "../../engine/project";
import { kindOf, makeUrn, nameOf } from "../../engine/urn";
import { Bench } from "./bench";

describe("engine: project files and names", () => {
  let bench: Bench;
  beforeEach(() => {
    bench = new Bench("rolling.ts");
  });
  afterEach(() => bench.remove());

  const stackFile = (text: string) => writeFileSync(path.join(bench.root, "Pulumi.local.yaml"), text);

  it("configuration is read as Pulumi does: namespaces, structured values as JSON, everything as text", () => {
    stackFile("config:\n  plain: 1\n  test:yes: true\n  other:list:\n    - a\n    - b: 2\n");
    assert.deepEqual(readProject(bench.root, "local").config, {
      "test:plain": "1",
      "test:yes": "true",
      "other:list": '["a",{"b":2}]',
    });
  });

  it("a stack without settings is a stack", () => {
    for (const text of ["", "config:\n", "encryptionsalt: v1:abc\n"]) {
      stackFile(text);
      assert.deepEqual(readProject(bench.root, "local").config, {}, text);
    }
  });

  it("says what is wrong with a file", () => {
    stackFile("config:\n  test:key:\n    secure: v1:abc\n");
    assert.throws(() => readProject(bench.root, "local"), /test:key is encrypted: only the Pulumi CLI can read it/);
    stackFile("config: [");
    assert.throws(() => readProject(bench.root, "local"), /Pulumi\.local\.yaml is not valid YAML/);
    stackFile("config: text");
    assert.throws(() => readProject(bench.root, "local"), /Pulumi\.local\.yaml: "config" must be/);
    stackFile("config:\n  test:key: 1\ntest:list:\n  - a\n");
    assert.throws(() => readProject(bench.root, "local"), /test:list isn't below "config:": indent it by two spaces/);
    rmSync(path.join(bench.root, "Pulumi.local.yaml"));
    assert.throws(() => readProject(bench.root, "local"), /Pulumi\.local\.yaml doesn't exist/);
    assert.throws(() => readProject(bench.root, "../local"), /can't be the name of a stack/);
  });

  it("the npm commands leave a stack in a cloud alone, and say what is for it", () => {
    const dev = readProject(process.cwd(), "dev");
    const wanted = /stack dev is on AWS.*`pulumi up --stack dev --policy-pack policy`.*Nothing was touched/;
    assert.throws(() => readSettings(dev), wanted);
    assert.throws(() => refuseCloud(dev), wanted);
    refuseCloud(readProject(process.cwd(), "local"));
  });

  it("URNs name all ancestors but the stack", () => {
    const root = makeUrn("local", "test", "", "pulumi:pulumi:Stack", "test-local");
    const outer = makeUrn("local", "test", root, "a:b:Outer", "o");
    const inner = makeUrn("local", "test", outer, "a:b:Inner", "i");
    assert.equal(
      makeUrn("local", "test", inner, "docker:index/volume:Volume", "data"),
      "urn:pulumi:local::test::a:b:Outer$a:b:Inner$docker:index/volume:Volume::data",
    );
    assert.equal(nameOf(`${root}::with::colons`), "test-local::with::colons");
    assert.equal(kindOf("random:index/randomPassword:RandomPassword"), "random password");
  });
});
