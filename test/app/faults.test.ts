import assert from "node:assert/strict";
import { setTimeout as sleep } from "node:timers/promises";
import { cookies, entry, eventually, get, inLab, json, list, post, useLab, whyNot } from "./support";

const SECRETS = /secret|PDO|SQLSTATE|\/srv\/|\.php|Stack trace|127\.0\.0\.1:33/i;

async function rows(message: string): Promise<number> {
  return Number(await inLab("sql", "web-1", `SELECT COUNT(*) FROM application.messages WHERE message = '${message}'`));
}

describe(`application: when a database is away${whyNot}`, function () {
  useLab();
  this.timeout(30_000);

  describe("a replica that lags behind", () => {
    before(() => inLab("sql", "web-2", "STOP REPLICA SQL_THREAD"));
    after(() => inLab("sql", "web-2", "START REPLICA SQL_THREAD"));

    it("shows the own entry to whoever wrote it, from the primary, and reads on from the replica otherwise", async () => {
      const byApi = entry();
      const byForm = entry();
      const sentByApi = await post("web1", "/api/messages", byApi);
      const sentByForm = await post("web1", "/", new URLSearchParams(byForm));
      const own = await list("web2", cookies(sentByApi));
      assert.equal(own.servedBy.database.read, "web-1");
      assert.ok(own.messages.some(({ message }) => message === byApi.message));
      assert.ok((await (await get("web2", "/", cookies(sentByForm))).text()).includes(byForm.message));

      const others = await list("web2");
      assert.equal(others.servedBy.database.read, "web-2");
      assert.ok(!others.messages.some(({ message }) => message === byApi.message), "the replica does lag");

      await inLab("sql", "web-2", "START REPLICA SQL_THREAD");
      await eventually(async () => {
        const later = await list("web2", cookies(sentByApi));
        assert.equal(later.servedBy.database.read, "web-2");
        assert.ok(later.messages.some(({ message }) => message === byApi.message));
      });
    });
  });

  describe("no replica", () => {
    before(() => inLab("stop_database", "web-2"));
    after(() => inLab("start_again", "web-2"));

    it("is read from the primary", async () => {
      const { messages, servedBy } = await list("web2");
      assert.deepEqual(servedBy.database, { read: "web-1", write: "web-1" });
      assert.ok(messages.length > 0);
    });
  });

  describe("no primary", () => {
    before(() => inLab("stop_database", "web-1"));
    after(() => inLab("start_again", "web-1"));

    it("is readable, and says that writing waits", async () => {
      await eventually(async () => {
        const { messages, servedBy } = await list("web1");
        assert.deepEqual(servedBy.database, { read: "web-2", write: null });
        assert.ok(messages.length > 0);
      });
      const response = await get("web1", "/");
      assert.equal(response.status, 200);
      const html = await response.text();
      assert.match(html, /There is no primary database just now\. You can read on/);
      assert.match(html, /data-slot="write">no primary</);
    });

    it("asks a program to come back, with 503 and Retry-After", async () => {
      const response = await post("impatient", "/api/messages", entry());
      assert.equal(response.status, 503);
      assert.match(response.headers.get("retry-after") ?? "", /^\d+$/);
      assert.doesNotMatch(await response.text(), SECRETS);
    });

    it("says so at once where the load balancer has waited already", async () => {
      const begun = Date.now();
      const response = await post("web1", "/api/messages", entry(), { "X-Waited-For-Primary": "10" });
      assert.equal(response.status, 503);
      assert.ok(Date.now() - begun < 4000, `after ${Date.now() - begun} ms`);
    });

    it("gives a person the form back with the text and the same token", async () => {
      const written = entry({ name: "Grace", message: "Do not lose <this>" });
      const response = await post("impatient", "/", new URLSearchParams(written));
      assert.equal(response.status, 503);
      assert.match(response.headers.get("retry-after") ?? "", /^\d+$/);
      const html = await response.text();
      assert.match(html, />\nDo not lose &lt;this&gt;<\/textarea>/);
      assert.match(html, /name="name" value="Grace"/);
      assert.ok(html.includes(`name="token" value="${written.token}"`));
      assert.match(html, /Your words are still here/);
      assert.doesNotMatch(html, SECRETS);
    });

    it("lets a write wait for a primary that comes back within seconds", async () => {
      const written = entry();
      const response = post("web1", "/api/messages", written);
      await sleep(1000);
      await inLab("start_again", "web-1");
      assert.equal((await response).status, 201);
      assert.equal(await rows(written.message), 1);
    });
  });

  describe("a primary that is silent", () => {
    it("doesn't delay reading, and a write until it is back", async () => {
      const written = entry();
      await inLab("freeze", "web-1");
      try {
        const started = Date.now();
        assert.equal((await list("web2")).servedBy.database.read, "web-2");
        assert.ok(Date.now() - started < 2000, `reading took ${Date.now() - started} ms`);
        const response = post("web1", "/api/messages", written);
        await sleep(1000);
        await inLab("thaw", "web-1");
        assert.equal((await response).status, 201);
      } finally {
        await inLab("thaw", "web-1");
      }
      assert.equal(await rows(written.message), 1);
    });

    it("stores once what it was told twice, because the first answer came too late", async () => {
      const written = entry();
      const lock = inLab("sql", "web-1", "FLUSH TABLES WITH READ LOCK; SELECT SLEEP(3.6)");
      await sleep(200);
      const response = await post("web1", "/api/messages", written);
      assert.equal(response.status, 201);
      await lock;
      assert.equal(await rows(written.message), 1);
    });
  });

  it("trusts no database server with a certificate of somebody else", async () => {
    const served = await json(get("strangers", "/api/request"));
    assert.equal(served.database.read, null);
    assert.equal((await post("strangers", "/api/messages", entry())).status, 503);
  });

  it("says kindly, and without details, that no database answers", async () => {
    const page = await get("strangers", "/");
    assert.equal(page.status, 503);
    assert.match(page.headers.get("retry-after") ?? "", /^\d+$/);
    const html = await page.text();
    assert.match(html, /No database server answers just now/);
    const list = await get("strangers", "/api/messages");
    assert.equal(list.status, 503);
    for (const text of [html, await list.text()]) assert.doesNotMatch(text, SECRETS);
  });
});
