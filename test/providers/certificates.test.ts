import assert from "node:assert/strict";
import { X509Certificate } from "node:crypto";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Properties, ResourceProvider } from "../../engine/provider";
import { providers } from "../../engine/providers";
import { runCommand } from "../../engine/setup/command";

const type = (token: string): ResourceProvider => providers[token] as ResourceProvider;
const privateKey = type("tls:index/privateKey:PrivateKey");
const selfSigned = type("tls:index/selfSignedCert:SelfSignedCert");
const certRequest = type("tls:index/certRequest:CertRequest");
const locallySigned = type("tls:index/locallySignedCert:LocallySignedCert");

const context = { progress() {}, signal: new AbortController().signal };

async function make(provider: ResourceProvider, inputs: Properties): Promise<Properties> {
  return (await provider.create(provider.check(inputs), context)).outputs;
}

const makeKey = () => make(privateKey, { algorithm: "ECDSA", ecdsaCurve: "P256" });

async function makeAuthority(commonName: string) {
  const key = await makeKey();
  const certificate = await make(selfSigned, {
    privateKeyPem: key.privateKeyPem,
    subject: { commonName, organization: "Tests" },
    isCaCertificate: true,
    maxPathLength: 0,
    allowedUses: ["cert_signing", "crl_signing", "digital_signature"],
    validityPeriodHours: 24 * 365,
  });
  return { keyPem: key.privateKeyPem as string, certPem: certificate.certPem as string };
}

async function makeSite(authority: { keyPem: string; certPem: string }) {
  const key = await makeKey();
  const request = await make(certRequest, {
    privateKeyPem: key.privateKeyPem,
    subject: { commonName: "www.foobar.com" },
    dnsNames: ["www.foobar.com", "localhost"],
    ipAddresses: ["127.0.0.1", "172.31.20.11"],
  });
  const inputs = {
    certRequestPem: request.certRequestPem,
    caCertPem: authority.certPem,
    caPrivateKeyPem: authority.keyPem,
    allowedUses: ["digital_signature", "key_encipherment", "server_auth"],
    validityPeriodHours: 24 * 90,
    earlyRenewalHours: 24 * 30,
  };
  const outputs = await make(locallySigned, inputs);
  return { keyPem: key.privateKeyPem as string, request, inputs, outputs, certPem: outputs.certPem as string };
}

describe("certificates of the built-in engine", () => {
  let directory: string;
  let authority: Awaited<ReturnType<typeof makeAuthority>>;
  let site: Awaited<ReturnType<typeof makeSite>>;

  before(async () => {
    directory = await mkdtemp(join(tmpdir(), "certificates-"));
    authority = await makeAuthority("Test CA");
    site = await makeSite(authority);
    const impostor = await makeAuthority("Test CA");
    await Promise.all([
      writeFile(join(directory, "ca.pem"), authority.certPem),
      writeFile(join(directory, "impostor.pem"), impostor.certPem),
      writeFile(join(directory, "site.pem"), site.certPem),
      writeFile(join(directory, "request.pem"), site.request.certRequestPem),
      writeFile(join(directory, "key.pem"), site.keyPem, { mode: 0o600 }),
    ]);
  });

  after(() => rm(directory, { recursive: true }));

  const openssl = (...args: string[]) => runCommand("openssl", args, { cwd: directory });

  it("openssl verifies the site against its CA, strictly, for each name and address", async () => {
    for (const name of ["www.foobar.com", "localhost"]) {
      const { exitCode, log } = await openssl(
        ..."verify -x509_strict -purpose sslserver -CAfile ca.pem".split(" "),
        ..."-verify_hostname".split(" "),
        name,
        "site.pem",
      );
      assert.equal(exitCode, 0, log);
    }
    const { exitCode, log } = await openssl(
      ..."verify -x509_strict -CAfile ca.pem -verify_ip 172.31.20.11 site.pem".split(" "),
    );
    assert.equal(exitCode, 0, log);
  });

  it("a wrong name, a wrong purpose and another CA of the same name are refused", async () => {
    const wrong = [
      "verify -CAfile ca.pem -verify_hostname www.example.com site.pem",
      "verify -CAfile ca.pem -purpose sslclient site.pem",
      "verify -CAfile impostor.pem site.pem",
    ];
    for (const args of wrong) assert.notEqual((await openssl(...args.split(" "))).exitCode, 0, args);
  });

  it("the request carries subject and names, and openssl accepts its signature", async () => {
    const { exitCode, output, log } = await openssl("req", "-in", "request.pem", "-verify", "-noout", "-text");
    assert.equal(exitCode, 0, log);
    assert.match(output, /CN = www\.foobar\.com/);
    assert.match(output, /DNS:www\.foobar\.com, DNS:localhost, IP Address:127\.0\.0\.1, IP Address:172\.31\.20\.11/);
  });

  it("the certificate belongs to the key, which is in the form that the real provider gives", async () => {
    assert.match(site.keyPem, /^-----BEGIN EC PRIVATE KEY-----\n[\s\S]+\n-----END EC PRIVATE KEY-----\n$/);
    const ofKey = await openssl("pkey", "-in", "key.pem", "-pubout");
    const ofCertificate = await openssl("x509", "-in", "site.pem", "-noout", "-pubkey");
    assert.equal(ofCertificate.output, ofKey.output);
  });

  it("has the extensions that browsers and MySQL look at, and is valid since a little while", async () => {
    const { output: text } = await openssl("x509", "-in", "site.pem", "-noout", "-text");
    assert.match(text, /Basic Constraints: critical\s+CA:FALSE/);
    assert.match(text, /Key Usage: critical\s+Digital Signature, Key Encipherment/);
    assert.match(text, /Extended Key Usage:\s+TLS Web Server Authentication/);
    const { output: ofAuthority } = await openssl("x509", "-in", "ca.pem", "-noout", "-text");
    assert.match(ofAuthority, /Basic Constraints: critical\s+CA:TRUE, pathlen:0/);
    const identifier = /Subject Key Identifier:\s+(\S+)/;
    const authorityIdentifier = /Authority Key Identifier:\s+(\S+)/;
    assert.equal(authorityIdentifier.exec(text)?.[1], identifier.exec(ofAuthority)?.[1]);

    const certificate = new X509Certificate(site.certPem);
    assert.ok(Date.parse(certificate.validFrom) < Date.now() - 60_000);
    assert.equal(Date.parse(site.outputs.validityEndTime), Date.parse(certificate.validTo));
    assert.ok(Math.abs(Date.parse(certificate.validTo) - Date.now() - 90 * 24 * 3_600_000) < 60_000);
  });

  it("no two certificates have the same serial number", async () => {
    const again = await make(locallySigned, site.inputs);
    assert.notEqual(new X509Certificate(again.certPem).serialNumber, new X509Certificate(site.certPem).serialNumber);
  });

  it("RSA keys work as well", async () => {
    const key = await make(privateKey, { algorithm: "RSA", rsaBits: 2048 });
    const { certPem } = await make(selfSigned, {
      privateKeyPem: key.privateKeyPem,
      dnsNames: ["www.foobar.com"],
      allowedUses: ["server_auth"],
      validityPeriodHours: 1,
    });
    const certificate = new X509Certificate(certPem);
    assert.ok(certificate.verify(certificate.publicKey));
    assert.match(key.privateKeyPem, /^-----BEGIN RSA PRIVATE KEY-----/);
  });

  it("a CA's certificate with another CA's key is refused, without showing the key", async () => {
    const other = await makeAuthority("Other CA");
    await assert.rejects(make(locallySigned, { ...site.inputs, caPrivateKeyPem: other.keyPem }), (error: Error) => {
      assert.match(error.message, /caPrivateKeyPem is not the key of caCertPem/);
      assert.doesNotMatch(error.message, /PRIVATE KEY---/);
      return true;
    });
  });

  describe("renewal", () => {
    const inDays = (days: number) => new Date(Date.now() + days * 24 * 3_600_000).toISOString();
    const difference = (validityEndTime: string) => {
      const inputs = locallySigned.check(site.inputs);
      return locallySigned.diff(inputs, inputs, { ...site.outputs, validityEndTime });
    };

    it("leaves a certificate alone that is valid for long", () => {
      assert.deepEqual(difference(inDays(31)), { changed: [], replace: [] });
    });

    it("replaces one that ends within earlyRenewalHours", () => {
      assert.deepEqual(difference(inDays(29)).replace, ["readyForRenewal"]);
    });

    it("refuses a renewal period that would renew in every run", () => {
      assert.throws(() => locallySigned.check({ ...site.inputs, earlyRenewalHours: 24 * 90 }), /earlyRenewalHours/);
    });

    it("a longer renewal period needs no new certificate", async () => {
      const oldInputs = locallySigned.check(site.inputs);
      const newInputs = { ...oldInputs, earlyRenewalHours: 24 * 40 };
      assert.deepEqual(locallySigned.diff(oldInputs, newInputs, site.outputs), {
        changed: ["earlyRenewalHours"],
        replace: [],
      });
      const updated = await locallySigned.update?.("1", newInputs, site.outputs, context);
      assert.equal(updated?.certPem, site.certPem);
      assert.equal(updated?.earlyRenewalHours, 24 * 40);
    });
  });
});
