// Two load balancers that get the site's certificate from an ACME directory, which is Pebble on this computer.
import assert from "node:assert/strict";
import { rmSync, writeFileSync } from "node:fs";
import { connect } from "node:tls";
import { startVisitors } from "../load/visitors";
import { Pebble } from "./pebble";
import { DOMAIN, eventually, testStack } from "./stack";

const balancers = { "lb-1": "172.30.95.51", "lb-2": "172.30.95.52" } as const;
type Balancer = keyof typeof balancers;

const AUTHORITIES = ".state/test-acme-authorities.pem";
const pebble = new Pebble("172.30.95.1", "172.30.95.10");
const stack = testStack("test-acme", "172.30.95.10", {
  machines: [
    ...Object.keys(balancers).map((name) => ({ name, roles: ["load-balancer"], memory: 512 })),
    { name: "web-1", roles: ["web", "application", "database"] },
  ],
  addressRange: "172.30.95.0/24",
  httpPort: 0,
  httpsPort: 0,
  memory: 768,
  certificate: "acme",
  acmeDirectory: pebble.directory,
  acmeEmail: "ops@foobar.com",
  certificateAuthorityFile: AUTHORITIES,
});

/** Issuer and fingerprint of what a load balancer shows. */
function shown(balancer: Balancer): Promise<{ issuer: string; fingerprint: string }> {
  return new Promise((resolve, reject) => {
    const options = { host: balancers[balancer], port: 443, servername: DOMAIN, rejectUnauthorized: false };
    const socket = connect({ ...options, timeout: 3000 }, () => {
      const { issuer, fingerprint256 } = socket.getPeerCertificate();
      socket.destroy();
      resolve({ issuer: String(issuer.CN), fingerprint: fingerprint256 });
    });
    socket.on("timeout", () => socket.destroy(new Error("no answer")));
    socket.on("error", reject);
  });
}

const fingerprint = async (balancer: Balancer) => (await shown(balancer)).fingerprint;

/** Runs `machine-certificate` on a load balancer; its exit status is 75 when there is no new certificate. */
const certificate = (balancer: Balancer, how: "renew" | "new") =>
  stack.onMachine(balancer, "/usr/local/sbin/machine-certificate", how);

const bothShow = async (expected: string) =>
  (await fingerprint("lb-1")) === expected && (await fingerprint("lb-2")) === expected;

/**
 * Does something while visitors come who trust the directory's authority only; none of them may notice.
 * @param moves how often the address of the site moves meanwhile: what is under way at that moment can break
 */
async function underVisitors(moves: number, act: () => Promise<unknown>): Promise<void> {
  const visit = { address: stack.entry, domain: DOMAIN, ca: pebble.authorities };
  const visitors = startVisitors({ ...visit, writesPerSecond: 2, readsPerSecond: 10 });
  await act().finally(async () => {
    const { reads, writes } = await visitors.stop();
    assert.deepEqual(writes.failed, [], `of ${writes.total} writes`);
    assert.ok(reads.failed.length <= 2 * moves, `of ${reads.total} reads: ${reads.failed.join("\n")}`);
  });
}

describe("a stack with certificates from an ACME directory", function () {
  this.timeout(600_000);

  before(async () => {
    await stack.command("destroy", "--data");
    await pebble.start();
    writeFileSync(AUTHORITIES, pebble.authorities);
    stack.writeSettings();
  });

  after(async () => {
    pebble.stop();
    await stack.command("destroy", "--data");
    stack.removeSettings();
    rmSync(AUTHORITIES, { force: true });
  });

  it("serves at once, and soon with a certificate of the directory, one for all load balancers", async () => {
    await stack.start();
    await eventually("both have it", 90, async () => {
      const [one, other] = await Promise.all([shown("lb-1"), shown("lb-2")]);
      return one.issuer.startsWith("Pebble") && one.fingerprint === other.fingerprint;
    });
    assert.equal(pebble.issued, 1);
    const { exitCode, output } = await stack.command("status");
    assert.equal(exitCode, 0, output);
  });

  it("renews it, and no visitor notices; the other load balancer takes it over", async () => {
    const old = await fingerprint("lb-1");
    await underVisitors(0, async () => {
      for (const balancer of ["lb-1", "lb-2"] as const) {
        const { exitCode, output } = await certificate(balancer, balancer === "lb-1" ? "new" : "renew");
        assert.equal(exitCode, 0, output);
      }
      const renewed = await fingerprint("lb-1");
      assert.notEqual(renewed, old);
      await eventually("both have the new one", 10, () => bothShow(renewed));
    });
    assert.equal(pebble.issued, 2);
  });

  it("gets one while a load balancer doesn't answer, which has it soon after it is back", async () => {
    await stack.container("lb-1").kill();
    // the address of the site comes over first
    await eventually(
      "lb-2 serves",
      30,
      async () => (await stack.request("/up", { ca: pebble.authorities })).status === 200,
    );
    const old = await fingerprint("lb-2");
    const { exitCode, output } = await certificate("lb-2", "new");
    assert.equal(exitCode, 0, output);
    // HAProxy's old process answers until the new one is there
    await eventually("lb-2 has a new one", 5, async () => (await fingerprint("lb-2")) !== old);
    const renewed = await fingerprint("lb-2");
    await stack.container("lb-1").start();
    await eventually("lb-1 has it", 60, async () => {
      // what its timer does, some seconds later
      await certificate("lb-1", "renew");
      return bothShow(renewed);
    });
    assert.equal(pebble.issued, 3);
  });

  it("keeps it when the directory can't be reached, and says so until it can", async () => {
    const old = await fingerprint("lb-1");
    const cut = "nft 'add table inet cut; add chain inet cut out { type filter hook output priority 0; }' && ";
    await stack.onMachine("lb-1", "sh", "-c", `${cut} nft add rule inet cut out tcp dport 19100 reject`);
    const { exitCode, output } = await certificate("lb-1", "new");
    assert.equal(exitCode, 75, output);
    const status = await stack.command("status");
    assert.equal(status.exitCode, 1);
    assert.match(
      status.output,
      /lb-1: the certificate isn't renewed, since .*172\.30\.95\.1:19100.*Connection refused/,
    );
    assert.ok(await bothShow(old));
    await stack.onMachine("lb-1", "nft", "delete table inet cut");
    // as the timer does; there is time left, so nothing is asked for
    assert.equal((await stack.onMachine("lb-1", "systemctl", "start", "machine-certificate")).exitCode, 0);
    assert.equal((await stack.command("status")).exitCode, 0);
    assert.equal(pebble.issued, 3);
  });

  it("keeps it when its account was deactivated, says what to do, and goes on with a new account", async () => {
    const old = await fingerprint("lb-1");
    const key = await stack.onMachine("lb-2", "cat", "/var/lib/machine/secrets/acme-account.key");
    await pebble.deactivate(key.output);
    const { exitCode, output } = await certificate("lb-2", "new");
    assert.equal(exitCode, 75, output);
    const { output: said } = await stack.command("status");
    assert.match(said, /lb-2: the certificate isn't renewed, .*deactivated.*set acmeAccount to the next number/);
    assert.ok(await bothShow(old));

    stack.writeSettings({ acmeAccount: 2 });
    await underVisitors(2, () => stack.start());
    assert.ok(await bothShow(old), "a machine that is replaced has its neighbour's certificate from its first moment");
    assert.equal(pebble.issued, 3);
    const renewal = await certificate("lb-2", "new");
    assert.equal(renewal.exitCode, 0, renewal.output);
    assert.equal(pebble.issued, 4);
  });
});
