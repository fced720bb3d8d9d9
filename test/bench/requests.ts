import assert from "node:assert/strict";
import { setTimeout as sleep } from "node:timers/promises";
import { DOMAIN, docker, testStack } from "../e2e/stack";
import { type Answered, load } from "./load";
import { type Comparison, inTurn } from "./series";

/** One load balancer before three web servers, which is what is compared here; nobody is limited by address. */
const stack = testStack("bench", "172.30.93.51", {
  topology: "load-balanced",
  addressRange: "172.30.93.0/24",
  httpPort: 18193,
  httpsPort: 18593,
  requestsPerAddress: 0,
  connectionsPerAddress: 0,
});

/** With a fixed rate that leaves all processors idle for most of the time, in requests a second. */
const PAGES = {
  "the PHP page": { path: "/", rate: 15 },
  "a static file": { path: "/style.css", rate: 50 },
} as const;
const OTHERS = ["web-2", "web-3"];
const EDGE = "through HAProxy, with TLS to it and from it";
const DIRECT = "by Nginx directly, on its machine";

const SECONDS = 6;
/**
 * Kept open. At a fixed rate only one, because autocannon begins each second's requests on all connections at once, which
 * would measure how they wait for each other.
 */
const CONNECTIONS = { fixedRate: 1, full: 10, fullOfThree: 30 };
/** Of each web server where throughput is measured, alone or one of three: so little that it, and nothing else here, is what is too slow. */
const CORES = { one: 0.5, ofThree: 0.3 };

/** What the load balancer costs: one web server behind it, against the same web server alone. */
export function benchRequest(runs: number): Promise<Comparison[]> {
  return withStack(async () => {
    await balance(1);
    const slow: Comparison[] = [];
    const full: Comparison[] = [];
    for (const [page, { path, rate }] of Object.entries(PAGES)) {
      const { p50, p99 } = await inTurn(throughAndDirect(path, rate), runs);
      slow.push(
        {
          name: `request-${slug(path)}-p50`,
          title: `Half of the requests for ${page} at ${rate} a second are answered within`,
          unit: "ms",
          series: p50,
          goals: [{ against: DIRECT, as: "difference", atMost: 1 }],
        },
        {
          name: `request-${slug(path)}-p99`,
          title: `99 of 100 requests for ${page} at ${rate} a second are answered within`,
          unit: "ms",
          series: p99,
          goals: [],
        },
      );
    }
    await limit(CORES.one);
    for (const [page, { path }] of Object.entries(PAGES)) {
      const { perSecond } = await inTurn(throughAndDirect(path), runs);
      full.push({
        name: `request-${slug(path)}-throughput`,
        title: `Requests for ${page}, as many as one web server answers`,
        unit: "requests/s",
        series: perSecond,
        goals: path === "/" ? [{ against: DIRECT, atLeast: 0.9 }] : [],
        note: `The web server has ${CORES.one} of a core, as else the load balancer and the load itself would take from its processor here.`,
      });
    }
    return [...full, ...slow];
  });
}

/** What more web servers bring. */
export function benchScale(runs: number): Promise<Comparison[]> {
  const ONE = "one web server";
  return withStack(async () => {
    await limit(CORES.ofThree);
    const measure = async (servers: number) => {
      await balance(servers);
      // as many visitors for one: with fewer, each of three would be without work now and then
      const { perSecond } = await through("/", undefined, CONNECTIONS.fullOfThree);
      return { perSecond };
    };
    const { perSecond } = await inTurn(
      [
        { name: "three web servers", run: () => measure(3) },
        { name: ONE, run: () => measure(1) },
      ],
      runs,
    );
    return [
      {
        name: "scale",
        title: "Requests for the PHP page",
        unit: "requests/s",
        series: perSecond,
        goals: [{ against: ONE, atLeast: 2.6 }],
        note: `Each web server, with its database, has ${CORES.ofThree} of a core.`,
      },
    ];
  });
}

const slug = (path: string) => (path === "/" ? "php" : "static");

const throughAndDirect = (path: string, rate?: number) => [
  { name: EDGE, run: async () => ({ ...(await through(path, rate)) }) },
  { name: DIRECT, run: async () => ({ ...(await direct(path, rate)) }) },
];

function through(path: string, rate?: number, connections?: number): Promise<Answered> {
  const url = `https://${stack.entry}${path}`;
  return load({ ...common(rate, connections), url, ca: stack.authority() });
}

async function direct(path: string, rate?: number): Promise<Answered> {
  const { State } = await stack.container("web-1").inspect();
  return load({ ...common(rate), url: `http://127.0.0.1:8080${path}` }, State.Pid);
}

const common = (rate?: number, connections = rate ? CONNECTIONS.fixedRate : CONNECTIONS.full) => ({
  domain: DOMAIN,
  connections,
  seconds: SECONDS,
  rate,
});

async function withStack<T>(act: () => Promise<T>): Promise<T> {
  await stack.command("destroy", "--data");
  try {
    stack.writeSettings();
    stack.acceptSingleLoadBalancer();
    await stack.start();
    // what a machine does after its first boot is not what is measured
    await sleep(20_000);
    return await act();
  } finally {
    await stack.command("destroy", "--data");
    stack.removeSettings();
  }
}

/** How many of the web servers get requests; the others say that they are about to stop. */
async function balance(servers: number): Promise<void> {
  for (const [index, machine] of OTHERS.entries()) {
    const verb = index + 2 <= servers ? ["rm", "-f"] : ["touch"];
    const { exitCode, output } = await stack.onMachine(machine, ...verb, "/run/machine-draining");
    assert.equal(exitCode, 0, output);
  }
  // two checks, a second apart
  await sleep(3000);
}

async function limit(cores: number): Promise<void> {
  for (const machine of ["web-1", ...OTHERS])
    await docker.getContainer(stack.container(machine).id).update({ CpuPeriod: 100_000, CpuQuota: cores * 100_000 });
}
