import type { Allowed, Fault } from "../fault";
import type { Lab } from "../lab";

/** The services of a machine, and on whose machine one is attacked: where it hurts most. */
const services: { unit: string; what: string; find: (lab: Lab) => Promise<string>; allowed: Omit<Allowed, "whole"> }[] =
  [
    // what a visitor has in flight with the process that ends is lost, and nobody else knows of it
    {
      unit: "haproxy",
      what: "HAProxy of the holder",
      find: (lab) => lab.holder(),
      allowed: { failedReads: 3, readGap: 1, writeGap: 1 },
    },
    { unit: "nginx", what: "Nginx of a replica", find: (lab) => lab.replica(), allowed: { readGap: 1, writeGap: 1 } },
    {
      unit: "php8.4-fpm",
      what: "PHP-FPM of a replica",
      find: (lab) => lab.replica(),
      allowed: { readGap: 1, writeGap: 1 },
    },
    {
      unit: "mysql",
      what: "mysqld of the primary",
      find: (lab) => lab.primary(),
      allowed: { readGap: 1, writeGap: 7 },
    },
    {
      unit: "keepalived",
      what: "keepalived of the holder",
      find: (lab) => lab.holder(),
      allowed: { failedReads: 10, readGap: 1, writeGap: 1 },
    },
    {
      unit: "database-agent",
      what: "the database agent of the primary",
      find: (lab) => lab.primary(),
      allowed: { readGap: 1, writeGap: 7 },
    },
  ];

/** As long as it takes to see that a service comes back, or doesn't. */
const WATCHED = 15;
/** A process that ends is noticed, and started again, at once. */
const KILLED = 8;

function each(
  name: string,
  what: string,
  strike: (lab: Lab, machine: string, unit: string) => ReturnType<Fault["inject"]>,
  allow: Readonly<Record<string, Partial<Allowed>>> = {},
  seconds = WATCHED,
): Fault[] {
  return services.map(({ unit, what: service, find, allowed }) => ({
    name: `${name}-${unit}`,
    group: "service",
    what: `${what}: ${service}`,
    seconds,
    inject: async (lab) => strike(lab, await find(lab), unit),
    allowed: { ...allowed, whole: 30, ...allow[unit] },
  }));
}

/**
 * Ends all processes of a service as a crash or the kernel does. Not `systemctl kill`: that writes to cgroup.kill, after which the
 * kernel (6.18) kills what systemd starts there next too, ExecStopPost.
 */
const KILL = (unit: string) =>
  `kill -9 $(cat /sys/fs/cgroup$(systemctl show --property=ControlGroup --value ${unit}.service)/cgroup.procs)`;

/** Makes a service's process end as soon as it has been started. */
const CRASHES = (unit: string) => `
  mkdir -p /run/systemd/system/${unit}.service.d
  printf '[Service]\\nExecStartPre=/bin/false\\n' > /run/systemd/system/${unit}.service.d/crash.conf
  systemctl daemon-reload
  ${KILL(unit)}`;
const CRASHES_NO_MORE = (unit: string) => `
  rm -r /run/systemd/system/${unit}.service.d/crash.conf
  systemctl daemon-reload`;

export const serviceFaults: Fault[] = [
  {
    name: "kill-all-services",
    group: "service",
    what: "kill -9: all services of the holder but MySQL, at once",
    seconds: KILLED,
    async inject(lab) {
      const units = services.map(({ unit }) => unit).filter((unit) => unit !== "mysql");
      await lab.run(await lab.holder(), units.map(KILL).join("; "));
      return undefined;
    },
    allowed: { failedReads: 10, readGap: 2, writeGap: 2, whole: 30 },
  },
  ...each(
    "kill-9",
    "kill -9",
    async (lab, machine, unit) => {
      await lab.run(machine, KILL(unit));
      return undefined;
    },
    {},
    KILLED,
  ),
  {
    name: "kill-9-mysql-joining",
    group: "service",
    what: "kill -9: mysqld of a replica, and once more while it joins its group",
    seconds: KILLED,
    async inject(lab) {
      const joins = 'curl -s 127.0.0.1:9200/state | grep -q \'"action": "join"\'';
      await lab.run(await lab.replica(), `${KILL("mysql")}; until ${joins}; do sleep 0.05; done; ${KILL("mysql")}`);
      return undefined;
    },
    // its group remembers a join that was broken off for 65 s, and takes nobody from there meanwhile (group_port.py)
    allowed: { readGap: 1, writeGap: 1, whole: 110 },
  },
  ...each("stop-service", "Stopped by hand, started again after 15 s", async (lab, machine, unit) => {
    // what systemctl stop does, without the wait
    await lab.run(machine, `systemctl stop ${unit}.service`);
    return () => lab.run(machine, `systemctl start ${unit}.service`);
  }),
  ...each(
    "hang",
    "Hangs (SIGSTOP)",
    async (lab, machine, unit) => {
      await lab.run(machine, `systemctl kill --signal=STOP ${unit}.service`);
      return undefined;
    },
    // The kernel goes on accepting connections for it. keepalived's check takes two time-outs of 1 s to tell this from a busy
    // computer, and HAProxy's of a database as long.
    { haproxy: { failedReads: 40, readGap: 4, writeGap: 4 }, mysql: { readGap: 3 } },
  ),
  ...each(
    "crash-loop",
    "Crashes at each start, for 15 s",
    async (lab, machine, unit) => {
      await lab.run(machine, CRASHES(unit));
      return () => lab.run(machine, CRASHES_NO_MORE(unit));
    },
    // the others take the role from a primary whose agent is silent for 8 s
    { "database-agent": { writeGap: 11 } },
  ),
];
