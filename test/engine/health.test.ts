import assert from "node:assert/strict";
import { alertsOf, type KnownMachine, type MachineStatus, problems, tellsNobody } from "../../engine/commands/health";
import { knownMachine, ready } from "./known-machine";

const VIRTUAL_IP = "172.30.0.10";
const now = new Date("2026-01-01T00:00:00Z");
const site = { url: "https://www.foobar.com", answer: "answers 200 in 5 ms", ok: true };

function machine(number: number, status: Partial<MachineStatus> = {}, container: Partial<KnownMachine> = {}) {
  const name = `web-${number}`;
  const address = `172.30.0.1${number}`;
  return knownMachine(name, {
    address,
    status: {
      ...ready,
      addresses: number === 1 ? [address, VIRTUAL_IP] : [address],
      backends: {
        web: { "web-1": "UP", "web-2": "UP", "web-3": "UP" },
        "database-write": { "web-1": "UP", "web-2": "DOWN", "web-3": "DOWN" },
      },
      database: { reason: "as it should be", settled: true },
      ...status,
    },
    ...container,
  });
}

describe("the health of a stack", () => {
  const whole = [machine(1), machine(2), machine(3)];
  const judged = (machines: KnownMachine[]) => problems(machines, [], [VIRTUAL_IP], site, now);

  it("of which nothing is wrong needs no words", () => assert.deepEqual(judged(whole), []));

  const faults: [string, KnownMachine, RegExp][] = [
    ["a stopped machine", { ...machine(2), state: "exited", status: undefined }, /web-2 is exited; `npm start`/],
    ["a machine that doesn't answer", { ...machine(2), status: undefined }, /web-2 runs, but doesn't answer/],
    [
      "what isn't ready",
      machine(2, { ready: { exit: 1, says: "web: no answer" } }),
      /web-2 is not ready: web: no answer/,
    ],
    [
      "backups that stopped",
      machine(2, {
        backup: {
          since: "2025-12-01T00:00:00Z",
          logs: "2025-12-31T22:00:00Z",
          due: "2026-01-01T02:30:00Z",
          problem: "no space",
        },
      }),
      /binary logs were not backed up for 2 h: no space/,
    ],
    [
      "a full backup that is overdue",
      machine(2, {
        backup: {
          since: "2025-12-01T00:00:00Z",
          logs: "2025-12-31T23:59:30Z",
          due: "2025-12-31T02:30:00Z",
          full: { id: "1", time: "2025-12-30T02:30:00Z", size: 1 },
          problem: "",
        },
      }),
      /the last full backup is 46 h old/,
    ],
    ["a failed service", machine(2, { failed: ["nginx.service"] }), /web-2: nginx\.service failed/],
    [
      "a web server that gets no requests",
      machine(2, { backends: { web: { "web-3": "DOWN" } } }),
      /web-2 sends no requests to web-3: DOWN/,
    ],
    [
      "a database that lags",
      machine(2, { database: { reason: "catching up with web-1", settled: false } }),
      /web-2, database: catching up with web-1/,
    ],
    [
      "a certificate that the directory doesn't renew",
      machine(2, {
        certificate: { fromDirectory: true, problem: "https://a/dir: too many", since: "2025-12-31T20:00:00Z" },
      }),
      /web-2: the certificate isn't renewed, since 2025-12-31T20:00:00Z; https:\/\/a\/dir: too many \(docs\/runbooks/,
    ],
    [
      "a certificate that the directory hasn't given yet",
      machine(2, { certificate: { fromDirectory: false, problem: null, since: null } }),
      /web-2: no browser trusts its certificate yet; it asks/,
    ],
    ["an address held twice", machine(2, { addresses: [VIRTUAL_IP] }), /web-1 and web-2 both hold the address/],
  ];
  for (const [fault, faulty, expected] of faults) {
    it(`names ${fault}, and nothing else`, () => {
      const found = judged([machine(1), faulty, machine(3)]);
      assert.equal(found.length, 1, found.join("\n"));
      assert.match(found[0] ?? "", expected);
    });
  }

  it("names an address that nobody holds", () => {
    assert.match(judged([machine(2), machine(3)])[0] ?? "", /nobody holds the address 172\.30\.0\.10/);
  });

  it("names the want of a primary", () => {
    const backends = { "database-write": { "web-1": "DOWN", "web-2": "DOWN" } };
    assert.deepEqual(judged([machine(1, { backends }), machine(2, { backends })]), [
      "there is no primary database: nothing can be written",
    ]);
  });

  it("names a machine that is gone, and what the site answers instead of the page", () => {
    const refused = { ...site, answer: "connection refused", ok: false };
    assert.deepEqual(problems([machine(1)], ["web-2"], [VIRTUAL_IP], refused, now), [
      "web-2 is gone; `npm start` makes it anew",
      "https://www.foobar.com: connection refused",
    ]);
  });

  it("names a certificate that ends soon, not one that has time", () => {
    const until = (date: string) =>
      problems(whole, [], [VIRTUAL_IP], { ...site, certificateExpires: new Date(date) }, now);
    assert.deepEqual(until("2026-01-17"), []);
    assert.match(until("2026-01-10")[0] ?? "", /certificate ends in 9 days/);
  });

  it("gives a certificate of a short lifetime a sixth of it", () => {
    const until = (date: string) =>
      problems(
        whole,
        [],
        [VIRTUAL_IP],
        { ...site, certificate: "acme", certificateBegins: new Date("2025-12-01"), certificateExpires: new Date(date) },
        now,
      );
    assert.deepEqual(until("2026-01-10"), []);
    assert.match(until("2026-01-06")[0] ?? "", /ends in 5 days; the load balancers don't get a new one/);
  });

  const alert = {
    name: "AlertsNotDelivered",
    severity: "critical",
    summary: "Alerts could not be delivered by webhook",
    runbook: "docs/runbooks/service-failed.md",
    since: "2026-01-01T00:00:00Z",
    degrades: true,
  };
  const webhook = { name: "webhook", problem: "" };

  it("names what only the monitors see, once though both see it; other alerts are shown, not judged", () => {
    const monitor = { alerts: [alert, { ...alert, name: "MachineDown", degrades: false }], receivers: [webhook] };
    const machines = [machine(1), machine(2, { monitor }), machine(3, { monitor })];
    assert.deepEqual(judged(machines), ["Alerts could not be delivered by webhook (docs/runbooks/service-failed.md)"]);
    assert.deepEqual(
      alertsOf(machines).map(({ name }) => name),
      ["AlertsNotDelivered", "MachineDown"],
    );
  });

  it("names a receiver that a monitor can't reach, and a Prometheus that doesn't answer", () => {
    const receivers = [{ ...webhook, problem: "172.30.0.1:9: Connection refused" }];
    assert.deepEqual(judged([machine(1), machine(2, { monitor: { alerts: [], receivers } }), machine(3)]), [
      "web-2 can't send alerts by webhook: 172.30.0.1:9: Connection refused; see the settings alert…",
    ]);
    assert.deepEqual(judged([machine(1), machine(2, { monitor: { receivers: [webhook] } }), machine(3)]), [
      "web-2: Prometheus doesn't answer",
    ]);
  });

  it("tells monitors that have nobody to tell", () => {
    const monitored = (receivers: (typeof webhook)[]) => [machine(1, { monitor: { alerts: [], receivers } })];
    assert.ok(tellsNobody(monitored([])));
    assert.ok(!tellsNobody(monitored([webhook])));
    assert.ok(!tellsNobody(whole));
  });
});
