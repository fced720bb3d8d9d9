import { spawn } from "node:child_process";
import { type Comparison, inTurn, timed } from "./series";

/** What needs no machine: the topology, the settings, what is rendered for machines, the components with mocks, the policies. */
const WITHOUT_MACHINES = [
  "test/{unit,topology,policy}/**/*.test.ts",
  // mocha takes braces for a pattern only beside an asterisk
  ...["compress", "hardening", "rendering", "user-data"].map((room) => `test/cloud-init/${room}.test.ts`),
];

/** How long somebody who changes a line waits for the tests of it. */
export async function benchTests(runs: number): Promise<Comparison[]> {
  const { time } = await inTurn([{ name: "the tests without machines", run: () => timed(mocha) }], runs);
  return [
    {
      name: "tests",
      title: "Tests of units, policies and rendering",
      unit: "ms",
      series: time,
      goals: [{ atMost: 30_000 }],
      note: `\`npx mocha --import=tsx --parallel ${WITHOUT_MACHINES.map((files) => `'${files}'`).join(" ")}\``,
    },
  ];
}

function mocha(): Promise<void> {
  const binary = require.resolve("mocha/bin/mocha.js");
  const options = ["--import=tsx", "--parallel", "--reporter=dot", "--timeout=30s", ...WITHOUT_MACHINES];
  const child = spawn(process.execPath, [binary, ...options], { stdio: ["ignore", "ignore", "inherit"] });
  return new Promise((resolve, reject) => {
    child.once("error", reject);
    child.once("close", (code) => (code === 0 ? resolve() : reject(new Error(`tests failed: ${code}`))));
  });
}
