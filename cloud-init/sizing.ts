import { applicationIsApart, isMonitored, type Machine, machinesWith, type Topology } from "../topology";

/** What a machine uses apart from PHP, and what MySQL does, in MiB: measured on small machines, with room to grow. */
const baseMemory = 150;
const mysqlMemory = 300;
/** The exporters of a machine, and what a monitor adds: Prometheus, Alertmanager and the probe. In MiB, measured likewise. */
const exporterMemory = 50;
const monitorMemory = 170;
/** What a busy PHP worker takes of its own, in MiB; what it shares (opcache, code) is part of `opcacheMemory`. */
const phpWorkerMemory = 40;
const opcacheMemory = 64;

/** How many workers a pool of PHP-FPM has at most, and how many of them wait for requests. */
export interface Workers {
  readonly max: number;
  readonly start: number;
  readonly maxSpare: number;
}

/**
 * How many PHP workers a machine runs at most. From memory: what is left after all else
 * divided by the size of a worker; from cores: more than eight per core only wait for each other. Trellis, which served
 * as the starting point, has at most 10, 1 at start and 1 to 3 waiting, on machines of this size.
 */
export function phpWorkers(topology: Topology, { size, roles }: Machine): number {
  const others =
    baseMemory +
    opcacheMemory +
    (roles.includes("database") ? mysqlMemory : 0) +
    (isMonitored(topology) ? exporterMemory : 0) +
    (roles.includes("monitor") ? monitorMemory : 0);
  const byMemory = Math.floor((size.memory - others) / phpWorkerMemory);
  return Math.max(4, Math.min(byMemory, size.cores * 8));
}

/**
 * The workers of a machine by what they are for: a third answers what may write, and nothing else. While writes wait for a
 * primary, or for one that is slow, pages are still made. Where PHP is on machines of its own, all do both.
 */
export function phpPools(topology: Topology, machine: Machine): { all: Workers; writing?: Workers } {
  const pool = (max: number) => ({ max, start: Math.min(2, max), maxSpare: Math.min(2 + machine.size.cores, max) });
  const all = phpWorkers(topology, machine);
  if (applicationIsApart(topology)) return { all: pool(all) };
  const writing = Math.ceil(all / 3);
  return { all: pool(all - writing), writing: pool(writing) };
}

/** The InnoDB buffer pool in MiB: half of a machine that is only a database, less of one that is more than that. */
export function bufferPool({ size, roles }: Machine): number {
  if (size.memory < 2048) return Math.max(32, Math.floor(size.memory / 16));
  return Math.floor(roles.length === 1 ? size.memory / 2 : size.memory / 4);
}

/** The performance schema costs about 100 MiB: nothing for a small machine. */
export function hasPerformanceSchema({ size }: Machine): boolean {
  return size.memory >= 4096;
}

/**
 * Connections a database has to accept: after a failover each PHP worker of all machines may hold one through the write
 * and one through the read endpoint; the rest is for replication, migrations, the agent and a person.
 */
export function databaseConnections(topology: Topology): number {
  const workers = machinesWith(topology, "application").map((machine) => phpWorkers(topology, machine));
  return workers.reduce((sum, max) => sum + 2 * max, 20);
}
