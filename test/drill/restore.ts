import assert from "node:assert/strict";
import { cpSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import type { TestStack } from "../e2e/stack";
import { DOMAIN, eventually } from "../e2e/stack";
import { startVisitors } from "../load/visitors";

const TABLE = "application.messages";
const STATE = "SELECT MEMBER_STATE FROM performance_schema.replication_group_members WHERE MEMBER_ID = @@server_uuid";

/**
 * What an operator has to be able to rely on, on a running stack: a table that was dropped by mistake comes back with every
 * row, everywhere; and what can't be restored is refused before anything is touched.
 * @param databases names of all database machines
 */
export function restoreDrill(stack: TestStack, databases: readonly string[]): void {
  const { command, entry, name, onMachine } = stack;
  const repository = join(".state", "backups", name);
  let beforeBackup = "";
  let beforeMistake = "";

  async function sql(machine: string, statement: string): Promise<string> {
    const { exitCode, output } = await onMachine(machine, "mysql", "-NBe", statement);
    assert.equal(exitCode, 0, output);
    return output.replaceAll("\r", "").trim();
  }

  /** Rows of the site's table on a machine, in order. */
  const rows = (machine: string) => sql(machine, `SELECT token FROM ${TABLE} ORDER BY token`);

  async function primary(): Promise<string> {
    for (const machine of databases) if ((await sql(machine, "SELECT @@super_read_only")) === "0") return machine;
    throw new Error("there is no primary");
  }

  /** The present second, once it is over: what was written until now was written before the next one. */
  async function nextSecond(): Promise<string> {
    await sleep(1050 - (Date.now() % 1000));
    return new Date().toISOString().slice(0, 19);
  }

  async function refused(why: RegExp, ...options: string[]): Promise<void> {
    const before = await rows(await primary());
    const { exitCode, output } = await command("restore", ...options);
    assert.equal(exitCode, 1, output);
    assert.match(output, why);
    assert.match(output, /Nothing was changed/);
    assert.equal(await rows(await primary()), before);
  }

  const confirmed = ["--confirm", name];

  it("makes a full backup, and says what it has", async () => {
    // the logs tell of a database that no full backup has
    await sql(await primary(), "CREATE DATABASE passing; CREATE TABLE passing.by (id INT PRIMARY KEY)");
    await sql(await primary(), "INSERT INTO passing.by VALUES (1); DROP DATABASE passing");
    beforeBackup = await nextSecond();
    // what was there before is the same to the second only after this one
    await sleep(1100);
    const { exitCode, output, seconds } = await command("backup");
    assert.equal(exitCode, 0, output);
    assert.match(output, /full backup [0-9a-f]{8} of .* UTC by web-\d: \d+ kB, .* in [\d.]+ s/);
    console.log(`      ${output.trim().split("\n").at(-1)} (${seconds.toFixed(1)} s in all)`);
    const list = await command("backup", "--list");
    assert.match(list.output, /Any second can be restored from .* UTC to .* UTC/);
    const status = await command("status");
    assert.match(status.output, /backup {2}full [0-9a-f]{8} \d+ (s|min) ago/);
  });

  it("brings a dropped table back, with every row that was acknowledged before, on every machine", async () => {
    const ca = stack.authority();
    const visitors = startVisitors({ address: entry, domain: DOMAIN, ca, writesPerSecond: 10, readsPerSecond: 5 });
    await sleep(3000);
    const { acknowledged } = await visitors.stop();
    beforeMistake = await nextSecond();
    const expected = await rows(await primary());
    for (const token of acknowledged) assert.ok(expected.includes(token), `${token} was acknowledged`);
    assert.ok(acknowledged.length > 5, `${acknowledged.length} rows`);

    await sql(await primary(), `DELETE FROM ${TABLE} LIMIT 3; DROP TABLE ${TABLE}`);
    const { exitCode, output, seconds } = await command("restore", "--at", beforeMistake, ...confirmed);
    assert.equal(exitCode, 0, output);
    assert.match(output, new RegExp(`${TABLE}: no table now, ${expected.split("\n").length} rows then`));
    assert.match(output, /the present data is safe in the full backup [0-9a-f]{8}/);
    console.log(`      ${expected.split("\n").length} rows back in ${seconds.toFixed(1)} s`);
    for (const machine of databases) {
      await eventually(`${machine} has the table`, 30, async () => (await rows(machine)) === expected);
      assert.equal(await sql(machine, "SHOW DATABASES LIKE 're%\\_\\_%'"), "", "left over");
    }
    const { body, status } = await stack.request("/api/messages", { ca });
    assert.equal(status, 200, body);
    await eventually("the stack is whole", 90, async () => (await command("status")).exitCode === 0);
  });

  // there has to be one to copy from that neither writes nor backs up
  if (databases.length > 2)
    it("goes by no logs that begin with a copy of another database's data", async () => {
      const writer = await primary();
      const { turn } = JSON.parse((await onMachine(writer, "machine-backup", "who")).output);
      const donor = databases.find((each) => each !== turn && each !== writer) as string;
      const insert = (name: string) =>
        sql(
          writer,
          `INSERT INTO ${TABLE} (token, name, message, web_server, created_at) VALUES (UUID(), '${name}', '', '', NOW(3))`,
        );
      assert.equal((await command("backup")).exitCode, 0);
      await timers("stop");
      try {
        // in no log of the machine that backs up
        await insert("before the copy");
        const copy = await onMachine(turn, "sh", "-c", `echo ${turn} | database-agent copy-from ${donor}`);
        assert.equal(copy.exitCode, 0, copy.output);
        const itsTurn = `mysql -NBe "${STATE}" | grep -q ONLINE && machine-backup who | grep -q 'turn": "${turn}'`;
        await eventually(`it is the turn of ${turn} again`, 60, async () => {
          return (await onMachine(turn, "sh", "-c", itsTurn)).exitCode === 0;
        });
        await insert("after the copy");
        const expected = await rows(writer);
        const then = await nextSecond();
        await sleep(1100);

        const { output: made } = await onMachine(turn, "machine-backup", "tick");
        assert.match(made, /^full backup [0-9a-f]{8}/, "its logs go on from no full backup, so it makes one");
        const { exitCode, output } = await command("restore", "--at", then, ...confirmed);
        assert.equal(exitCode, 0, output);
        assert.equal(await rows(writer), expected);
      } finally {
        await timers("start");
      }
      await eventually("the stack is whole", 90, async () => (await command("status")).exitCode === 0);
    });

  it("refuses without a confirmation, and says what would be lost", () =>
    refused(
      /transactions were committed since then:[\s\S]*messages: \d+ rows now[\s\S]*not confirmed/,
      "--at",
      beforeMistake,
    ));

  it("refuses a time before the oldest backup, in the future, and what is no time", async () => {
    const early = new Date(Date.parse(`${beforeBackup}Z`) - 30 * 86_400_000).toISOString().slice(0, 19);
    await refused(/before the oldest full backup that is kept\. Any second can be restored from/, "--at", early);
    await refused(/is in the future/, "--at", "2100-01-01 00:00:00");
    await refused(/"yesterday" is no time/, "--at", "yesterday");
  });

  it("refuses a damaged archive", async () => {
    await exchanged(() => {
      for (const file of files(join(repository, "data"))) {
        // all over: pruning puts parts of many copies into one file, and only some of them are needed
        const content = readFileSync(file);
        for (let at = 0; at < content.length; at += 100) content[at] = (content[at] as number) ^ 0xff;
        writeFileSync(file, content);
      }
    }, /are damaged/);
  });

  it("refuses an archive of another stack", async () => {
    await exchanged(async () => {
      for (const entry of readdirSync(repository)) rmSync(join(repository, entry), { recursive: true });
      const make = "echo other >/run/other && restic init -q -r /var/backups/web-infrastructure -p /run/other";
      const { exitCode, output } = await onMachine(databases[0] as string, "sh", "-c", make);
      assert.equal(exitCode, 0, output);
    }, /are another stack's/);
  });

  /** Tries to restore from something else than the stack's own archive, which is put back. */
  async function exchanged(change: () => unknown, why: RegExp): Promise<void> {
    const copy = `${repository}.copy`;
    mkdirSync(copy);
    await timers("stop");
    try {
      cpSync(repository, copy, { recursive: true });
      await change();
      await refused(why, "--at", beforeMistake, ...confirmed);
    } finally {
      for (const entry of readdirSync(repository)) rmSync(join(repository, entry), { recursive: true });
      for (const entry of readdirSync(copy)) renameSync(join(copy, entry), join(repository, entry));
      rmSync(copy, { recursive: true });
      await timers("start");
    }
  }

  /** What a machine backed up meanwhile would be half in one archive, half in the other. */
  async function timers(what: "start" | "stop"): Promise<void> {
    // the copy that is under way is waited for
    const wait = "while systemctl is-active machine-backup.service | grep -q ing; do sleep 0.2; done";
    for (const machine of databases) {
      const script = `systemctl ${what} machine-backup.timer; ${wait}`;
      const { exitCode, output } = await onMachine(machine, "sh", "-c", script);
      assert.equal(exitCode, 0, output);
    }
  }
}

function files(directory: string): string[] {
  return readdirSync(directory, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name));
}
