import { readFileSync } from "node:fs";
import { join } from "node:path";
import { background, type Provocation, script } from "./provocation";

// What a container shares with the whole computer: its clock, its processor, its disks. Each is provoked as near to the real
// thing as that allows.

const EXPORTER = "prometheus-node-exporter";

/** The clock that one program of a machine reads, ten seconds ahead. The program is halted meanwhile. */
const AHEAD = `systemctl kill --signal=STOP ${EXPORTER}
  process=$(systemctl show --property MainPID --value ${EXPORTER})
  setpriv --reuid=$(stat --format %u /proc/$process) --regid=$(stat --format %g /proc/$process) --clear-groups \\
    python3 - $process 10 <<'END'
${readFileSync(join(__dirname, "shift-clock.py"), "utf8")}END
  systemctl kill --signal=CONT ${EXPORTER}`;

/** As many programs as there are cores, which is all of a computer that has no more than the machine may use. */
const BURN = background("cores", `sh -c 'for core in $(seq $(nproc)); do while :; do :; done & done; wait'`);

/**
 * A disk of 40 MiB that isn't the computer's: files in memory, below an overlay, because the rule leaves out what is plainly in
 * memory. 11 MiB are left, and 100 KiB go every 20 seconds: enough for 37 minutes.
 */
const FILL = `mkdir -p /run/filling /mnt/filling
  mount -t tmpfs -o size=40M tmpfs /run/filling
  mkdir /run/filling/lower /run/filling/upper /run/filling/work
  mount -t overlay -o lowerdir=/run/filling/lower,upperdir=/run/filling/upper,workdir=/run/filling/work overlay /mnt/filling
  head -c 29M /dev/zero >/mnt/filling/log
  ${background("filling", `sh -c 'while sleep 20; do head -c 100K /dev/zero >>/mnt/filling/log; done'`)}`;

export const sharedProvocations: readonly Provocation[] = [
  script(
    "web-3",
    "ClockSkew",
    "the clock that a node exporter reads is set ten seconds ahead",
    AHEAD,
    `systemctl restart ${EXPORTER}`,
  ),
  {
    ...script(
      "web-1",
      "ProcessorBusy",
      "programs that never rest take all cores of the computer",
      BURN,
      "systemctl stop provoked-cores || true",
    ),
    // ten minutes, once the average of five has got there
    seconds: 1200,
  },
  {
    ...script(
      "web-1",
      "DiskFullSoon",
      "a disk of 40 MiB that is 72 % full gets 5 MB in each quarter of an hour",
      FILL,
      "systemctl stop provoked-filling || true; umount /mnt/filling /run/filling",
    ),
    seconds: 1000,
  },
];
