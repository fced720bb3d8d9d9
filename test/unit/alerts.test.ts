import assert from "node:assert/strict";
import { alertRoutes, alertSecrets } from "../../alerts";
import { ConfigError, parseConfig } from "../../config";

const parse = (settings: Record<string, string>, target = "docker") =>
  parseConfig(
    Object.fromEntries(Object.entries({ target, ...settings }).map(([k, v]) => [`web-infrastructure:${k}`, v])),
    "local",
  );
const to = { alertEmail: "ops@foobar.com" };

describe("where alerts go", () => {
  it("is nowhere unless somebody says where", () => {
    assert.deepEqual(alertRoutes(parse({})), {});
    assert.deepEqual(alertSecrets(parse({})), {});
  });

  for (const [server, port, user, startTls] of [
    ["smtps://me%40foobar.com:pass%3Aword@smtp.foobar.com", 465, "me@foobar.com", false],
    ["smtp://smtp.foobar.com:465", 465, undefined, false],
    ["smtp://smtp.foobar.com", 587, undefined, true],
    ["smtp://10.0.0.5:25?tls=none", 25, undefined, false],
  ] as const) {
    it(`is by e-mail: ${server}`, () => {
      const config = parse({ ...to, alertSmtp: server });
      const { email } = alertRoutes(config);
      assert.deepEqual([email?.port, email?.user, email?.startTls], [port, user, startTls]);
      assert.equal(email?.from, "alerts@www.foobar.com");
      assert.equal(alertSecrets(config)["alert-smtp-password"], user && "pass:word");
      assert.ok(!JSON.stringify(alertRoutes(config)).includes("pass:word"));
    });
  }

  it("is a webhook, whose address is a secret", () => {
    const config = parse({ alertWebhook: "https://hooks.foobar.com:8443/T1/secret" });
    assert.deepEqual(alertRoutes(config), { webhook: { port: 8443 } });
    assert.deepEqual(alertSecrets(config), { "alert-webhook-url": "https://hooks.foobar.com:8443/T1/secret" });
  });

  const refused: [Record<string, string>, string][] = [
    [{ alertEmail: "ops", alertSmtp: "smtp://smtp.foobar.com" }, "alertEmail"],
    [{ alertEmail: "ops@foobar.com, x", alertSmtp: "smtp://smtp.foobar.com" }, "alertEmail"],
    [to, "alertSmtp"],
    [{ alertSmtp: "smtp://smtp.foobar.com" }, "alertEmail"],
    [{ ...to, alertSmtp: "smtp.foobar.com" }, "alertSmtp"],
    [{ ...to, alertSmtp: "https://smtp.foobar.com" }, "alertSmtp"],
    [{ ...to, alertSmtp: "smtps://smtp.foobar.com:587" }, "alertSmtp"],
    [{ ...to, alertSmtp: "smtp://smtp.foobar.com", alertFrom: "me" }, "alertFrom"],
    [{ alertWebhook: "hooks.foobar.com" }, "alertWebhook"],
    [{ alertWebhook: "ftp://hooks.foobar.com" }, "alertWebhook"],
    [{ alertTopic: "arn:aws:sns:eu-central-1:123456789012:alerts" }, "alertTopic"],
  ];
  for (const [settings, key] of refused) {
    it(`is refused by name before anything is made: ${JSON.stringify(settings)}`, () => {
      assert.throws(
        () => parse(settings),
        (error) => error instanceof ConfigError && error.message.includes(key),
      );
    });
  }
});
