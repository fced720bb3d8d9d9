import assert from "node:assert/strict";
import { generateKeyPairSync } from "node:crypto";
import * as pulumi from "@pulumi/pulumi";

interface Registered {
  readonly type: string;
  readonly name: string;
  readonly inputs: Record<string, unknown>;
}

/** Of an ACME account; its thumbprint is computed from it. */
const ACCOUNT_KEY = generateKeyPairSync("rsa", { modulusLength: 2048 }).privateKey.export({
  type: "pkcs1",
  format: "pem",
});

/** What a mocked resource answers: its inputs, and for what a provider makes up something recognisable. */
const registered: Registered[] = [];
const mock = () =>
  pulumi.runtime.setMocks(
    {
      newResource({ type, name, inputs }) {
        registered.push({ type, name, inputs });
        const made = {
          privateKeyPem: inputs.algorithm === "RSA" ? ACCOUNT_KEY : `made-up-secret: private key of ${name}\n`,
          certPem: `certificate of ${name}\n`,
          certRequestPem: `request of ${name}\n`,
          result: `made-up-secret: password of ${name}`,
          hex: `made-up-secret: hex of ${name}`,
        };
        return { id: `${name}-id`, state: { ...made, ...inputs } };
      },
      call: () => ({}),
    },
    "web-infrastructure",
    "unit",
  );
mock();

// Imported after setMocks: a resource made before would look for a real engine.
import { DockerTarget } from "../../components/docker/target";
import { WebInfrastructure } from "../../components/web-infrastructure";
import { creationOrder, planTopology } from "../../topology";

const resolved = <T>(output: pulumi.Output<T>) =>
  new Promise<T>((resolve) => {
    output.apply((value) => resolve(value as T));
  });

/** Under mocks a secret arrives as an object that marks one. */
const isSecret = (value: unknown) => JSON.stringify(value).includes("1b47061264138c4ac30d75fd1eb44270");

// biome-ignore lint/suspicious/noExplicitAny: the inputs of a container, as the provider takes them
const container = (machine: string): any => registered.find(({ name }) => name === `site-${machine}-container`)?.inputs;

// biome-ignore lint/suspicious/noExplicitAny: an upload of a container
const uploads = (machine: string): any[] => container(machine).uploads.value ?? container(machine).uploads;

const topology = planTopology({
  preset: "distributed",
  stack: "test",
  domain: "www.foobar.com",
  addressRange: "10.20.30.0/24",
  size: { memory: 768, cores: 2 },
  publishedPorts: { http: 8080, https: 0 },
});

describe("the components", () => {
  let infrastructure: WebInfrastructure;

  before(async () => {
    // other tests have mocks of their own
    mock();
    infrastructure = new WebInfrastructure("site", {
      topology,
      application: { path: "/tmp/application.tar", sha256: "abc123", documentRoot: "public" },
      target: new DockerTarget({ machineImage: "sha256:image", applicationOffered: 1_000 }),
    });
    await resolved(infrastructure.machines);
  });

  it("make one container a machine, in order of creation, and one network", () => {
    const names = (type: string) => registered.filter((each) => each.type === type).map(({ name }) => name);
    assert.deepEqual(
      names("docker:index/container:Container"),
      creationOrder(topology).map(({ name }) => `site-${name}-container`),
    );
    assert.deepEqual(names("docker:index/network:Network"), ["site-network"]);
    assert.deepEqual(names("docker:index/volume:Volume"), ["site-web-1-data", "site-web-2-data"]);
  });

  it("give each machine its address, name, roles and limits", () => {
    for (const machine of topology.machines) {
      const { name, hostname, networksAdvanced, labels, memory, memorySwap, cpuQuota } = container(machine.name);
      assert.equal(name, `web-infrastructure-unit-${machine.name}`);
      assert.equal(hostname, machine.name);
      assert.deepEqual(networksAdvanced, [{ name: "web-infrastructure-unit", ipv4Address: machine.address }]);
      assert.ok(labels.some((l: { value: string }) => l.value === machine.roles.join(",")));
      assert.deepEqual([memory, memorySwap, cpuQuota], [768, 768, 200_000]);
    }
  });

  it("publish ports of the load balancer only, on the loopback, and none that is 0", () => {
    assert.deepEqual(container("lb-1").ports, [{ internal: 80, external: 8080, ip: "127.0.0.1", protocol: "tcp" }]);
    assert.equal(container("web-1").ports, undefined);
  });

  it("keep the database's data on a volume of its own", () => {
    assert.deepEqual(container("web-2").volumes[0], {
      volumeName: "web-infrastructure-unit-web-2-data",
      containerPath: "/var/lib/mysql",
    });
    assert.equal(container("lb-1").volumes, undefined);
  });

  it("wait for readiness", () => {
    const { wait, waitTimeout, healthcheck } = container("web-1");
    assert.equal(wait, true);
    assert.ok(waitTimeout >= 60);
    assert.deepEqual(healthcheck.tests, ["CMD", "/usr/local/sbin/machine-ready-watch"]);
    // as Go prints durations: the provider reads them back so, and any other form would replace the machine at each up
    for (const duration of [healthcheck.interval, healthcheck.timeout, healthcheck.startPeriod]) {
      assert.match(duration, /^(\d+m)?[1-5]?\ds$/);
    }
  });

  it("deliver secrets, 0600, to those that need them", () => {
    const secrets = (machine: string) =>
      uploads(machine)
        .filter(({ file }) => file.startsWith("/var/lib/machine/secrets/"))
        .map(({ file, permissions }) => `${file.split("/").pop()} ${permissions}`)
        .sort();
    assert.deepEqual(secrets("lb-1"), [
      "ca.pem 0600",
      "machine.key 0600",
      "machine.pem 0600",
      "site-ca.pem 0600",
      "site.pem 0600",
    ]);
    assert.deepEqual(secrets("web-1"), [
      "backup-password 0600",
      "ca.pem 0600",
      "database-application-password 0600",
      "database-migration-password 0600",
      "database-replication-password 0600",
      "machine.key 0600",
      "machine.pem 0600",
      "session-key 0600",
    ]);
  });

  it("give the application to the machines that serve it, each version to the running machine", () => {
    const mounted = (machine: string) =>
      JSON.stringify(container(machine)?.volumes ?? []).includes('"hostPath":"/tmp"');
    assert.deepEqual(["lb-1", "web-1"].map(mounted), [false, true]);
    const wanted = registered.find(({ name }) => name === "site-web-1-application")?.inputs;
    assert.deepEqual(
      [wanted?.container, wanted?.version, wanted?.offered],
      ["web-infrastructure-unit-web-1", "abc123", 1_000],
    );
    assert.ok(!registered.some(({ name }) => name === "site-lb-1-application"));
  });

  it("issue certificates for the names and addresses that clients use", () => {
    const request = (name: string) => registered.find((each) => each.name === name)?.inputs;
    assert.deepEqual(request("site-secrets-site-request")?.dnsNames, ["www.foobar.com", "localhost"]);
    assert.deepEqual(request("site-secrets-site-request")?.ipAddresses, ["10.20.30.51", "127.0.0.1"]);
    assert.deepEqual(request("site-secrets-web-2-request")?.ipAddresses, ["10.20.30.12", "127.0.0.1"]);
  });

  it("put no secret into user-data or into what policies see of a component", () => {
    const secrets = /made-up-secret/;
    for (const { name, type, inputs } of registered.filter(({ type }) => type.startsWith("web-infrastructure:"))) {
      assert.doesNotMatch(JSON.stringify(inputs), secrets, `${type} ${name}`);
    }
    for (const { name } of topology.machines) {
      const userData = uploads(name).find(({ file }) => file.endsWith("/user-data"));
      assert.ok(userData.content.startsWith("#cloud-config"));
      assert.doesNotMatch(userData.content, secrets);
    }
  });

  it("export what a person needs to open the site", async () => {
    assert.equal(await resolved(infrastructure.url), "https://www.foobar.com");
    assert.deepEqual(await resolved(infrastructure.entryAddresses), ["10.20.30.51"]);
    assert.match(await resolved(infrastructure.certificateAuthority), /^certificate of site-secrets-authority/);
    const machines = await resolved(infrastructure.machines);
    assert.deepEqual(Object.keys(machines), ["lb-1", "web-1", "web-2"]);
    assert.equal(machines["web-1"]?.container, "web-infrastructure-unit-web-1");
  });

  it("keep the secrets secret", async () => {
    const password = uploads("web-1").find(({ file }) => file.endsWith("database-application-password"));
    assert.match(JSON.stringify(password), /made-up-secret/);
    // One secret in a list makes the whole list secret.
    assert.ok(isSecret(container("web-1").uploads));
    assert.ok(!isSecret(container("web-1").labels));
  });
});

describe("the components of a stack with certificates from an ACME directory", () => {
  before(async () => {
    mock();
    const infrastructure = new WebInfrastructure("acme", {
      topology: { ...topology, acme: { directory: "https://ca.foobar.com/", account: 2 } },
      application: { path: "/tmp/application.tar", sha256: "abc123", documentRoot: "public" },
      directoryAuthorities: "authority of the directory\n",
      target: new DockerTarget({ machineImage: "sha256:image", applicationOffered: 1_000 }),
    });
    await resolved(infrastructure.machines);
  });

  const secrets = (machine: string): Record<string, string> => {
    const { uploads } = registered.find(({ name }) => name === `acme-${machine}-container`)?.inputs ?? {};
    // biome-ignore lint/suspicious/noExplicitAny: an upload of a container
    const files = ((uploads as any).value ?? uploads) as { file: string; content: string }[];
    return Object.fromEntries(files.map(({ file, content }) => [file.split("/").pop(), content]));
  };

  it("give load balancers the account's key and its thumbprint, and other machines neither", () => {
    assert.equal(secrets("lb-1")["acme-account.key"], ACCOUNT_KEY);
    assert.match(secrets("lb-1")["acme-thumbprint"] ?? "", /^ACME_THUMBPRINT=[A-Za-z0-9_-]{43}\n$/);
    assert.deepEqual(
      Object.keys(secrets("web-1")).filter((name) => name.startsWith("acme")),
      [],
    );
  });

  it("have another key for another account", () => {
    assert.ok(registered.some(({ name }) => name === "acme-secrets-acme-key-2"));
  });

  it("name the authorities that clients meet: the stack's own until the directory answers, then the directory's", () => {
    assert.match(
      secrets("lb-1")["site-ca.pem"] ?? "",
      /^certificate of acme-secrets-authority.*\nauthority of the directory\n$/,
    );
  });
});
