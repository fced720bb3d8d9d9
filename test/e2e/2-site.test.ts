import assert from "node:assert/strict";
import { createHash, randomUUID } from "node:crypto";
import { connect } from "node:net";
import { connect as tlsConnect } from "node:tls";
import { chromium } from "playwright-core";
import { creationOrder, flows, planTopology } from "../../topology";
import { DOMAIN, distributed, eventually } from "./stack";

const { entry, onMachine, request, settings } = distributed;

let ca: string;
const getJson = async (path: string, options = {}) => JSON.parse((await request(path, { ca, ...options })).body);

/** SHA-256 of the site's public key: Chromium trusts this one key, since it has no CA file of its own to be told. */
function keyOf(host: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = tlsConnect({ host, port: 443, servername: DOMAIN, ca }, () => {
      const key = socket.getPeerX509Certificate()?.publicKey.export({ type: "spki", format: "der" });
      socket.end();
      resolve(
        createHash("sha256")
          .update(key as Buffer)
          .digest("base64"),
      );
    });
    socket.on("error", reject);
  });
}

async function postMessage(message: string, token = randomUUID()) {
  const answer = await request("/api/messages", {
    ca,
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ name: "Ada", message, token }),
  });
  assert.equal(answer.status, 201, answer.body);
  return JSON.parse(answer.body);
}

describe("the site", function () {
  this.timeout(60_000);

  before(() => {
    ca = distributed.authority();
  });

  it("answers over HTTPS, verified by the stack's own CA, and by no other", async () => {
    const { status, body, headers } = await request("/", { ca });
    assert.equal(status, 200);
    assert.match(body, /foobar/i);
    assert.match(String(headers["strict-transport-security"]), /max-age=63072000/);
    await assert.rejects(request("/"), /self-signed|unable to (get|verify)/i);
  });

  it("speaks TLS 1.2 and 1.3, nothing older", async () => {
    assert.equal((await request("/up", { ca, maxVersion: "TLSv1.2" })).status, 200);
    assert.equal((await request("/up", { ca, maxVersion: "TLSv1.3" })).status, 200);
    await assert.rejects(request("/up", { ca, maxVersion: "TLSv1.1" }));
  });

  it("redirects clear text to HTTPS for every path", async () => {
    const plain = await request("/some/where?a=b", { secure: false });
    assert.equal(plain.status, 301);
    assert.equal(plain.headers.location, `https://${DOMAIN}/some/where?a=b`);
    const published = await request("/", { secure: false, headers: { host: `localhost:${settings.httpPort}` } });
    assert.equal(published.headers.location, `https://localhost:${settings.httpsPort}/`);
  });

  it("is balanced round robin over both web servers", async function () {
    // The load balancer's own check of the whole way, once in two seconds, may come in between and take a turn.
    this.retries(3);
    const seen: string[] = [];
    for (let i = 0; i < 8; i++) seen.push((await getJson("/api/request")).webServer);
    assert.deepEqual([...seen].sort(), [...Array(4).fill("web-1"), ...Array(4).fill("web-2")]);
    assert.ok(
      seen.every((server, index) => server !== seen[index + 1]),
      seen.join(" "),
    );
  });

  it("knows the visitor's address, and believes no forged one", async () => {
    const { client, loadBalancer } = await getJson("/api/request", {
      headers: { "x-forwarded-for": "203.0.113.9", "x-load-balancer": "forged" },
    });
    assert.equal(client, "172.30.99.1");
    assert.equal(loadBalancer, "lb-1");
  });

  it("shows nothing of its inside: health check, statistics, versions, dotfiles", async () => {
    for (const path of ["/health", "/stats", "/metrics", "/.git/config", "/migrations/", "/index.php~"]) {
      assert.equal((await request(path, { ca })).status, 404, path);
    }
    const { headers } = await request("/", { ca });
    assert.doesNotMatch(JSON.stringify(headers), /nginx\/|php\/|x-powered-by/i);
  });

  it("serves static files by Nginx, with a strict content security policy on the page", async () => {
    const page = await request("/", { ca });
    assert.match(String(page.headers["content-security-policy"]), /default-src 'none'/);
    const style = page.body.match(/href="([^"]+\.css[^"]*)"/)?.[1];
    const answer = await request(String(style), { ca });
    assert.equal(answer.status, 200);
    assert.match(String(answer.headers["content-type"]), /text\/css/);
  });

  it("keeps a session across web servers", async () => {
    let cookie = "";
    const servers = new Set<string>();
    for (let visits = 1; visits <= 4; visits++) {
      const answer = await request("/api/session", { ca, headers: cookie ? { cookie } : {} });
      const { visits: counted, webServer } = JSON.parse(answer.body);
      assert.equal(counted, visits);
      cookie = String(answer.headers["set-cookie"]?.[0]).split(";")[0] ?? "";
      servers.add(webServer);
    }
    assert.equal(servers.size, 2);
  });

  it("writes through each web server to the primary and reads back through each", async () => {
    const written: Awaited<ReturnType<typeof postMessage>>[] = [];
    for (let i = 0; i < 4; i++) written.push(await postMessage(`message ${i}`));
    assert.deepEqual(new Set(written.map(({ servedBy }) => servedBy.webServer)), new Set(["web-1", "web-2"]));
    for (const { servedBy } of written) assert.equal(servedBy.database.write, "web-1");
    await eventually("every web server shows what was written", 10, async () => {
      const lists = await Promise.all([1, 2, 3, 4].map(() => getJson("/api/messages")));
      const everywhere = lists.every(({ messages }) =>
        written.every(({ id }) => messages.some((m: { id: number }) => m.id === id)),
      );
      return everywhere && new Set(lists.map(({ servedBy }) => servedBy.database.read)).size > 1;
    });
  });

  it("writes a repeated request once", async () => {
    const token = randomUUID();
    const first = await postMessage("only once", token);
    const second = await postMessage("only once", token);
    assert.equal(second.id, first.id);
  });

  it("replicates to a second database that refuses writes", async () => {
    const { id } = await postMessage("on both disks");
    const read = (machine: string) =>
      onMachine(machine, "mysql", "-NBe", `SELECT message FROM application.messages WHERE id=${id}`);
    await eventually("the row is on the replica", 10, async () => (await read("web-2")).output === "on both disks");
    assert.equal((await read("web-1")).output, "on both disks");
    const write = await onMachine("web-2", "mysql", "-e", "DELETE FROM application.messages");
    assert.match(write.output, /super-read-only|read_only/);
    const status = await onMachine("web-2", "mysql", "-Ee", "SHOW REPLICA STATUS");
    assert.match(status.output, /Source_SSL_Allowed: Yes/);
    assert.match(status.output, /Auto_Position: 1/);
  });

  it("has no account of the database for anybody but the machines that need it, and root by the socket only", async () => {
    const query =
      "SELECT CONCAT(user, ' ', host, ' ', plugin, ' ', ssl_type) FROM mysql.user WHERE user NOT LIKE 'mysql.%'";
    const { output } = await onMachine("web-2", "mysql", "-NBe", query);
    const hosts = ["127.0.0.1", "172.30.99.11", "172.30.99.12"];
    const expected = ["application", "migration", "replication"].flatMap((account) =>
      hosts.map((host) => `${account} ${host} caching_sha2_password ANY`),
    );
    const found = output.split("\n").map((line) => line.trim());
    for (const account of expected) assert.ok(found.includes(account), output);
    const others = found.filter((account) => !expected.includes(account));
    assert.ok(others.includes("root localhost auth_socket"), output);
    assert.deepEqual(
      others.filter((account) => !account.endsWith(" localhost auth_socket")),
      [],
    );
  });

  it("is whole in a browser: no console error, a message written and shown", async () => {
    const pin = await keyOf(entry);
    const browser = await chromium.launch({
      executablePath: "/usr/bin/chromium",
      args: [
        "--no-sandbox",
        "--disable-gpu",
        "--disable-quic",
        "--disable-background-networking",
        "--disable-component-update",
        `--host-resolver-rules=MAP ${DOMAIN} ${entry}`,
        `--ignore-certificate-errors-spki-list=${pin}`,
      ],
    });
    try {
      const page = await browser.newPage();
      const problems: string[] = [];
      page.on("console", (message) => message.type() === "error" && problems.push(message.text()));
      page.on("pageerror", (error) => problems.push(error.message));
      await page.goto(`https://${DOMAIN}/`);
      await page
        .getByText(/web-[12]/)
        .first()
        .waitFor();
      const text = `from a browser ${randomUUID()}`;
      await page.locator("input[name=name]").fill("Grace");
      await page.locator("textarea[name=message]").fill(text);
      await page.locator("form:has(textarea[name=message]) button").first().click();
      await page.getByText(text).first().waitFor();
      assert.deepEqual(problems, []);
    } finally {
      await browser.close();
    }
  });

  it("has what MySQL says of itself in the journal", async () => {
    for (const machine of ["web-1", "web-2"]) {
      const { output } = await onMachine(
        machine,
        "journalctl",
        "--no-pager",
        "--quiet",
        "--unit=mysql",
        "--grep=ready for connections",
      );
      assert.match(output, /mysqld/, machine);
    }
  });

  it("leaves no warning of PHP's in a log, neither for visitors nor for the load balancer's questions", async () => {
    for (const machine of ["web-1", "web-2"]) {
      const search = ["journalctl", "--no-pager", "--quiet", "--grep", "PHP (Warning|Notice|Deprecated|Fatal)"];
      const wrong = await onMachine(machine, ...search);
      assert.equal(wrong.output, "", machine);
    }
  });
});

describe("the firewalls", function () {
  this.timeout(120_000);
  const topology = planTopology({
    preset: "distributed",
    stack: "test",
    domain: DOMAIN,
    addressRange: String(settings.addressRange),
    size: { memory: 1024, cores: 2 },
  });
  const machines = creationOrder(topology);
  const PORTS = [22, 80, 443, 3306, 6446, 6447, 8080, 8404, 9000, 9200, 33060, 33061];

  const allowed = (from: readonly string[], to: readonly string[], port: number) =>
    flows(topology).some(
      (flow) => flow.port === port && (from.includes(flow.from) || flow.from === "internet") && to.includes(flow.to),
    );

  const reachesFromHere = (address: string, port: number) =>
    new Promise<boolean>((resolve) => {
      const socket = connect({ host: address, port, timeout: 1000 });
      for (const [event, reached] of [
        ["connect", true],
        ["timeout", false],
        ["error", false],
      ] as const) {
        socket.on(event, () => {
          socket.destroy();
          resolve(reached);
        });
      }
    });

  it("let in from outside only what the topology says", async () => {
    for (const to of machines) {
      const open = await Promise.all(PORTS.map((port) => reachesFromHere(to.address, port)));
      assert.deepEqual(
        PORTS.filter((_, index) => open[index]),
        PORTS.filter((port) => allowed([], to.roles, port)),
        `internet → ${to.name}`,
      );
    }
  });

  it("let in from each machine only what the topology says", async () => {
    const probe = (address: string) =>
      PORTS.map((p) => `(timeout 1 bash -c '</dev/tcp/${address}/${p}' 2>/dev/null && echo ${p}) &`).join(" ");
    for (const from of machines) {
      for (const to of machines.filter(({ name }) => name !== from.name)) {
        const { output } = await onMachine(from.name, "bash", "-c", `${probe(to.address)} wait`);
        const open = output
          .split(/\s+/)
          .map(Number)
          .filter((port) => PORTS.includes(port));
        const expected = PORTS.filter((port) => allowed(from.roles, to.roles, port));
        assert.deepEqual(
          open.sort((a, b) => a - b),
          expected,
          `${from.name} → ${to.name}`,
        );
      }
    }
  });
});
