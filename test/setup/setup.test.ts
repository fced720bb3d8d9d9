import assert from "node:assert/strict";
import { cp, mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { bootstrapAdvice } from "../../engine/setup/base-image";
import { runCommand } from "../../engine/setup/command";
import { dockerAdvice } from "../../engine/setup/docker";
import { findDockerHost } from "../../engine/setup/docker-host";
import { describeHost, type Host, usesApt } from "../../engine/setup/host";
import { baseImageName, IMAGE_DIRECTORY, machineImageName, packageList } from "../../engine/setup/machine-image";
import { debianMirrors } from "../../engine/setup/mirror";
import { checkResources } from "../../engine/setup/resources";

const debian: Host = { platform: "linux", isRoot: true, distribution: "debian", codename: "bookworm" };
const user: Host = { ...debian, isRoot: false };

describe("the set-up", () => {
  let directory: string;
  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), "setup-"));
  });
  afterEach(() => rm(directory, { recursive: true }));

  describe("Docker's set-up", () => {
    const absent = { address: "unix:///var/run/docker.sock", reason: "ENOENT", installed: false };

    it("is done by the project itself as root on Debian and Ubuntu", () => {
      assert.equal(dockerAdvice(debian, absent), undefined);
      assert.equal(dockerAdvice({ ...debian, distribution: "ubuntu" }, { ...absent, installed: true }), undefined);
    });

    it("is told to people elsewhere, with the command for their case", () => {
      assert.match(dockerAdvice(user, absent) ?? "", /sudo apt-get install -y docker\.io/);
      assert.match(dockerAdvice(user, { ...absent, installed: true }) ?? "", /sudo systemctl start docker/);
      assert.match(
        dockerAdvice({ ...debian, distribution: "fedora" }, absent) ?? "",
        /docs\.docker\.com\/engine\/install/,
      );
      assert.match(dockerAdvice({ ...user, platform: "darwin" }, absent) ?? "", /Docker Desktop/);
    });

    it("without rights on the socket names the group", () => {
      assert.match(dockerAdvice(user, { ...absent, reason: "EACCES" }) ?? "", /sudo usermod -aG docker \$USER/);
    });

    it("never replaces an engine that somebody selected", () => {
      const remote = { ...absent, address: "tcp://192.0.2.1:2375", reason: "ECONNREFUSED" };
      assert.match(dockerAdvice(debian, remote) ?? "", /tcp:\/\/192\.0\.2\.1:2375 doesn't answer/);
    });
  });

  describe("the Docker engine's address", () => {
    it("is DOCKER_HOST, then the selected context, then the usual socket", async () => {
      const found = (env: NodeJS.ProcessEnv) => findDockerHost({ env, home: directory });
      const standard = found({});
      assert.match(standard, /^unix:\/\/.*docker\.sock$/);

      const { exitCode, log } = await runCommand(
        "docker",
        ["context", "create", "far", "--docker", "host=tcp://192.0.2.1:2375"],
        { env: { HOME: directory, DOCKER_CONFIG: join(directory, ".docker") } },
      );
      assert.equal(exitCode, 0, log);
      assert.equal(found({}), standard, "made, but not selected");
      assert.equal(found({ DOCKER_CONTEXT: "far" }), "tcp://192.0.2.1:2375");
      await writeFile(join(directory, ".docker", "config.json"), JSON.stringify({ currentContext: "far" }));
      assert.equal(found({}), "tcp://192.0.2.1:2375");
      assert.equal(found({ DOCKER_HOST: "unix:///elsewhere.sock" }), "unix:///elsewhere.sock");
    });
  });

  const apt = usesApt(describeHost());
  describe(`Debian's mirror${apt ? "" : " (needs apt: not run on this computer)"}`, () => {
    before(function () {
      if (!apt) this.skip();
    });

    /** The mirror as derived from apt sources of these contents, by file name. */
    async function derived(sources: Record<string, string>, host = debian) {
      const parts = join(directory, "sources.list.d");
      await mkdir(parts, { recursive: true });
      for (const [name, content] of Object.entries(sources)) await writeFile(join(parts, name), content);
      return debianMirrors(host, ["-o", "Dir::Etc::sourcelist=/dev/null", "-o", `Dir::Etc::sourceparts=${parts}`]);
    }
    const oneLine = [
      "deb [arch=amd64] http://mirror.test/debian bookworm main",
      "deb http://mirror.test/debian bookworm-updates main",
      "deb http://mirror.test/debian-security bookworm-security main",
    ].join("\n");
    const expected = { main: "http://mirror.test/debian/", security: "http://mirror.test/debian-security/" };

    it("is read from one-line sources", async () => {
      assert.deepEqual(await derived({ "debian.list": `${oneLine}\n` }), expected);
    });

    it("is read from deb822 sources", async () => {
      const stanza = (uri: string, suites: string) => `Types: deb\nURIs: ${uri}\nSuites: ${suites}\nComponents: main\n`;
      const content = [
        stanza("http://mirror.test/debian", "bookworm bookworm-updates"),
        stanza("http://mirror.test/debian-security", "bookworm-security"),
      ].join("\n");
      assert.deepEqual(await derived({ "debian.sources": content }), expected);
    });

    it("isn't taken from other people's repositories", async () => {
      const foreign = "deb http://vendor.test/apt bookworm main\n";
      assert.deepEqual(await derived({ "a-vendor.list": foreign, "debian.list": `${oneLine}\n` }), expected);
      await rm(join(directory, "sources.list.d", "debian.list"));
      assert.equal(await derived({ "a-vendor.list": foreign }), undefined);
    });

    it("is left to mmdebstrap where the host isn't Debian", async () => {
      const ubuntu = { ...debian, distribution: "ubuntu", codename: "noble" };
      assert.equal(await derived({ "debian.list": `${oneLine}\n` }, ubuntu), undefined);
    });
  });

  describe("the machine image's name", () => {
    beforeEach(() => cp(IMAGE_DIRECTORY, directory, { recursive: true }));

    it("stays while nothing changes", () => {
      assert.match(machineImageName(), /^web-infrastructure\/machine:[0-9a-f]{12}$/);
      assert.equal(machineImageName(directory), machineImageName());
    });

    it("changes with each file and with the packages", async () => {
      assert.notEqual(machineImageName(directory, `${packageList()}cowsay\n`), machineImageName());
      await writeFile(join(directory, "99-machine.cfg"), "datasource_list: [None]\n");
      assert.notEqual(machineImageName(directory), machineImageName());
    });

    it("of the base image changes with base.sh only", async () => {
      await writeFile(join(directory, "Dockerfile"), "FROM scratch\n");
      assert.equal(baseImageName(directory), baseImageName());
      await writeFile(join(directory, "base.sh"), "exit 1\n");
      assert.notEqual(baseImageName(directory), baseImageName());
    });

    it("covers the packages of every role", () => {
      for (const name of ["systemd", "cloud-init", "haproxy", "nginx", "mysql-server", "nftables"]) {
        assert.ok(packageList().split("\n").includes(name), name);
      }
    });
  });

  describe("a base image that can't be made", () => {
    it("says what would help", () => {
      assert.match(bootstrapAdvice(user), /docker pull debian:trixie.*sudo apt-get install -y mmdebstrap/);
      assert.match(bootstrapAdvice({ ...user, platform: "darwin" }), /docker load/);
    });
  });

  describe("the check of memory and disk", () => {
    const needed = { memory: [1024, 1024, 300], disk: 2048 };

    it("passes with enough for what machines usually take, and where nothing can be seen", async () => {
      await checkResources(needed, async () => ({ totalMemory: 2048, memory: 1300, disk: 2048 }));
      await checkResources(needed, async () => ({}));
      await checkResources({ memory: [1], disk: 1 });
    });

    it("tells the numbers and the setting", async () => {
      const little = async () => ({ totalMemory: 2048, memory: 1299, disk: 2048 });
      await assert.rejects(
        checkResources(needed, little),
        /1300 MiB, 1299 MiB are available.*web-infrastructure:memory/,
      );
      const small = async () => ({ totalMemory: 1000, memory: 1000 });
      await assert.rejects(checkResources(needed, small), /may take 1024 MiB, this computer has 1000/);
      const full = async () => ({ totalMemory: 4096, memory: 4096, disk: 100 });
      await assert.rejects(checkResources(needed, full), /need 2048 MiB .* 100 MiB are free/);
    });
  });
});
