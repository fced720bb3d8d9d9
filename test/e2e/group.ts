import assert from "node:assert/strict";
import { startVisitors } from "../load/visitors";
import { DOMAIN, eventually, highlyAvailable } from "./stack";

const { authority, command, entry, onMachine } = highlyAvailable;

export const machines = ["web-1", "web-2", "web-3"];

/** What a machine says of itself, as far as the tests ask. */
interface MachineStatus {
  readonly addresses: string[];
  readonly backends: Record<string, Record<string, string>>;
  readonly database: { readonly database: { readonly state: string; readonly role: string; readonly primary: string } };
}

export async function statusOf(machine: string): Promise<MachineStatus> {
  return JSON.parse((await onMachine(machine, "machine-status")).output);
}

export async function primary(): Promise<string> {
  const { database } = (await statusOf("web-1")).database;
  assert.ok(machines.includes(database.primary), `web-1 knows no primary: ${JSON.stringify(database)}`);
  return database.primary;
}

/** The machine that holds the virtual IP. */
export async function holder(): Promise<string> {
  const statuses = await Promise.all(machines.map(statusOf));
  const holders = machines.filter((_, index) => statuses[index]?.addresses.includes(entry));
  assert.equal(holders.length, 1, `held by ${holders.join(" and ") || "nobody"}`);
  return holders[0] as string;
}

/** Everything is as it should be, as a person sees it. */
export async function whole(seconds = 90): Promise<void> {
  let output = "";
  try {
    await eventually("the stack is whole", seconds, async () => {
      const run = await command("status");
      output = run.output;
      return run.exitCode === 0;
    });
  } catch (error) {
    throw new Error(`${(error as Error).message}\n${output}`);
  }
}

/** Ten writes and ten reads a second, through the virtual IP; writes are tried again with the same token. */
export function visitors(): ReturnType<typeof startVisitors> {
  return startVisitors({ address: entry, domain: DOMAIN, ca: authority(), writesPerSecond: 10, readsPerSecond: 10 });
}

/** Each row that the site said it has is in each database, once. */
export async function acknowledgedRowsAreEverywhere(acknowledged: readonly string[], where = machines): Promise<void> {
  assert.notEqual(acknowledged.length, 0, "nothing was acknowledged, so this would prove nothing");
  for (const machine of where) {
    let missing: string[] = [];
    await eventually(`${machine} has all rows`, 60, async () => {
      const { output } = await onMachine(machine, "mysql", "-NBe", "SELECT token FROM application.messages");
      const rows = output.split(/\s+/);
      assert.equal(new Set(rows).size, rows.length, `a row is there twice on ${machine}`);
      missing = acknowledged.filter((token) => !rows.includes(token));
      return missing.length === 0;
    }).catch((error) => {
      throw new Error(`${error.message}: ${missing.length} of ${acknowledged.length} acknowledged rows are missing`);
    });
  }
}
