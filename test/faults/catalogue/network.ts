import assert from "node:assert/strict";
import { execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { readdirSync, readFileSync, readlinkSync } from "node:fs";
import { basename } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { groupPorts, ports } from "../../../topology";
import type { Allowed, Fault, Heal } from "../fault";
import { type Lab, machines, others } from "../lab";

const NETWORKS = "/sys/class/net";

/** MySQL's own port and those that its group uses. */
const mysqlPorts = `{ ${ports.database}, ${groupPorts} }`;

/** Puts rules of our own beside the firewall's on a machine; resolves to what takes them away. */
async function rules(lab: Lab, machine: string, incoming: string[], outgoing: string[]): Promise<Heal> {
  const chain = (name: string, hook: string, lines: string[]) =>
    `chain ${name} { type filter hook ${hook} priority -200; policy accept; ${lines.join("; ")}; }`;
  await lab.run(
    machine,
    `nft -f - <<'END'
table inet fault {
  ${chain("in", "input", ["iif lo accept", ...incoming])}
  ${chain("out", "output", ["oif lo accept", ...outgoing])}
}
END`,
  );
  return () => lab.run(machine, "nft delete table inet fault");
}

/**
 * Unplugged at the other end: the machine's own link stays up. Not by rules on the machine: what keepalived sends to take an
 * address over (gratuitous ARP, by a raw socket) goes past them, and would lead visitors to a machine that is cut off.
 */
export async function cutOff(lab: Lab, machine: string): Promise<Heal> {
  const index = (await lab.run(machine, "cat /sys/class/net/eth0/iflink")).trim();
  const port = readdirSync(NETWORKS).find(
    (each) => readFileSync(`${NETWORKS}/${each}/ifindex`, "utf8").trim() === index,
  );
  assert.ok(port, `no end of the link of ${machine} here`);
  const bridge = basename(readlinkSync(`${NETWORKS}/${port}/master`));
  execFileSync("ip", ["link", "set", port, "nomaster"]);
  return async () => execFileSync("ip", ["link", "set", port, "master", bridge]);
}

/** The machine on the smaller side must take no write, neither by its own endpoint nor by its MySQL. */
export async function takesNoWrite(lab: Lab, machine: string): Promise<void> {
  const answer = await lab.onMachine(
    machine,
    "curl",
    "-so",
    "/dev/null",
    "-w",
    "%{http_code}",
    "http://127.0.0.1:9200/primary",
  );
  assert.equal(answer.output, "503", `${machine} calls itself the primary`);
  const { backends } = await lab.statusOf(machine);
  assert.ok(!Object.values(backends["database-write"] ?? {}).includes("UP"), `${machine}: its write endpoint is open`);
  const write = await lab.onMachine(machine, "timeout", "3", "mysql", "-e", "CREATE DATABASE split_brain");
  assert.notEqual(write.exitCode, 0, `${machine} accepted a write`);
}

const addresses = async (lab: Lab, names: readonly string[]) =>
  (await Promise.all(names.map(async (name) => (await lab.container(name).inspect()).NetworkSettings.Networks))).map(
    (networks) => Object.values(networks)[0]?.IPAddress,
  );

/** A partition between one machine and the two others; visitors still reach all three. */
async function apart(lab: Lab, machine: string, directions: { in: boolean; out: boolean }, only = ""): Promise<Heal> {
  const set = `{ ${(await addresses(lab, others(machine))).join(", ")} }`;
  return rules(
    lab,
    machine,
    directions.in ? [`ip saddr ${set} ${only} drop`] : [],
    directions.out ? [`ip daddr ${set} ${only} drop`] : [],
  );
}

const BOTH = { in: true, out: true };
const CUT = 15;
const all = (heals: Heal[]) => () => Promise.all(heals.map((heal) => heal()));

function losses(percent: number): Fault {
  return {
    name: `loss-${percent}`,
    group: "network",
    what: `${percent} % of all packets are lost, on every machine, in both directions`,
    seconds: 20,
    async inject(lab) {
      const drop = [`numgen random mod 100 < ${percent} drop`];
      return all(await Promise.all(machines.map((machine) => rules(lab, machine, drop, drop))));
    },
    // each connection needs several packets, each of which is sent again after 0.2 to 1 s at the earliest
    allowed:
      percent > 10
        ? { failedReads: 40, failedWrites: 5, whole: 60 }
        : { failedReads: 2, readGap: 3, writeGap: 9, whole: 60 },
    unlike: "by nftables at random, as this kernel may lack netem",
  };
}

/** Each packet that leaves a machine waits: the way there and back takes twice as long. */
async function delay(lab: Lab, machine: string, milliseconds: number): Promise<Heal> {
  const { State } = await lab.container(machine).inspect();
  const inNetwork = (...args: string[]) => execFileSync("nsenter", ["--target", `${State.Pid}`, "--net", ...args]);
  const rule = ["OUTPUT", "--out-interface", "eth0", "--jump", "NFQUEUE", "--queue-num", "7", "--queue-bypass"];
  const worker = ["python3", "test/faults/delay.py", `${milliseconds}`, "7"];
  const child = spawn("nsenter", ["--target", `${State.Pid}`, "--net", ...worker], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  // before it listens, packets go past it
  await once(child.stdout, "data");
  inNetwork("iptables-legacy", "--append", ...rule);
  return async () => {
    inNetwork("iptables-legacy", "--delete", ...rule);
    // what it holds still goes out
    await sleep(milliseconds * 2);
    child.kill();
  };
}

function delays(milliseconds: number, name: string, allowed: Allowed): Fault {
  const roundTrip = 2 * milliseconds;
  return {
    name,
    group: "network",
    what: `Each packet takes ${milliseconds} ms longer, from every machine to everybody (${roundTrip} ms there and back)`,
    seconds: 20,
    async inject(lab) {
      const heal = all(await Promise.all(machines.map((machine) => delay(lab, machine, milliseconds))));
      const connect = "curl --silent --output /dev/null --write-out '%{time_connect}' http://web-2:9200/state";
      const seconds = Number(await lab.run("web-1", connect));
      if (seconds * 1000 >= roundTrip * 0.8) return heal;
      await heal();
      assert.fail(`only ${seconds} s to connect`);
    },
    allowed,
    unlike: "by a queue in user space, as this kernel may lack netem",
  };
}

export const networkFaults: Fault[] = [
  {
    name: "cut-off-primary",
    group: "network",
    what: "The primary's machine is cut off from everybody",
    seconds: CUT,
    async inject(lab) {
      const machine = await lab.primary();
      const heal = await cutOff(lab, machine);
      return async () => {
        await takesNoWrite(lab, machine);
        await heal();
      };
    },
    allowed: { readGap: 1, writeGap: 7, whole: 60 },
  },
  {
    name: "cut-off-replica",
    group: "network",
    what: "A replica's machine is cut off from everybody",
    seconds: CUT,
    async inject(lab) {
      const machine = await lab.replica();
      const heal = await cutOff(lab, machine);
      return async () => {
        await takesNoWrite(lab, machine);
        await heal();
      };
    },
    allowed: { readGap: 1, writeGap: 7, whole: 60 },
  },
  {
    name: "cut-off-holder",
    group: "network",
    what: "The machine that holds the address is cut off from everybody",
    seconds: CUT,
    inject: async (lab) => cutOff(lab, await lab.holder()),
    allowed: { failedReads: 10, readGap: 1, writeGap: 7, whole: 60 },
  },
  {
    name: "cut-in-two",
    group: "network",
    what: "The network is cut in two: the primary alone, the other two; visitors reach both sides",
    seconds: CUT,
    async inject(lab) {
      const machine = await lab.primary();
      const heal = await apart(lab, machine, BOTH);
      return async () => {
        await takesNoWrite(lab, machine);
        await heal();
      };
    },
    allowed: { failedReads: 10, readGap: 1, writeGap: 7, whole: 60 },
  },
  {
    name: "cut-in-three",
    group: "network",
    what: "No machine reaches another; visitors reach all",
    seconds: CUT,
    async inject(lab) {
      const heals = await Promise.all(machines.map((machine) => apart(lab, machine, BOTH)));
      return async () => {
        for (const machine of machines) await takesNoWrite(lab, machine);
        await all(heals)();
      };
    },
    allowed: { failedReads: 20, failedWrites: 300, readGap: 3, whole: 60 },
  },
  {
    name: "one-way-in",
    group: "network",
    what: "One way: the primary's machine no longer hears the others, they hear it",
    seconds: CUT,
    inject: async (lab) => apart(lab, await lab.primary(), { in: true, out: false }),
    allowed: { failedReads: 10, readGap: 1, writeGap: 7, whole: 60 },
  },
  {
    name: "one-way-out",
    group: "network",
    what: "One way: the others no longer hear the primary's machine, it hears them",
    seconds: CUT,
    inject: async (lab) => apart(lab, await lab.primary(), { in: false, out: true }),
    allowed: { failedReads: 10, readGap: 1, writeGap: 7, whole: 60 },
  },
  {
    name: "one-way-holder",
    group: "network",
    what: "One way: the others no longer hear the holder of the address, it hears them",
    seconds: CUT,
    inject: async (lab) => apart(lab, await lab.holder(), { in: false, out: true }),
    allowed: { failedReads: 10, readGap: 1, writeGap: 7, whole: 60 },
  },
  {
    name: "database-ports",
    group: "network",
    what: "Only MySQL's ports are cut: 3306 and the group's, at the primary's machine",
    seconds: CUT,
    async inject(lab) {
      const machine = await lab.primary();
      const set = `{ ${(await addresses(lab, others(machine))).join(", ")} }`;
      return rules(
        lab,
        machine,
        [`ip saddr ${set} tcp dport ${mysqlPorts} drop`, `ip saddr ${set} tcp sport ${mysqlPorts} drop`],
        [`ip daddr ${set} tcp dport ${mysqlPorts} drop`, `ip daddr ${set} tcp sport ${mysqlPorts} drop`],
      );
    },
    allowed: { readGap: 1, writeGap: 7, whole: 60 },
  },
  // each request makes several connections of several round trips
  delays(100, "delay", { failedReads: 0, failedWrites: 0, readGap: 4, writeGap: 9, whole: 60 }),
  delays(200, "delay-long", { failedReads: 20, failedWrites: 60, readGap: 6, writeGap: 25, whole: 60 }),
  losses(5),
  losses(30),
  {
    name: "no-dns",
    group: "network",
    what: "No machine gets an answer from a name server",
    seconds: 10,
    async inject(lab) {
      const drop = ["udp dport 53 drop", "tcp dport 53 drop"];
      return all(await Promise.all(machines.map((machine) => rules(lab, machine, [], drop))));
    },
    allowed: { readGap: 1, writeGap: 1, whole: 10 },
  },
];
