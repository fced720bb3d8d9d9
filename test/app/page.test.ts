import assert from "node:assert/strict";
import { cookies, entry, eventually, get, list, post, useLab, whyNot } from "./support";

/** The token in the form of a page. */
function tokenOf(html: string): string {
  return /name="token" value="([^"]+)"/.exec(html)?.[1] ?? "";
}

const form = (fields: Record<string, string>) => new URLSearchParams(fields);

describe(`application: page without JavaScript${whyNot}`, function () {
  this.timeout(10_000);
  useLab();

  it("shows the machines that served it", async () => {
    const html = await (await get("web2", "/", { "X-Load-Balancer": "lb-7" })).text();
    assert.match(html, /<h1[^>]*><span[^>]*>web-2<\/span> answered you\.<\/h1>/);
    for (const [slot, name] of [
      ["loadBalancer", "lb-7"],
      ["webServer", "web-2"],
      ["read", "web-2"],
      ["write", "web-1"],
    ]) {
      assert.match(html, new RegExp(`data-slot="${slot}">${name}<`));
    }
  });

  it("stores what the form sends, thanks once, remembers the name, and shows who wrote the entry", async () => {
    const first = await get("web1", "/");
    const written = entry({ name: "Grace O'Hara", token: tokenOf(await first.text()) });
    const sent = await post("web2", "/", form(written), { ...cookies(first), "Sec-Fetch-Site": "same-origin" });
    assert.equal(sent.status, 303);
    assert.equal(sent.headers.get("location"), "/");
    const second = await get("web1", "/", cookies(sent));
    const html = await second.text();
    assert.match(html, /Thank you\./);
    assert.match(html, /name="name" value="Grace O&apos;Hara"/);
    assert.match(html, new RegExp(`${written.message}[^]*?<b class="machine colour-2"[^>]*>web-2</b>`));
    assert.doesNotMatch(await (await get("web2", "/", cookies(second))).text(), /Thank you\./);
  });

  it("gives each form its own token, and stores a form sent twice once", async () => {
    const html = await (await get("web1", "/")).text();
    assert.notEqual(tokenOf(html), tokenOf(await (await get("web1", "/")).text()));
    const written = entry({ token: tokenOf(html) });
    await post("web1", "/", form(written));
    assert.equal((await post("web2", "/", form(written))).status, 303);
    await eventually(async () => {
      const { messages } = await list("web2");
      assert.equal(messages.filter(({ message }) => message === written.message).length, 1);
    });
  });

  it("gives back a form that isn't complete, with what was typed and what is missing", async () => {
    const response = await post("web1", "/", form(entry({ name: "", message: "<b>kept" })));
    assert.equal(response.status, 422);
    const html = await response.text();
    assert.match(html, /id="name"[^>]* aria-invalid="true" aria-describedby="name-error"/);
    assert.match(html, /id="name-error">Please fill in the name\.</);
    assert.match(html, />\n&lt;b&gt;kept<\/textarea>/);
    assert.doesNotMatch(html, /id="message"[^>]* aria-invalid/);
  });

  it("gives back a changed text under a used token with a new token", async () => {
    const written = entry();
    await post("web1", "/", form(written));
    const response = await post("web1", "/", form({ ...written, message: "changed" }));
    assert.equal(response.status, 409);
    const html = await response.text();
    assert.match(html, />\nchanged<\/textarea>/);
    assert.match(tokenOf(html), /^[0-9a-f-]{36}$/);
    assert.notEqual(tokenOf(html), written.token);
  });

  it("takes fields of any form as what they are", async () => {
    assert.equal((await post("web1", "/", form({ "name[]": "a", "message[x][y]": "b" }))).status, 422);
    const bytes = `name=%ff%fe&message=a&token=${entry().token}`;
    const response = await post("web1", "/", bytes, { "Content-Type": "application/x-www-form-urlencoded" });
    assert.equal(response.status, 422);
  });

  const attacks = [
    "<script>alert(1)</script>",
    `"><img src=x onerror=alert(1)>`,
    `' autofocus onfocus='alert(1)`,
    "</textarea><svg onload=alert(1)>",
  ];
  it("shows markup as text wherever it comes from", async () => {
    for (const attack of attacks) {
      const sent = await post("web1", "/", form(entry({ name: attack, message: attack })));
      const shown = await (await get("web1", "/", { ...cookies(sent), "X-Load-Balancer": attack })).text();
      const refused = await (await post("web1", "/", form({ name: attack, message: attack, token: attack }))).text();
      for (const html of [shown, refused]) {
        assert.ok(
          html.includes(
            attack.replaceAll("<", "&lt;").replaceAll(">", "&gt;").replaceAll('"', "&quot;").replaceAll("'", "&apos;"),
          ),
        );
        assert.ok(!html.includes(attack), attack);
      }
    }
  });

  it("allows its own files only, and has nothing inline", async () => {
    const response = await get("web1", "/");
    const policy = response.headers.get("content-security-policy") ?? "";
    assert.match(policy, /^default-src 'none'; /);
    assert.match(policy, /frame-ancestors 'none'/);
    assert.match(policy, /base-uri 'none'/);
    assert.doesNotMatch(policy, /unsafe|\*|https?:/);
    assert.equal(response.headers.get("cache-control"), "no-store");
    assert.equal(response.headers.get("x-content-type-options"), "nosniff");
    assert.equal(response.headers.get("referrer-policy"), "same-origin");
    assert.equal(response.headers.get("cross-origin-opener-policy"), "same-origin");
    assert.equal(response.headers.get("x-powered-by"), null);
    const html = await response.text();
    assert.doesNotMatch(html, /<style|<[^>]*\s(style|on\w+)=|<script(?![^>]*\ssrc=)/i);
    for (const [, file = ""] of html.matchAll(/(?:href|src)="(\/[^"#]+\.[^"]+)"/g)) {
      assert.equal((await get("web1", file)).status, 200, file);
    }
  });

  it("has a page for an address that does not exist, and none for its source", async () => {
    const response = await get("web1", "/nowhere");
    assert.equal(response.status, 404);
    assert.match(await response.text(), /<h1>No such stop<\/h1>/);
    for (const path of ["/src/Config.php", "/migrations/001-messages.sql", "/../src/Config.php"]) {
      assert.equal((await get("web1", path)).status, 404, path);
    }
  });

  it("says nothing about its insides when it isn't set up", async () => {
    for (const path of ["/", "/api/messages"]) {
      const response = await get("unconfigured", path);
      assert.equal(response.status, 500);
      assert.doesNotMatch(await response.text(), /SESSION_KEY|\.php|Exception|#0/);
    }
  });
});
