import { execFile } from "node:child_process";
import { Readable } from "node:stream";
import { promisify } from "node:util";
import { pack } from "tar-stream";
import type { Heal } from "./fault";
import type { Lab } from "./lab";

// HAProxy doesn't start with libfaketime ("Unexpected recursive calls to clock_gettime"); it keeps the right time
const SERVICES = ["mysql", "database-agent", "php8.4-fpm", "nginx", "keepalived"];
const LIBRARY = "/usr/local/lib/libfaketimeMT.so.1";

/** libfaketime of the machines' own Debian: an older one doesn't know how their programs sleep. Visitors go on meanwhile, in this process. */
async function library(image: string): Promise<Buffer> {
  const fetch = `cd $(mktemp -d) && apt-get -qq update && apt-get -qq download libfaketime && dpkg -x ./*.deb . &&
    cat usr/lib/*/faketime/libfaketimeMT.so.1`;
  const options = ["--rm", "--network", "host", "--entrypoint", "sh"];
  const { stdout } = await promisify(execFile)("docker", ["run", ...options, image, "-ec", fetch], {
    encoding: "buffer",
  });
  return stdout;
}

/**
 * Lets the services of a machine, but HAProxy, believe in another time, by restarting them with libfaketime. Only what they ask the C
 * library for is changed, and no monotonic clock, as when a person sets the clock.
 * @param offset in seconds, such as +3600
 */
export async function fakeClock(lab: Lab, machine: string, offset: string): Promise<Heal> {
  const archive = pack();
  archive.entry({ name: LIBRARY.slice(1), mode: 0o755 }, await library((await lab.container(machine).inspect()).Image));
  archive.finalize();
  await lab.container(machine).putArchive(Readable.from(archive), { path: "/" });
  // out of balancing, and one after the other: what it costs is to be the clock's doing, which restarts nothing by itself
  const restart = `machine-drain --stay; systemctl daemon-reload
    for service in ${SERVICES.join(" ")}; do systemctl restart $service; done
    machine-drain --undo`;
  const environment = `LD_PRELOAD=${LIBRARY} FAKETIME=${offset} FAKETIME_DONT_FAKE_MONOTONIC=1`;
  await lab.run(
    machine,
    `for service in ${SERVICES.join(" ")}; do
      mkdir -p /run/systemd/system/$service.service.d
      printf '[Service]\\nEnvironment=${environment}\\n' >/run/systemd/system/$service.service.d/clock.conf
    done
    ${restart}`,
  );
  return () => lab.run(machine, `rm /run/systemd/system/*.service.d/clock.conf; ${restart}`);
}
