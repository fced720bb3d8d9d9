import assert from "node:assert/strict";
import { setTimeout as sleep } from "node:timers/promises";
import { problemsSeenByMonitoring } from "../../engine/commands/health";
import { examine } from "../../engine/commands/status";
import { readProject } from "../../engine/project";
import { DOMAIN, eventually, type TestStack } from "../e2e/stack";
import { type Report, startVisitors } from "../load/visitors";

export const machines = ["web-1", "web-2", "web-3"];

/** What a machine says of itself, as far as the tests ask. */
export interface MachineStatus {
  readonly addresses: string[];
  readonly backends: Record<string, Record<string, string>>;
  readonly database: {
    readonly reason: string;
    readonly database: { readonly state: string; readonly role: string; readonly primary: string };
  };
}

export const others = (machine: string) => machines.filter((each) => each !== machine);

export type Lab = ReturnType<typeof labOf>;

/** A highly available stack under attack: who is who, what can be done to it, and whether it is whole. */
export function labOf(stack: TestStack) {
  const { container, onMachine, entry } = stack;

  /** Runs a shell script on a machine as root; it has to succeed. */
  async function run(machine: string, script: string): Promise<string> {
    const { exitCode, output } = await onMachine(machine, "sh", "-ec", script);
    assert.equal(exitCode, 0, `${machine}: ${script}\n${output}`);
    return output;
  }

  const sql = (machine: string, statement: string) => run(machine, `mysql -NB <<'END'\n${statement}\nEND`);

  async function statusOf(machine: string): Promise<MachineStatus> {
    return JSON.parse((await onMachine(machine, "machine-status")).output);
  }

  async function primary(): Promise<string> {
    const { database } = (await statusOf("web-1")).database;
    assert.ok(machines.includes(database.primary), `web-1 knows no primary: ${JSON.stringify(database)}`);
    return database.primary;
  }

  /** The machine that holds the virtual IP. */
  async function holder(): Promise<string> {
    const statuses = await Promise.all(machines.map(statusOf));
    const holders = machines.filter((_, index) => statuses[index]?.addresses.includes(entry));
    assert.equal(holders.length, 1, `held by ${holders.join(" and ") || "nobody"}`);
    return holders[0] as string;
  }

  /** Neither the primary nor the holder of the address. */
  async function replica(): Promise<string> {
    const busy = [await primary(), await holder()];
    return machines.find((each) => !busy.includes(each)) as string;
  }

  /** Gives the role of primary to another machine than the one that holds the address: each fault has one victim. */
  async function separate(): Promise<void> {
    const both = await holder();
    if ((await primary()) !== both) return;
    const uuid = await sql(others(both)[0] as string, "SELECT @@server_uuid");
    await sql(both, `SELECT group_replication_set_as_primary('${uuid}')`);
    await eventually("another machine is the primary", 20, async () => (await primary()) !== both);
  }

  const report = () => examine(readProject(process.cwd(), stack.name));
  /** What isn't as it should be, as `npm run status` says it. */
  const problems = async () => (await report()).problems;

  /**
   * Waits until nothing is wrong any more; resolves to when it was first seen to be so. An alert has to end as well, but it
   * tells of the last minutes, so those until it does don't count.
   */
  async function whole(seconds = 90): Promise<number> {
    const end = Date.now() + seconds * 1000;
    let wrong = ["it wasn't asked"];
    let since: number | undefined;
    while (Date.now() < end) {
      let past: string[] = [];
      try {
        const found = await report();
        past = problemsSeenByMonitoring(found.machines);
        wrong = found.problems;
      } catch (error) {
        wrong = [(error as Error).message];
      }
      if (wrong.some((problem) => !past.includes(problem))) since = undefined;
      else since ??= Date.now();
      // twice, so that a fault that isn't noticed yet doesn't look healed
      if (wrong.length === 0 && since !== undefined && Date.now() - since > 2000) return since;
      await sleep(1000);
    }
    throw new Error(`not whole within ${seconds} s:\n${wrong.join("\n")}\n${await stack.journals()}`);
  }

  /** Ten writes and ten reads a second, through the virtual IP; writes are tried again with the same token. */
  function visitors(): { stop(): Promise<Report> } {
    const ca = stack.authority();
    return startVisitors({ address: entry, domain: DOMAIN, ca, writesPerSecond: 10, readsPerSecond: 10 });
  }

  /** Each row that the site said it has is in each database, once. */
  async function acknowledgedRowsAreEverywhere(acknowledged: readonly string[], where = machines): Promise<void> {
    assert.notEqual(acknowledged.length, 0, "nothing was acknowledged, so this would prove nothing");
    for (const machine of where) {
      let missing: string[] = [];
      await eventually(`${machine} has all rows`, 60, async () => {
        const rows = (await sql(machine, "SELECT token FROM application.messages")).split(/\s+/);
        assert.equal(new Set(rows).size, rows.length, `a row is there twice on ${machine}`);
        const there = new Set(rows);
        missing = acknowledged.filter((token) => !there.has(token));
        return missing.length === 0;
      }).catch((error) => {
        throw new Error(`${error.message}: ${missing.length} of ${acknowledged.length} acknowledged rows are missing`);
      });
    }
  }

  /** No machine has a transaction that another lacks. */
  async function sameTransactionsEverywhere(): Promise<void> {
    await eventually("all databases have the same transactions", 30, async () => {
      const sets = await Promise.all(machines.map((machine) => sql(machine, "SELECT @@gtid_executed")));
      return new Set(sets.map((set) => set.replace(/\s/g, ""))).size === 1;
    });
  }

  return {
    stack,
    machines,
    run,
    sql,
    statusOf,
    primary,
    holder,
    replica,
    separate,
    problems,
    whole,
    visitors,
    acknowledgedRowsAreEverywhere,
    sameTransactionsEverywhere,
    kill: (machine: string) => container(machine).kill(),
    start: (machine: string) => container(machine).start(),
    container,
    onMachine,
  };
}
