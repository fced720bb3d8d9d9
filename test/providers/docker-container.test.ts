import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { createServer } from "node:net";
import type { Created, Properties } from "../../engine/provider";
import { docker } from "../../engine/providers/docker-client";
import {
  BOOTED,
  container,
  create,
  inMachine,
  labels,
  machineImage,
  machineInputs,
  network,
  networkInputs,
  recorder,
  removeEverything,
  STACK,
  volume,
} from "./docker-lab";

const SECRET = "correct-horse-battery-staple";
const longFile = { file: "/var/lib/machine/long", content: "long ".repeat(60_000) };
// what no text in UTF-8 could be
const binaryFile = {
  file: "/var/lib/machine/binary",
  contentBase64: Buffer.from([0, 255, 10, 195, 40]).toString("base64"),
};
const secretFile = { file: "/var/lib/machine/secrets/session-key", content: SECRET, permissions: "0600" };

describe("machines of the built-in engine", function () {
  this.timeout(90_000);
  let image: string;

  before(async () => {
    image = await machineImage();
    await removeEverything();
    await create(network, networkInputs);
  });
  after(removeEverything);

  const removeMachine = () =>
    docker()
      .getContainer(`${STACK}-web-1`)
      .remove({ force: true })
      .catch(() => {});

  describe("one that boots", () => {
    const context = recorder();
    let inputs: Properties;
    let created: Created;

    before(async () => {
      await create(volume, { name: `${STACK}-data`, labels });
      const base = machineInputs(BOOTED, image);
      inputs = container.check({
        ...base,
        ports: [{ internal: 80, external: 18120, ip: "127.0.0.1" }],
        volumes: [{ volumeName: `${STACK}-data`, containerPath: "/var/lib/mysql" }],
        uploads: [...base.uploads, secretFile, longFile, binaryFile],
      });
      created = await container.create(inputs, context);
    });
    after(removeMachine);

    it("runs systemd without a failed unit, and cloud-init with its user-data", async () => {
      assert.equal(await inMachine("systemctl", "is-system-running"), "running");
      assert.equal(await inMachine("cat", "/etc/written-by-cloud-init"), "written by cloud-init");
    });

    it("shows what it is waiting for", () => {
      assert.ok(
        context.shown.some((message) => message.startsWith("waiting: ")),
        context.shown.join("\n"),
      );
    });

    it("has its files, owned by root, in directories that others may pass, secrets for root alone", async () => {
      const modes = await inMachine(
        "stat",
        "-c",
        "%a %U %s %n",
        "/var/lib/machine",
        "/var/lib/machine/secrets",
        secretFile.file,
      );
      assert.match(modes, /^755 root \d+ \/var\/lib\/machine\n755 root \d+ \/var\/lib\/machine\/secrets\n600 root 28 /);
      const sum = createHash("sha256").update(longFile.content).digest("hex");
      assert.match(await inMachine("sha256sum", longFile.file), new RegExp(sum));
      assert.equal(await inMachine("base64", binaryFile.file), binaryFile.contentBase64);
      assert.equal(await inMachine("stat", "-c", "%a", "/var/lib"), "755");
    });

    it("has an initialised database on its data volume", async () => {
      assert.match(await inMachine("ls", "/var/lib/mysql"), /mysql\.ibd/);
    });

    it("has its name, address, limits and port", async () => {
      const { Config, HostConfig, NetworkSettings } = await docker().getContainer(created.id).inspect();
      assert.equal(Config.Hostname, "web-1");
      assert.equal(NetworkSettings.Networks[networkInputs.name]?.IPAddress, "172.31.20.12");
      assert.equal(HostConfig.Memory, 512 * 1024 * 1024);
      assert.equal(HostConfig.CpuQuota, 100_000);
      assert.deepEqual(HostConfig.PortBindings, { "80/tcp": [{ HostIp: "127.0.0.1", HostPort: "18120" }] });
      assert.equal(created.outputs.networkDatas[0].ipAddress, "172.31.20.12");
    });

    it("keeps its secrets out of what `docker inspect` shows", async () => {
      assert.ok(!JSON.stringify(await docker().getContainer(created.id).inspect()).includes(SECRET));
    });

    it("needs nothing when nothing changed, and a new machine when its files changed", () => {
      assert.deepEqual(container.diff(inputs, structuredClone(inputs), created.outputs), { changed: [], replace: [] });
      const changed = { ...inputs, uploads: [...inputs.uploads.slice(0, -1)] };
      assert.deepEqual(container.diff(inputs, changed, created.outputs).replace, ["uploads"]);
    });

    it("gets more memory without being replaced", async () => {
      const more = { ...inputs, memory: 640, memorySwap: 640 };
      assert.deepEqual(container.diff(inputs, more, created.outputs), {
        changed: ["memory", "memorySwap"],
        replace: [],
      });
      await container.update?.(created.id, more, created.outputs, recorder());
      const { HostConfig, State } = await docker().getContainer(created.id).inspect();
      assert.equal(HostConfig.Memory, 640 * 1024 * 1024);
      assert.ok(State.Running);
    });

    it("is started again after somebody stopped it", async () => {
      await docker().getContainer(created.id).stop();
      const present = await container.read?.(created.id, created.outputs);
      assert.deepEqual(container.diff(inputs, inputs, present ?? {}), { changed: ["mustRun"], replace: [] });
      await container.update?.(created.id, inputs, present ?? {}, recorder());
      assert.equal(await inMachine("systemctl", "is-system-running"), "running");
      assert.deepEqual(container.diff(inputs, inputs, (await container.read?.(created.id, created.outputs)) ?? {}), {
        changed: [],
        replace: [],
      });
    });

    it("is found by name and label, and deleted without its data", async () => {
      assert.equal(await container.find?.(inputs), created.id);
      await container.delete(created.id, created.outputs, recorder());
      assert.equal(await container.read?.(created.id, created.outputs), undefined);
      assert.equal(await container.find?.(inputs), undefined);
      await docker().getVolume(`${STACK}-data`).inspect();
      await container.delete(created.id, created.outputs, recorder());
    });
  });

  describe("one that doesn't get ready", () => {
    afterEach(removeMachine);

    it("says at once that its set-up failed, with the end of its log and without its secrets", async () => {
      const inputs = machineInputs(
        `echo the key is ${SECRET} | tee /var/log/machine-setup.log; echo mysqld: no such option >> /var/log/machine-setup.log; exit 2`,
        image,
      );
      const context = recorder();
      const since = Date.now();
      await assert.rejects(
        create(container, { ...inputs, uploads: [...inputs.uploads, secretFile] }, context),
        (error: Error) => {
          assert.match(error.message, /^web-1 failed to set itself up/);
          assert.match(error.message, /the key is \[secret\]/);
          assert.match(error.message, /\/var\/log\/machine-setup\.log\n.*\nmysqld: no such option/);
          assert.ok(!error.message.includes(SECRET) && !context.shown.join().includes(SECRET));
          return true;
        },
      );
      assert.ok(Date.now() - since < 20_000);
    });

    it("is given up after waitTimeout, with what its health check said last and what failed in it", async () => {
      const inputs = machineInputs("echo MySQL is starting; exit 1", image, { waitTimeout: 6 });
      const uploads = [
        ...inputs.uploads,
        { file: "/etc/systemd/system/broken.service", content: "[Service]\nExecStart=/bin/false\n" },
        { file: "/etc/systemd/system/multi-user.target.d/broken.conf", content: "[Unit]\nWants=broken.service\n" },
      ];
      const context = recorder();
      await assert.rejects(create(container, { ...inputs, uploads }, context), (error: Error) => {
        assert.match(error.message, /^web-1 is not ready after 6 s\.\n--- health check\nMySQL is starting/);
        assert.match(error.message, /--- failed units\nbroken\.service/);
        return true;
      });
      assert.ok(context.shown.includes("waiting: MySQL is starting"));
    });

    it("stops waiting when a person interrupts", async () => {
      const interrupt = new AbortController();
      const context = recorder(interrupt.signal);
      const creation = create(container, machineInputs("exit 1", image), context);
      setTimeout(() => interrupt.abort(new Error("Ctrl-C")), 2_000);
      await assert.rejects(creation, /Ctrl-C/);
    });

    it("that can't start at all is reported with its output", async () => {
      const inputs = machineInputs("exit 0", image, { capabilities: { adds: ["CAP_NET_ADMIN"] } });
      await assert.rejects(create(container, inputs), /web-1 stops as soon as it is started[\s\S]*permission denied/);
    });
  });

  describe("one that can't be made", () => {
    const exists = () =>
      docker()
        .getContainer(`${STACK}-web-1`)
        .inspect()
        .then(
          () => true,
          () => false,
        );
    afterEach(removeMachine);

    it("because its port is taken: says which setting to change, and leaves nothing behind", async () => {
      const server = createServer().listen(18121, "127.0.0.1");
      try {
        const ports = [{ internal: 443, external: 18121, ip: "127.0.0.1" }];
        await assert.rejects(
          create(container, machineInputs("exit 0", image, { ports })),
          /Port 18121 of this host is taken.*web-infrastructure:httpsPort/,
        );
        assert.equal(await exists(), false);
      } finally {
        server.close();
      }
    });

    it("because its address is taken", async () => {
      const other = await create(container, { ...machineInputs("exit 0", image), name: `${STACK}-other`, wait: false });
      try {
        await assert.rejects(create(container, machineInputs("exit 0", image)), /holds this address.*addressRange/);
        assert.equal(await exists(), false);
      } finally {
        await docker().getContainer(other.id).remove({ force: true });
      }
    });

    it("because somebody else's container has the name, which is left alone", async () => {
      const foreign = await docker().createContainer({ name: `${STACK}-web-1`, Image: image });
      await assert.rejects(create(container, machineInputs("exit 0", image)), /isn't part of this stack.*left alone/);
      await foreign.inspect();
    });

    it("because the image is missing: says how to build it", async () => {
      const missing = `sha256:${"0".repeat(64)}`;
      await assert.rejects(create(container, machineInputs("exit 0", missing)), /npm run image/);
    });

    it("because an input is unknown or wrong: names it, and shows no value", () => {
      assert.throws(() => container.check(machineInputs("exit 0", image, { privileged: true })), /property privileged/);
      const uploads = [{ ...secretFile, permissions: SECRET }];
      assert.throws(
        () => container.check(machineInputs("exit 0", image, { uploads })),
        (error: Error) => {
          assert.match(error.message, /uploads\.0\.permissions/);
          return !error.message.includes(SECRET);
        },
      );
      for (const upload of [{ file: "/one" }, { file: "/both", content: "a", contentBase64: "YQ==" }])
        assert.throws(
          () => container.check(machineInputs("exit 0", image, { uploads: [upload] })),
          /uploads\.0: needs exactly one of content and contentBase64/,
        );
    });
  });
});
