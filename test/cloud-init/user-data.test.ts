import assert from "node:assert/strict";
import { parse } from "yaml";
import { dockerMachineFiles, type MachineFile, machineFiles, renderUserData } from "../../cloud-init";
import type { Machine } from "../../topology";
import { distributed, everything, machine } from "./topologies";

describe("user-data", () => {
  const text = (name: string, packagesInstalled = true) => {
    const each = machine(distributed, name);
    const { inUserData } = dockerMachineFiles(distributed, each, "");
    return renderUserData(distributed, each, { inUserData, packagesInstalled });
  };

  it("can be read: files as blocks of text, not as quoted strings", () => {
    for (const { name } of distributed.machines) {
      assert.match(text(name), /^#cloud-config\n/);
      assert.doesNotMatch(text(name), /\n +content: ["'>]/);
    }
  });

  it("comes out of YAML as it went in", () => {
    const lb = machine(distributed, "lb-1");
    const written = parse(text("lb-1")).write_files as MachineFile[];
    assert.deepEqual(written, dockerMachineFiles(distributed, lb, "").inUserData);
  });

  it("holds what policies judge; programs and units come beside it", () => {
    const { inUserData, programs } = dockerMachineFiles(distributed, machine(distributed, "lb-1"), "");
    assert.deepEqual(
      [...inUserData, ...programs].map(({ path }) => path).sort(),
      machineFiles(distributed, machine(distributed, "lb-1"), "")
        .map(({ path }) => path)
        .sort(),
    );
    for (const path of ["/etc/nftables.conf", "/etc/haproxy/haproxy.cfg", "/etc/haproxy/conf.d/10-edge.cfg"])
      assert.ok(
        inUserData.some((each) => each.path === path),
        path,
      );
    for (const path of ["/usr/local/sbin/machine-setup", "/etc/systemd/system/haproxy.service.d/machine.conf"])
      assert.ok(
        programs.some((each) => each.path === path),
        path,
      );
  });

  it("lets a machine that serves the application find it", () => {
    const web = machine(distributed, "web-1");
    const all = machineFiles(distributed, web, "").map(({ path }) => path);
    const more = dockerMachineFiles(distributed, web, "")
      .programs.map(({ path }) => path)
      .filter((path) => !all.includes(path));
    assert.deepEqual(more, [
      "/usr/local/lib/machine/application-source",
      "/usr/local/lib/machine/setup.d/04-application-from-directory",
    ]);
  });

  it("writes each file once", () => {
    const all = machineFiles(everything, everything.machines[0] as Machine, "").map(({ path }) => path);
    assert.deepEqual(all, [...new Set(all)]);
  });

  it("installs nothing when the image has the packages", () => {
    assert.equal(parse(text("web-1")).packages, undefined);
  });

  it("installs the packages of the roles otherwise, before it writes over their files and before anything starts", () => {
    const config = parse(text("lb-1", false));
    assert.deepEqual(config.packages, [
      "acme-tiny",
      "curl",
      "haproxy",
      "iproute2",
      "keepalived",
      "nftables",
      "python3",
    ]);
    const [first, ...others] = config.write_files;
    assert.equal(first.path, "/usr/sbin/policy-rc.d");
    assert.equal(first.defer, undefined);
    assert.ok(others.every(({ defer }: { defer: boolean }) => defer));
  });

  it("runs one command, which fails as a whole", () => {
    const [command, ...more] = parse(text("web-1")).runcmd;
    assert.deepEqual(more, []);
    assert.deepEqual(command.split(" && "), [
      "tar --extract --gzip --file /var/lib/machine/programs.tar.gz --directory / --no-same-owner",
      "systemctl enable --no-reload --now nftables.service",
      "/usr/local/sbin/machine-setup",
    ]);
  });

  it("is the same each time, so that nothing is replaced without need", () => {
    assert.equal(text("web-1"), text("web-1"));
  });
});
