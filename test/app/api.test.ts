import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import {
  cookies,
  entry,
  eventually,
  get,
  json,
  list,
  type Message,
  post,
  type Server,
  useLab,
  whyNot,
} from "./support";

describe(`application: API${whyNot}`, function () {
  this.timeout(10_000);
  useLab();

  describe("which machines answered", () => {
    it("names load balancer, web server, databases and client", async () => {
      const response = await get("web2", "/api/request", { "X-Load-Balancer": "lb-1" });
      const { client, ...served } = await json(response);
      assert.deepEqual(served, {
        loadBalancer: "lb-1",
        webServer: "web-2",
        applicationServer: "web-2",
        database: { read: "web-2", write: "web-1" },
      });
      assert.match(client, /^[\d.]+$/);
    });

    it("tells web server and application server apart where Nginx says its name", async () => {
      const { webServer, applicationServer } = await json(get("web2", "/api/request", { "X-Web-Server": "web-9" }));
      assert.deepEqual([webServer, applicationServer], ["web-9", "web-2"]);
    });

    it("says null for the load balancer when there was none", async () => {
      assert.equal((await json(get("web1", "/api/request"))).loadBalancer, null);
    });

    it("is answered in turn by the web servers behind a load balancer", async () => {
      const names: string[] = [];
      for (let number = 0; number < 4; number++) {
        names.push((await json(get("loadBalancer", "/api/request"))).webServer);
      }
      assert.deepEqual(names.slice(0, 2).sort(), ["web-1", "web-2"]);
      assert.deepEqual(names.slice(2), names.slice(0, 2));
    });
  });

  describe("messages", () => {
    it("stores through one web server and reads, newest first, through the other", async () => {
      const first = entry({ message: "Grüße, 世界 👋🏽\r\nzweite Zeile" });
      const second = entry();
      const response = await post("web1", "/api/messages", first);
      assert.equal(response.status, 201);
      const stored = await json(response);
      assert.equal(stored.servedBy.database.write, "web-1");
      await post("web2", "/api/messages", second);
      await eventually(async () => {
        const { messages, servedBy } = await list("web2");
        assert.equal(servedBy.database.read, "web-2");
        assert.equal(messages[0]?.message, second.message);
        assert.equal(messages[0]?.webServer, "web-2");
        assert.deepEqual(messages[1], {
          id: stored.id,
          name: "Ada",
          message: "Grüße, 世界 👋🏽\nzweite Zeile",
          createdAt: stored.createdAt,
          webServer: "web-1",
        });
      });
      assert.match(stored.createdAt, /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);
      assert.ok(Math.abs(Date.parse(stored.createdAt) - Date.now()) < 60_000, "the time is in UTC");
    });

    it("stores a repeated token once, also when eight of them arrive at the same time", async () => {
      const repeated = entry();
      const servers: Server[] = ["web1", "web2", "web1", "web2", "web1", "web2", "web1", "web2"];
      const responses = await Promise.all(servers.map((server) => post(server, "/api/messages", repeated)));
      assert.deepEqual(new Set(responses.map((response) => response.status)), new Set([201]));
      const ids = await Promise.all(responses.map(async (response) => (await json(response)).id));
      assert.equal(new Set(ids).size, 1);
      await eventually(async () => assert.equal(await count(repeated.message), 1));
    });

    it("refuses a token that belongs to another message, and keeps that one", async () => {
      const first = entry();
      await post("web1", "/api/messages", first);
      const response = await post("web2", "/api/messages", { ...first, message: "something else" });
      assert.equal(response.status, 409);
      await eventually(async () => assert.equal(await count(first.message), 1));
    });

    it("lists at most 50", async () => {
      for (let batch = 0; batch < 6; batch++) {
        await Promise.all(Array.from({ length: 9 }, () => post("web1", "/api/messages", entry())));
      }
      await eventually(async () => assert.equal((await list("web2")).messages.length, 50));
    });

    it("takes what looks like SQL as text", async () => {
      const hostile = entry({ name: "Robert'); DROP TABLE messages;--" });
      assert.equal((await post("web1", "/api/messages", hostile)).status, 201);
      await eventually(async () => assert.equal((await list("web2")).messages[0]?.name, hostile.name));
    });

    it("counts characters, not bytes", async () => {
      const longest = entry({ name: "ü".repeat(40), message: "👋".repeat(500) });
      const response = await post("web1", "/api/messages", longest);
      assert.equal(response.status, 201);
      assert.equal((await json(response)).message, longest.message);
    });

    const refused: [string, object, string[]][] = [
      ["nothing at all", { name: undefined, message: undefined, token: undefined }, ["message", "name", "token"]],
      ["a name of blanks", { name: " \t\u00a0" }, ["name"]],
      ["a message of invisible characters", { message: "\u200b\u200d\n" }, ["message"]],
      ["a name of 41 characters", { name: "ü".repeat(41) }, ["name"]],
      ["a message of 501 characters", { message: "x".repeat(501) }, ["message"]],
      ["fields that are no text", { name: 7, message: ["a"], token: {} }, ["message", "name", "token"]],
      ["a token that is no UUID", { token: "1234" }, ["token"]],
      ["a token with something behind it", { token: `${randomUUID()}\n` }, ["token"]],
    ];
    for (const [what, changes, fields] of refused) {
      it(`refuses ${what}, and says which field it is`, async () => {
        const response = await post("web1", "/api/messages", entry(changes));
        assert.equal(response.status, 422);
        const { errors } = await json(response);
        assert.deepEqual(Object.keys(errors).sort(), fields);
        for (const sentence of Object.values<string>(errors)) assert.match(sentence, /^[A-Z].*\.$/);
      });
    }

    it("answers what isn't a JSON object, isn't JSON or is too large with 400, 415 and 413", async () => {
      const json = { "Content-Type": "application/json" };
      for (const body of ["", "{", "[1]", '"text"', '{"name":"\xff"']) {
        assert.equal((await post("web1", "/api/messages", body, json)).status, 400, body);
      }
      const text = JSON.stringify(entry());
      for (const type of ["text/plain", "application/x-www-form-urlencoded", "text/plain; application/json"]) {
        assert.equal((await post("web1", "/api/messages", text, { "Content-Type": type })).status, 415, type);
      }
      assert.equal((await post("web1", "/api/messages", entry({ message: "x".repeat(20_000) }))).status, 413);
    });
  });

  describe("another site in the same browser", () => {
    const allowed: [string, Record<string, string>][] = [
      ["a program that says nothing about an origin", {}],
      ["our own page", { "Sec-Fetch-Site": "same-origin" }],
    ];
    for (const [who, headers] of allowed) {
      it(`lets ${who} write`, async () => {
        assert.equal((await post("web1", "/api/messages", entry(), headers)).status, 201);
      });
    }

    const foreign: Record<string, string>[] = [
      { "Sec-Fetch-Site": "cross-site" },
      { "Sec-Fetch-Site": "same-site" },
      { Origin: "https://evil.example" },
      { Origin: "null" },
    ];
    for (const headers of foreign) {
      it(`refuses a write with ${JSON.stringify(headers)}, by JSON and by form`, async () => {
        const written = entry();
        assert.equal((await post("web1", "/api/messages", written, headers)).status, 403);
        assert.equal((await post("web1", "/", new URLSearchParams(written), headers)).status, 403);
        assert.equal(await count(written.message), 0);
      });
    }

    it("is judged by Origin where a browser sends no Sec-Fetch-Site", async () => {
      const { host } = new URL((await get("web1", "/robots.txt")).url);
      assert.equal((await post("web1", "/api/messages", entry(), { Origin: `https://${host}` })).status, 201);
      assert.equal((await post("web1", "/api/messages", entry(), { Origin: `https://${host}0` })).status, 403);
    });
  });

  describe("session", () => {
    const visits = async (server: Server, headers: Record<string, string>) =>
      (await json(get(server, "/api/session", headers))).visits;

    it("goes on across web servers, in a cookie for this host, HTTPS and no script", async () => {
      const first = await get("web1", "/api/session");
      assert.deepEqual(await json(first), { visits: 1, webServer: "web-1" });
      const [cookie = ""] = first.headers.getSetCookie();
      assert.match(cookie, /^__Host-session=[\w.-]+; Path=\/; Max-Age=\d+; Secure; HttpOnly; SameSite=Lax$/);
      const second = await get("web2", "/api/session", cookies(first));
      assert.deepEqual(await json(second), { visits: 2, webServer: "web-2" });
      assert.equal(await visits("web1", cookies(second)), 3);
    });

    it("starts anew with a cookie that somebody changed", async () => {
      const own = cookies(await get("web1", "/api/session")).Cookie;
      const [name = "", value = ""] = own.split("=");
      const [payload = "", signature = ""] = value.split(".");
      const raised = Buffer.from(
        JSON.stringify({ ...JSON.parse(Buffer.from(payload, "base64url").toString()), visits: 41 }),
      ).toString("base64url");
      assert.equal(await visits("web1", { Cookie: own }), 2, "the cookie is good before it is changed");
      for (const bad of [
        `${raised}.${signature}`,
        raised,
        `${raised}.`,
        `.${signature}`,
        ".",
        "",
        `${payload}.${signature}x`,
      ]) {
        assert.equal(await visits("web1", { Cookie: `${name}=${bad}` }), 1, bad);
      }
    });
  });

  it("knows no other addresses and methods", async () => {
    const missing = await get("web1", "/api/nothing");
    assert.equal(missing.status, 404);
    assert.match(missing.headers.get("content-type") ?? "", /json/);
    const wrong = await post("web1", "/api/session", {});
    assert.equal(wrong.status, 405);
    assert.equal(wrong.headers.get("allow"), "GET, HEAD");
  });

  it("sends its answers as data that nobody caches, sniffs or embeds", async () => {
    const { headers } = await get("web1", "/api/messages");
    assert.equal(headers.get("cache-control"), "no-store");
    assert.equal(headers.get("x-content-type-options"), "nosniff");
    assert.match(headers.get("content-security-policy") ?? "", /default-src 'none'/);
    assert.equal(headers.get("cross-origin-resource-policy"), "same-origin");
    assert.equal(headers.get("access-control-allow-origin"), null);
  });
});

async function count(message: string): Promise<number> {
  return (await list("web2")).messages.filter((candidate: Message) => candidate.message === message).length;
}
