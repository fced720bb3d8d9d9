import assert from "node:assert/strict";
import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Readable } from "node:stream";
import { extract } from "tar-stream";
import { packApplication } from "../../components/application-archive";
import { offerApplication } from "../../components/docker/application";

describe("the application archive", () => {
  let directory: string;
  const write = (path: string, content: string) => {
    mkdirSync(join(directory, "app", path, ".."), { recursive: true });
    writeFileSync(join(directory, "app", path), content);
  };
  const packed = () => packApplication(join(directory, "app"), join(directory, "out"));

  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), "application-"));
    write("public/index.php", "<?php echo 1;");
    write("public/style.css", "a {}");
    write(".git/config", "not part of it");
  });
  afterEach(() => rmSync(directory, { recursive: true }));

  it("holds the files in a fixed order, readable and owned by root, without version control", async () => {
    const entries: string[] = [];
    const reader = Readable.from(readFileSync((await packed()).path)).pipe(extract());
    for await (const entry of reader) {
      const { name, mode, uid } = entry.header;
      entries.push(`${name} ${mode?.toString(8)} ${uid}`);
      entry.resume();
    }
    assert.deepEqual(entries, ["public/index.php 644 0", "public/style.css 644 0"]);
  });

  it("is the same, byte for byte, whatever the times of the files", async () => {
    const first = await packed();
    utimesSync(join(directory, "app/public/style.css"), 1, 1);
    assert.deepEqual(await packed(), first);
  });

  it("has another name and another modification time when the content changes, even at the same length", async () => {
    const times = async (path: string) => {
      const found: number[] = [];
      for await (const entry of Readable.from(readFileSync(path)).pipe(extract())) {
        if (entry.header.name === "public/style.css") found.push(Number(entry.header.mtime));
        entry.resume();
      }
      return found;
    };
    const first = await packed();
    write("public/style.css", "b {}");
    const second = await packed();
    assert.notEqual(second.path, first.path);
    assert.notDeepEqual(await times(second.path), await times(first.path));
  });

  it("serves public/ where there is one, else the directory itself", async () => {
    assert.equal((await packed()).documentRoot, "public");
    rmSync(join(directory, "app/public"), { recursive: true });
    write("index.html", "hello");
    assert.equal((await packed()).documentRoot, "");
  });

  it("refuses a directory without an index, and one that isn't there, by name", async () => {
    rmSync(join(directory, "app/public/index.php"));
    await assert.rejects(packed(), /app\/public has neither an index\.php nor an index\.html/);
    rmSync(join(directory, "app"), { recursive: true });
    await assert.rejects(packed(), /app, which is not a directory/);
  });

  it("is offered to machines by name and hash, beside no other version, and anew when another was in between", async () => {
    const before = offerApplication(await packed(), false);
    const wanted = join(directory, "out", "wanted");
    utimesSync(wanted, 1000, 1000);
    assert.equal(offerApplication(await packed(), false), 1_000_000);
    write("public/new.txt", "another version");
    const archive = await packed();
    assert.ok(offerApplication(archive, true) >= before);
    assert.equal(statSync(wanted).mtimeMs, 1_000_000, "a preview leaves it as it is");
    assert.ok(offerApplication(archive, false) >= before);
    const file = archive.path.split("/").at(-1);
    assert.equal(readFileSync(join(directory, "out", "wanted"), "utf8"), `${file} ${archive.sha256}\n`);
    assert.deepEqual(readdirSync(join(directory, "out")), [file, "wanted"]);
  });
});
