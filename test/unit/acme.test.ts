import assert from "node:assert/strict";
import { createPublicKey } from "node:crypto";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { thumbprint } from "../../components/acme-account";
import { readDirectoryAuthorities } from "../../components/site-certificate";
import { parseConfig } from "../../config";
import { acmeOf } from "../../config-certificate";
import { configuredTopology } from "../../topology";

const parse = (settings: Record<string, string>) => {
  const given = Object.entries({ target: "docker", certificate: "acme", domain: "www.foobar.com", ...settings });
  return parseConfig(Object.fromEntries(given.map(([key, value]) => [`web-infrastructure:${key}`, value])), "local");
};

describe("certificates from an ACME directory", () => {
  it("are Let's Encrypt's unless the settings name another one", () => {
    assert.deepEqual(acmeOf(parse({})), { directory: "https://acme-v02.api.letsencrypt.org/directory", account: 1 });
    const settings = {
      acmeDirectory: "https://ca.foobar.com:9000/acme",
      acmeEmail: "ops@foobar.com",
      acmeAccount: "2",
    };
    assert.deepEqual(acmeOf(parse(settings)), {
      directory: settings.acmeDirectory,
      email: settings.acmeEmail,
      account: 2,
    });
    assert.equal(acmeOf(parse({ certificate: "self-signed" })), undefined);
  });

  it("are in the topology, from which machines and firewalls are made", () => {
    const size = { memory: 1024, cores: 1 };
    assert.deepEqual(configuredTopology(parse({}), "local", { size }).acme, acmeOf(parse({})));
    assert.ok(!("acme" in configuredTopology(parse({ certificate: "self-signed" }), "local", { size })));
  });

  const refused: [string, Record<string, string>, RegExp][] = [
    ["a directory by HTTP", { acmeDirectory: "http://ca.foobar.com/" }, /:acmeDirectory takes .*https:.*, not "http:/],
    ["a directory that is no address", { acmeDirectory: "letsencrypt" }, /:acmeDirectory takes .*, not "letsencrypt"/],
    ["a password in its address", { acmeDirectory: "https://a:b@ca.foobar.com/" }, /:acmeDirectory takes/],
    ["what is no e-mail address", { acmeEmail: "ops" }, /:acmeEmail takes an e-mail address, not "ops"/],
    ["what is no number of an account", { acmeAccount: "0" }, /:acmeAccount takes a whole number .*, not "0"/],
    ["validation by DNS", { acmeChallenge: "dns-01" }, /:acmeChallenge takes http-01: .*not there.*, not "dns-01"/],
    [
      "a domain that nobody owns",
      { domain: "www.foobar.test" },
      /:domain takes a name of yours .*, not "www\.foobar\.test"/,
    ],
    ["no domain: the default one isn't yours", { domain: "" }, /:domain is missing: it takes a name of yours/],
    ["a domain of documents", { domain: "www.example.com" }, /:domain takes a name of yours/],
    ["a domain of one label", { domain: "intranet" }, /:domain takes a domain name/],
    ["a wildcard", { domain: "*.foobar.com" }, /:domain takes a domain name/],
    [
      "files of a provided certificate",
      { certificateFile: "a.pem" },
      /:certificateFile has no use with web-infrastructure:certificate acme\. Remove it, or set that to provided/,
    ],
    [
      "a directory for another kind",
      { certificate: "self-signed", acmeDirectory: "https://ca.foobar.com/" },
      /:acmeDirectory has no use with web-infrastructure:certificate self-signed\. Remove it, or set that to acme/,
    ],
    ["another kind", { certificate: "letsencrypt" }, /:certificate takes self-signed, provided or acme/],
  ];
  for (const [what, settings, message] of refused)
    it(`refuse ${what}`, () => assert.throws(() => parse(settings), message));

  it("may be for names of a private network when the directory is a private one", () => {
    assert.equal(
      parse({ domain: "www.foobar.internal", acmeDirectory: "https://ca.foobar.internal/" }).certificate,
      "acme",
    );
  });

  it("take the authorities of a private directory from a file, and refuse one that holds none or is missing", () => {
    const directory = mkdtempSync(join(tmpdir(), "authorities-"));
    try {
      const file = join(directory, "ca.pem");
      writeFileSync(file, "none");
      assert.equal(readDirectoryAuthorities(parse({})), undefined);
      assert.throws(
        () => readDirectoryAuthorities(parse({ certificateAuthorityFile: file })),
        /certificateAuthorityFile: .*ca\.pem can't be used; nothing was touched\.\n.*no certificate in PEM/,
      );
      assert.throws(() => readDirectoryAuthorities(parse({ certificateAuthorityFile: `${file}.none` })), /ENOENT/);
    } finally {
      rmSync(directory, { recursive: true });
    }
  });
});

describe("the thumbprint of an ACME account", () => {
  it("is that of RFC 7638's example", () => {
    const n =
      "0vx7agoebGcQSuuPiLJXZptN9nndrQmbXEps2aiAFbWhM78LhWx4cbbfAAtVT86zwu1RK7aPFFxuhDR1L6tSoc_BJECPebWKRXjBZCiFV4n3oknjhMs" +
      "tn64tZ_2W-5JsGY4Hc5n9yBXArwl93lqt7_RN5w6Cf0h4QyQ5v-65YGjQR0_FDW2QvzqY368QQMicAtaSqzs8KJZgnYb9c7d0zgdAZHzu6qMQvRL5ha" +
      "jrn1n91CbOpbISD08qNLyrdkt-bFTWhAI4vMQFh6WeZu0fM4lFd2NcRwr3XPksINHaQ-G_xBniIqbw0Ls1jF44-csFCur-kEgU8awapJzKnqDKgw";
    const key = createPublicKey({ key: { kty: "RSA", e: "AQAB", n }, format: "jwk" });
    const pem = key.export({ type: "spki", format: "pem" }) as string;
    assert.equal(thumbprint(pem), "NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs");
  });
});
