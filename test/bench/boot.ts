import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { findMachineImage } from "../../engine/setup/machine-image";
import { docker, eventually, testStack } from "../e2e/stack";
import { type Comparison, inTurn, timed } from "./series";

const stack = testStack("bench", "172.30.93.10", {
  topology: "highly-available",
  addressRange: "172.30.93.0/24",
  httpPort: 18193,
  httpsPort: 18593,
});

const BARE = "one bare machine of the same image until it is `running`";

/** From the image to a site that has taken a row and gives it back, against what a machine needs to boot at all. */
export async function benchBoot(runs: number): Promise<Comparison[]> {
  const image = await findMachineImage();
  assert.ok(image, "there is no machine image: npm run image");
  await stack.command("destroy", "--data");
  try {
    const { time } = await inTurn(
      [
        { name: "npm start of highly-available until a row is written and read back", run: site },
        { name: BARE, run: () => bareMachine(image) },
      ],
      runs,
    );
    const note = "Without state and without data: volumes, certificates, three databases that find each other.";
    return [{ name: "boot", title: "Boot", unit: "ms", series: time, goals: [{ against: BARE, atMost: 4 }], note }];
  } finally {
    await stack.command("destroy", "--data");
    stack.removeSettings();
  }
}

async function site(): Promise<{ time: number }> {
  stack.writeSettings();
  const taken = await timed(async () => {
    await stack.start();
    const ca = stack.authority();
    const message = `written at ${new Date().toISOString()}`;
    const body = JSON.stringify({ name: "Bench", message, token: randomUUID() });
    const headers = { "content-type": "application/json" };
    const { status } = await stack.request("/api/messages", { method: "POST", headers, body, ca });
    assert.equal(status, 201);
    await eventually("it is read back", 10, async () => (await stack.request("/", { ca })).body.includes(message));
  });
  const { exitCode, output } = await stack.command("destroy", "--data");
  assert.equal(exitCode, 0, output);
  return taken;
}

/** With what a container needs to run systemd, and nothing to set up. */
async function bareMachine(Image: string): Promise<{ time: number }> {
  const options = {
    Image,
    Labels: { "web-infrastructure.bench": "bare" },
    HostConfig: { CapAdd: ["NET_ADMIN", "SYS_ADMIN"], SecurityOpt: ["apparmor=unconfined"], CgroupnsMode: "private" },
  };
  const machine = await docker.createContainer(options);
  try {
    return await timed(async () => {
      await machine.start();
      const exec = await machine.exec({
        // systemd answers its socket a moment after it was started
        Cmd: ["sh", "-c", "until systemctl is-system-running --wait | grep -Eq 'running|degraded'; do sleep 0.1; done"],
        AttachStdout: true,
        Tty: true,
      });
      for await (const _ of await exec.start({ Tty: true }));
    });
  } finally {
    await machine.remove({ force: true, v: true });
  }
}
