import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import path from "node:path";
import { dockerMachineFiles, renderUserData } from "../../cloud-init";
import { planTopology } from "../../topology";
import { container, EDGE, instance, userData } from "./machines";
import { type Diagnostic, Pack, type TestResource, UNKNOWN, urnOf } from "./pack";

const root = path.resolve(__dirname, "../..");
const brief = (diagnostics: Diagnostic[]) => diagnostics.map(({ policy, level }) => `${policy}: ${level}`);

const topology = planTopology({
  preset: "distributed",
  stack: "test",
  domain: "www.foobar.com",
  addressRange: "172.30.0.0/24",
  size: { memory: 1024, cores: 2 },
  publishedPorts: { http: 8080, https: 8443 },
});
const component = {
  type: "web-infrastructure:index:WebInfrastructure",
  name: "site",
  properties: { topology, machineImage: UNKNOWN },
};

/** The containers of the docker target, as its component registers them. */
const machines = topology.machines.map((machine): TestResource => {
  const { inUserData } = dockerMachineFiles(topology, machine, "public");
  const given = renderUserData(topology, machine, { inUserData, packagesInstalled: true });
  const balances = machine.roles.includes("load-balancer");
  const ports = balances
    ? [
        { internal: 80, external: 8080, ip: "127.0.0.1" },
        { internal: 443, external: 8443, ip: "127.0.0.1" },
      ]
    : [];
  const secret = { file: "/var/lib/machine/secrets/machine.key", content: UNKNOWN };
  const base = container(machine.name, {
    roles: machine.roles.join(","),
    userData: given,
    properties: { ports, image: UNKNOWN },
  });
  return {
    ...base,
    parent: urnOf(component),
    properties: { ...base.properties, uploads: [...(base.properties.uploads as unknown[]), secret] },
  };
});

describe("policy pack, served as the CLI does", function () {
  // The first load after a change compiles the rules.
  this.timeout(60_000);
  let pack: Pack;
  before(() => {
    pack = Pack.start();
  });
  after(() => pack.stop());
  beforeEach(() => pack.configure({}));

  it("tells about each rule what a person needs: name, description, severity, remedy, documentation, settings", async () => {
    const rules = await pack.rules();
    const docs = readFileSync(path.join(root, "policy/README.md"), "utf8");
    assert.equal(rules.length, readdirSync(path.join(root, "policy/rules")).length, "one file per rule");
    for (const { name, displayname, description, severity, remediationSteps, url, tagsList, configschema } of rules) {
      assert.match(name, /^[a-z0-9]+(-[a-z]+)+$/);
      assert.ok(displayname && description && remediationSteps && tagsList.length > 0 && configschema, name);
      assert.ok(severity > 0, name);
      assert.equal(url, `policy/README.md#${name}`);
      assert.ok(docs.includes(`## ${name}\n`), `${name} has no section in policy/README.md`);
    }
  });

  it("finds nothing against the machines of this project but the single load balancer, at preview", async () => {
    const said: Diagnostic[] = [];
    for (const resource of [component, ...machines]) said.push(...(await pack.analyze(resource)));
    said.push(...(await pack.analyzeStack([component, ...machines])));
    assert.deepEqual(
      brief(said),
      ["load-balancer-redundant: mandatory", "single-point-of-failure: advisory", "monitor-present: advisory"],
      JSON.stringify(said, null, 1),
    );
    assert.match(said[0]?.message ?? "", /^lb-1 is the only load balancer/);
  });

  it("passes them with the exemption of the classic design", async () => {
    const settings = JSON.parse(readFileSync(path.join(root, "Pulumi.distributed.policies.json"), "utf8"));
    await pack.configure(settings);
    const said = [...(await pack.analyze(component)), ...(await pack.analyzeStack(machines))];
    assert.deepEqual([...new Set(said.map(({ level }) => level))], ["advisory"]);
    assert.match(said[0]?.message ?? "", /^lb-1 is the only load balancer.*\nAccepted until 2027-06-30: /);
  });

  it("names the resource a finding is about", async () => {
    const [found] = await pack.analyzeStack([machines[0] as TestResource]);
    assert.equal(found?.urn, urnOf(machines[0] as TestResource));
  });

  it("judges what is known when the rest is unknown", async () => {
    const published = { internal: 3306, external: UNKNOWN, ip: "" };
    const half = container("db-1", {
      userData: UNKNOWN,
      properties: { image: UNKNOWN, ports: [{ internal: UNKNOWN }, published] },
    });
    const said = await pack.analyze(half);
    assert.deepEqual(brief(said).sort(), [
      "firewall-default-drop: advisory",
      "firewall-public-ports: advisory",
      "firewall-public-ports: mandatory",
      "https-only: advisory",
      "secrets-not-in-user-data: advisory",
    ]);
  });

  it("takes the enforcement level that a stack sets", async () => {
    const clear = container("lb", {
      userData: userData({ "/etc/haproxy/haproxy.cfg": EDGE.replace("scheme https", "scheme http") }),
    });
    assert.deepEqual(brief(await pack.analyze(clear)), ["https-only: mandatory"]);
    await pack.configure({ "https-only": { enforcementLevel: "advisory" } });
    assert.deepEqual(brief(await pack.analyze(clear)), ["https-only: advisory"]);
    await pack.configure({ "https-only": { enforcementLevel: "disabled" } });
    assert.deepEqual(brief(await pack.analyze(clear)), []);
  });

  it("survives user-data of any kind", async () => {
    const texts = [
      "#cloud-config",
      "#cloud-config\n[]",
      "#cloud-config\nwrite_files: {}\nruncmd: x",
      "#cloud-config\nwrite_files: [1, {path: 2}, {path: /a, content: {b: c}}]",
      "#cloud-config\na: &a [*a]",
      "#cloud-config\n\t",
      "#!/bin/sh\ncat <<EOF\n",
      "#!/bin/sh\nnft add rule inet",
      "\u0000\u0001",
      "H4sIAAAAAAAA",
      userData({
        "/etc/nftables.conf":
          "table inet f { chain input { type filter hook input priority 0; policy drop; jump input; tcp dport vmap { } accept",
      }),
      userData({ "/etc/nftables.conf": "define a = $a\ntable { { } chain } ; ; include" }),
      userData({
        "/etc/haproxy/haproxy.cfg":
          "frontend\nbind\nbind :\nlisten a\n bind ssl\n http-request\n http-request redirect unless {",
      }),
      userData({ "/etc/nginx/nginx.conf": "} server { listen; listen x; include *; { } location" }),
    ];
    for (const text of texts) {
      const said = await pack.analyze(instance("x", { userData: text, associatePublicIpAddress: true }));
      assert.deepEqual(
        said.filter(({ message }) => message.includes("itself failed")),
        [],
        JSON.stringify(text),
      );
    }
  });
});
