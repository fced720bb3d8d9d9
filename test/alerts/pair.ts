import assert from "node:assert/strict";
import { setTimeout as sleep } from "node:timers/promises";
import { type Groups, script } from "./provocation";

// What only a primary with its replica can lack, load balancers that get their certificate from a directory, and a monitor
// that nobody stands in for: what it knows and hasn't told yet has to come in the end.

/** A directory of certificates that nobody has ever heard of: nothing listens there. */
export const DEAD_DIRECTORY = "https://172.30.62.1:19062/directory";

/** It is asked and doesn't answer, that began 75 minutes ago, and it is asked again. */
const FAILING = `systemctl start machine-certificate
  before=$(date --utc --date '75 minutes ago' +%Y-%m-%dT%H:%M:%S+00:00)
  sed -i -E 's/("since": ).*/\\1"'$before'"/' /var/lib/machine/certificate/state.json
  systemctl start machine-certificate`;

/** Both programs that tell people are killed in the ten seconds in which they know of an alert and haven't told it. */
const killBeforeTold = (alert: string) => `api=$(python3 -c 'import json
print(json.load(open("/etc/machine/monitor.json"))["alertmanager"])')
  timeout 200 sh -c "until curl -s $api/api/v2/alerts | grep -q ${alert}; do sleep 0.2; done"
  systemctl kill --signal=KILL prometheus prometheus-alertmanager`;

export const pairProvocations: Groups = [
  [
    {
      what: "of a primary and its replica, the replica's machine is killed",
      alerts: { ReplicaDown: "" },
      provoke: (lab) => lab.kill("web-2"),
      heal: (lab) => lab.start("web-2"),
    },
    script(
      "web-1",
      "CertificateNotRenewed",
      "the directory of certificates doesn't answer; since when, is set back by 75 minutes",
      FAILING,
      "true",
    ),
  ],
  [
    {
      what: "the webhook answers 503 for four minutes, while there is something to tell",
      // the second is what there is to tell
      alerts: { AlertsNotDelivered: "", ServiceDown: "web-1" },
      provoke: async (lab, receiver) => {
        receiver.refuses = true;
        await lab.run("web-1", "systemctl stop prometheus-nginx-exporter");
        await sleep(240_000);
        receiver.refuses = false;
      },
      heal: (lab) => lab.run("web-1", "systemctl start prometheus-nginx-exporter"),
      seconds: 480,
    },
  ],
  [
    {
      what: "a service fails, and the only monitor's programs are killed when they are about to tell it",
      alerts: { ServiceFailed: "web-2" },
      provoke: async (lab, receiver) => {
        const begun = Date.now();
        await lab.run("web-2", "systemd-run --quiet --unit machine-untold false; sleep 1");
        await lab.run("web-1", killBeforeTold("ServiceFailed"));
        assert.deepEqual(receiver.firing("ServiceFailed", "web-2", begun), [], "it had been told already");
      },
      heal: (lab) => lab.run("web-2", "systemctl reset-failed machine-untold"),
      seconds: 400,
    },
  ],
];
