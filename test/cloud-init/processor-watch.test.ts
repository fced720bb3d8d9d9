import assert from "node:assert/strict";
import { machineFiles } from "../../cloud-init";
import { file, runInMachineImage } from "./machine-image";
import { highlyAvailable, machine } from "./topologies";

/** Lets the watch look for some seconds on a machine where programs want all processor time; prints what it told systemd. */
function watched(seconds: number, held: boolean, ...options: string[]) {
  return runInMachineImage(
    [
      ...machineFiles(highlyAvailable, machine(highlyAvailable, "web-1"), ""),
      // it has seen enough then
      file("/usr/local/bin/systemctl", '#!/bin/sh\necho "systemctl $*"\nkill $PPID\n', "0755"),
    ],
    `${held ? "ip address add 172.30.0.10/32 dev eth0" : ""}
    for program in 1 2 3 4; do (while :; do :; done) & done
    timeout ${seconds} /usr/local/sbin/processor-watch 172.30.0.10 || true`,
    ["--cap-add", "NET_ADMIN", ...options],
  ).output;
}

describe("processor-watch", function () {
  this.timeout(90_000);
  const TENTH = "--cpu-quota=10000";

  it("passes the virtual IP on where the machine gets a tenth of a core", () => {
    const output = watched(50, true, TENTH);
    assert.match(output, /passing 172\.30\.0\.10 on.*\nsystemctl kill --kill-whom=main keepalived\.service\n/);
  });

  it("leaves it where the machine is merely busy", () => assert.equal(watched(10, true), ""));

  it("has nothing to do where another machine holds it", () => assert.equal(watched(10, false, TENTH), ""));
});
