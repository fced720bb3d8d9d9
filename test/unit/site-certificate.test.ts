import assert from "node:assert/strict";
import { generateKeyPairSync, type KeyObject } from "node:crypto";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { readSiteCertificate } from "../../components/site-certificate";
import { ConfigError, parseConfig } from "../../config";
import {
  alternativeNames,
  distinguishedName,
  issueCertificate,
  loadSigner,
  type x509,
} from "../../engine/providers/x509";

const DOMAIN = "www.foobar.com";
const DAY = 24;

interface Party {
  readonly certificate: x509.X509Certificate;
  readonly pem: string;
  readonly key: string;
}

interface Wishes {
  readonly key?: KeyObject;
  readonly domain?: string;
  readonly hours?: number;
  readonly uses?: readonly string[];
}

const newKey = () => generateKeyPairSync("ec", { namedCurve: "P-256" }).privateKey;

/** Issues a certificate; without an issuer it signs itself. */
async function issue(commonName: string, issuer?: Party, wishes: Wishes = {}): Promise<Party> {
  const key = (wishes.key ?? newKey()).export({ type: "pkcs8", format: "pem" }) as string;
  const own = await loadSigner("the key", key);
  const certificate = await issueCertificate(
    {
      subject: distinguishedName({ commonName }),
      alternativeNames: wishes.domain ? alternativeNames({ dnsNames: [wishes.domain] }) : [],
      publicKey: own.keys.publicKey,
      allowedUses: wishes.uses ?? (wishes.domain ? ["digital_signature", "server_auth"] : ["cert_signing"]),
      isCertificateAuthority: wishes.domain === undefined,
      validityHours: wishes.hours ?? 90 * DAY,
    },
    issuer ? { signer: await loadSigner("the key", issuer.key), certificate: issuer.certificate } : { signer: own },
  );
  return { certificate, key, pem: `${certificate.toString("pem")}\n` };
}

describe("a provided certificate", () => {
  let directory: string;
  let root: Party;
  let intermediate: Party;
  let leaf: Party;

  before(async () => {
    directory = mkdtempSync(join(tmpdir(), "certificates-"));
    root = await issue("Example Root");
    intermediate = await issue("Example Intermediate", root);
    leaf = await issue(DOMAIN, intermediate, { domain: DOMAIN });
  });
  after(() => rmSync(directory, { recursive: true }));

  const path = (name: string) => join(directory, name);

  /** Reads what is in these files as the program does; `root` is what clients trust. */
  function read(chain: string, key = leaf.key, now?: Date) {
    writeFileSync(path("site.pem"), chain);
    writeFileSync(path("site.key"), key);
    writeFileSync(path("root.pem"), root.pem);
    const warnings: string[] = [];
    const settings = {
      certificate: "provided" as const,
      domain: DOMAIN,
      certificateFile: path("site.pem"),
      certificateKeyFile: path("site.key"),
      certificateAuthorityFile: path("root.pem"),
    };
    return { certificate: readSiteCertificate(settings, (message) => warnings.push(message), now), warnings };
  }

  function refuses(file: string, reason: RegExp, act: () => unknown): void {
    assert.throws(act, (error) => {
      assert.ok(error instanceof ConfigError, String(error));
      assert.ok(error.message.includes(path(file)), error.message);
      assert.match(error.message, reason);
      assert.match(error.message, /nothing was touched/);
      return true;
    });
  }

  it("is taken with its chain and its key, and says what clients have to trust", () => {
    const { certificate, warnings } = read(leaf.pem + intermediate.pem);
    assert.equal(certificate?.certificate, leaf.pem + intermediate.pem);
    assert.match(certificate?.key ?? "", /BEGIN PRIVATE KEY/);
    assert.equal(certificate?.authority, root.pem);
    assert.deepEqual(warnings, []);
  });

  it("may bring the root along, and needs no authority file then", () => {
    const chain = leaf.pem + intermediate.pem + root.pem;
    assert.equal(read(chain).certificate?.authority, root.pem);
  });

  it("is warned of in its last 30 days", () => {
    const soon = new Date(Date.now() + 80 * 86_400_000);
    assert.match(read(leaf.pem + intermediate.pem, leaf.key, soon).warnings.join(), /site\.pem: .* ends in \d days/);
  });

  it("is refused with another key, by the key's file", () =>
    refuses("site.key", /not the private key of the certificate/, () => read(leaf.pem + intermediate.pem, root.key)));

  it("is refused without its intermediate", () =>
    refuses("site.pem", /chain is not complete: .* issued by "Example Intermediate"/, () => read(leaf.pem)));

  it("is refused when its chain is in the wrong order, or holds a stranger", async () => {
    const chain = [leaf.pem, root.pem, intermediate.pem].join("");
    refuses("site.pem", /wrong order/, () => read(chain));
    refuses("site.pem", /an authority's/, () => read(intermediate.pem + leaf.pem));
    const namesake = await issue("Example Intermediate", root);
    refuses("site.pem", /doesn't belong there/, () => read(leaf.pem + namesake.pem));
  });

  it("is refused before it begins and after it has ended, also when it is the intermediate's end", async () => {
    const late = new Date(Date.now() + 91 * 86_400_000);
    refuses("site.pem", /has expired on 20/, () => read(leaf.pem + intermediate.pem, leaf.key, late));
    refuses("site.pem", /not valid before 20/, () => read(leaf.pem + intermediate.pem, leaf.key, new Date(0)));
    const short = await issue("Example Intermediate", root, { hours: 1 });
    const long = await issue(DOMAIN, short, { domain: DOMAIN });
    const tomorrow = new Date(Date.now() + 86_400_000);
    refuses("site.pem", /"Example Intermediate" has expired/, () => read(long.pem + short.pem, long.key, tomorrow));
  });

  it("is refused for another name, whatever its common name says; a wildcard of one label is taken", async () => {
    const other = await issue(DOMAIN, intermediate, { domain: "www.example.org" });
    refuses("site.pem", /not for www\.foobar\.com .*DNS:www\.example\.org/, () =>
      read(other.pem + intermediate.pem, other.key),
    );
    const wildcard = await issue("any", intermediate, { domain: "*.foobar.com" });
    assert.ok(read(wildcard.pem + intermediate.pem, wildcard.key).certificate);
  });

  it("is refused when it isn't meant for servers, or its key is none that browsers take", async () => {
    const client = await issue(DOMAIN, intermediate, { domain: DOMAIN, uses: ["client_auth"] });
    refuses("site.pem", /not meant for web servers/, () => read(client.pem + intermediate.pem, client.key));
    const weak = generateKeyPairSync("rsa", { modulusLength: 1024 }).privateKey;
    const short = await issue(DOMAIN, intermediate, { domain: DOMAIN, key: weak });
    refuses("site.pem", /its key is rsa 1024/, () => read(short.pem + intermediate.pem, short.key));
  });

  it("is refused when its files are missing, empty, damaged or protected, without a word of the key", () => {
    refuses("site.pem", /no certificate in PEM/, () => read("hello"));
    refuses("site.pem", /number 1 in it is damaged/, () =>
      read("-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"),
    );
    const secret = leaf.key.replace("-----BEGIN", "-----BEGUN");
    refuses("site.key", /no private key in PEM/, () => read(leaf.pem + intermediate.pem, secret));
    const locked = newKey().export({ type: "pkcs8", format: "pem", cipher: "aes-128-cbc", passphrase: "x" }) as string;
    refuses("site.key", /passphrase/, () => read(leaf.pem + intermediate.pem, locked));
    assert.throws(
      () =>
        readSiteCertificate(
          { certificate: "provided", domain: DOMAIN, certificateFile: "none.pem", certificateKeyFile: "none.key" },
          () => {},
        ),
      /certificateFile: none\.pem can't be used[\s\S]*ENOENT/,
    );
  });
});

describe("the settings of a certificate", () => {
  const parse = (settings: Record<string, string>) => {
    const given = Object.entries({ target: "docker", ...settings });
    return parseConfig(Object.fromEntries(given.map(([key, value]) => [`web-infrastructure:${key}`, value])), "local");
  };

  it("are none by default", () => {
    assert.equal(parse({}).certificate, "self-signed");
    const warn = () => assert.fail("nothing to warn of");
    assert.equal(readSiteCertificate(parse({}), warn), undefined);
  });

  it("are asked for by name when they are missing", () =>
    assert.throws(
      () => parse({ certificate: "provided", certificateFile: "a.pem" }),
      /certificateKeyFile is missing: it takes the path of a PEM file/,
    ));

  it("are refused where they have no use", () =>
    assert.throws(
      () => parse({ certificateFile: "a.pem" }),
      /certificateFile has no use with web-infrastructure:certificate self-signed\. Remove it, or set that to provided\.\n?$/,
    ));
});
