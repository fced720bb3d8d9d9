import assert from "node:assert/strict";
import { awsMachineFiles, machineFiles } from "../../cloud-init/user-data";
import { parseConfig } from "../../config";
import { type Machine, outgoing, planTopology, type Topology } from "../../topology";
import { balanced, distributed, highlyAvailable, machine, scaleUp } from "./topologies";

const topologies: Topology[] = [distributed, highlyAvailable, scaleUp, balanced];

describe("hardening", () => {
  it("gives each service a sandbox, and where it keeps rights of root, says which", () => {
    for (const topology of topologies) {
      for (const each of topology.machines) {
        const { inUserData, programs } = awsMachineFiles(topology, each, "");
        const files = [...inUserData, ...programs];
        const contents = new Map(files.map(({ path, content }) => [path, content]));
        const units = files.flatMap(({ path }) => /^\/etc\/systemd\/system\/([^/]+\.service)/.exec(path)?.[1] ?? []);
        assert.ok(units.includes("nftables.service"));
        for (const unit of new Set(units)) {
          const all = ["", ".d/machine.conf", ".d/10-sandbox.conf"]
            .map((suffix) => contents.get(`/etc/systemd/system/${unit}${suffix}`) ?? "")
            .join("\n");
          assert.match(all, /^NoNewPrivileges=yes$/m, unit);
          assert.match(all, /^LimitCORE=0$/m, unit);
          assert.match(all, /^ProtectSystem=(full|strict)$/m, unit);
          // Debian's unit of Prometheus has this line itself
          if (unit !== "prometheus.service") assert.match(all, /^CapabilityBoundingSet=/m, unit);
        }
      }
    }
  });

  const firewall = (topology: Topology, each: Machine) =>
    machineFiles(topology, each, "").find(({ path }) => path === "/etc/nftables.conf")?.content ?? "";
  const begins = (topology: Topology, name: string) =>
    /^ *tcp dport \{ (.*) \} accept$/m.exec(firewall(topology, machine(topology, name)))?.[1];

  it("drops what comes in, passes through or goes out, unless it is said to be wanted", () => {
    const rules = firewall(distributed, machine(distributed, "web-1"));
    for (const hook of ["input", "forward", "output"])
      assert.match(rules, new RegExp(`hook ${hook} priority filter; policy drop;`));
    assert.equal(begins(distributed, "web-1"), "53, 80, 443");
  });

  it("lets machines begin connections by the ports of the setting, and monitors by those that alerts leave by", () => {
    const topology = planTopology({
      preset: "scale-up",
      stack: "test",
      domain: "www.foobar.com",
      addressRange: "172.30.0.0/24",
      size: { memory: 1024, cores: 2 },
      outgoingPorts: [443, 5432],
      alerts: { webhook: { port: 8443 } },
    });
    assert.equal(begins(topology, "app-1"), "53, 443, 5432");
    assert.equal(begins(topology, "monitor-1"), "53, 443, 5432, 8443");
    assert.deepEqual(outgoing(topology, "application"), [
      { port: 443, purpose: "AWS, packages" },
      { port: 5432, purpose: "what the application asks for" },
    ]);
  });

  it("says what a list of ports looks like", () => {
    const parse = (outgoingPorts: string) => () =>
      parseConfig({ "web-infrastructure:target": "docker", "web-infrastructure:outgoingPorts": outgoingPorts }, "test");
    assert.throws(parse("80 443"), /outgoingPorts takes TCP ports such as \[80, 443\]/);
    assert.throws(parse("[80, 70000]"), /outgoingPorts\[1\] takes a TCP port, from 1 to 65535, not 70000/);
  });
});
