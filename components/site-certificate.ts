import { createPrivateKey, type KeyObject, X509Certificate } from "node:crypto";
import { readFileSync } from "node:fs";
import { rootCertificates } from "node:tls";
import { type Config, ConfigError, key as settingKey } from "../config";

/** What the load balancers show to clients. All in PEM format; the key goes nowhere but into secret files. */
export interface SiteCertificate {
  /** The site's certificate and its intermediates. */
  readonly certificate: string;
  readonly key: string;
  /** What clients have to trust. */
  readonly authority: string;
}

/** A certificate that ends in less than so many days is worth a warning: as many as Let's Encrypt's clients renew it early. */
const WARNING_DAYS = 30;

/** RFC 5280, 4.2.1.12: a certificate with this among its extended uses may be a web server's. */
const SERVER_AUTHENTICATION = "1.3.6.1.5.5.7.3.1";

/** What browsers and Mozilla's guideline 6.0 take; HAProxy refuses shorter keys (OpenSSL's security level 2). */
const SMALLEST_RSA_KEY = 2048;
const CURVES = ["prime256v1", "secp384r1"];

type Settings = Pick<
  Config,
  "certificate" | "domain" | "certificateFile" | "certificateKeyFile" | "certificateAuthorityFile"
>;

/**
 * Reads the certificate that the settings name, and makes sure that browsers will take it.
 *
 * @param warn is told what will be wrong soon
 * @returns undefined when the stack's own authority is to issue one
 * @throws ConfigError that names the file and what is wrong with it
 */
export function readSiteCertificate(
  settings: Settings,
  warn: (message: string) => void,
  now = new Date(),
): SiteCertificate | undefined {
  if (settings.certificate !== "provided") return undefined;
  const chain = readCertificates("certificateFile", settings.certificateFile as string);
  const key = readKey(settings.certificateKeyFile as string);
  const trusted = settings.certificateAuthorityFile
    ? readCertificates("certificateAuthorityFile", settings.certificateAuthorityFile)
    : [];
  const [leaf] = chain as [X509Certificate, ...X509Certificate[]];
  const refuse = (reason: string): never => wrongFile("certificateFile", settings.certificateFile as string, reason);

  checkLeaf(leaf, settings.domain, chain.length, refuse);
  if (!leaf.checkPrivateKey(key)) {
    wrongFile(
      "certificateKeyFile",
      settings.certificateKeyFile as string,
      `this is not the private key of the certificate in ${settings.certificateFile} (${nameOf(leaf)}).`,
    );
  }
  checkKey(key, refuse);
  for (const certificate of chain) checkDates(certificate, now, refuse);
  const root = checkChain(chain, trusted, refuse);

  const ends = chain.reduce((one, other) => (endOf(other) < endOf(one) ? other : one));
  const days = Math.floor((endOf(ends).getTime() - now.getTime()) / 86_400_000);
  if (days < WARNING_DAYS) {
    warn(
      `${settings.certificateFile}: the certificate ${nameOf(ends)} ends in ${days} days. Put a new one in its place.`,
    );
  }
  return {
    certificate: chain.map(toPem).join(""),
    key: key.export({ type: "pkcs8", format: "pem" }) as string,
    authority: [...new Set([root, ...trusted].map(toPem))].join(""),
  };
}

/**
 * Reads the authorities of a private ACME directory: that of its own address, and that of the certificates it gives.
 *
 * @returns in PEM format; undefined where the settings name none
 * @throws ConfigError that names the file and what is wrong with it
 */
export function readDirectoryAuthorities(settings: Settings, now = new Date()): string | undefined {
  const { certificate, certificateAuthorityFile: file } = settings;
  if (certificate !== "acme" || !file) return undefined;
  const authorities = readCertificates("certificateAuthorityFile", file);
  const refuse = (reason: string): never => wrongFile("certificateAuthorityFile", file, reason);
  for (const authority of authorities) checkDates(authority, now, refuse);
  return authorities.map(toPem).join("");
}

function checkLeaf(leaf: X509Certificate, domain: string, length: number, refuse: (reason: string) => never): void {
  if (leaf.ca && length > 1) {
    refuse(`its first certificate (${nameOf(leaf)}) is an authority's. The site's own comes first, then its issuer.`);
  }
  // browsers have looked at alternative names only since 2017 (RFC 6125)
  if (leaf.checkHost(domain, { subject: "never" }) === undefined) {
    refuse(
      `the certificate is not for ${domain} (${settingKey("domain")}), but for: ${leaf.subjectAltName ?? "no name at all"}.`,
    );
  }
  if (leaf.keyUsage && !leaf.keyUsage.includes(SERVER_AUTHENTICATION)) {
    refuse(
      `the certificate (${nameOf(leaf)}) is not meant for web servers: its uses don't include server authentication.`,
    );
  }
}

function checkKey(key: KeyObject, refuse: (reason: string) => never): void {
  const { modulusLength = 0, namedCurve = "" } = key.asymmetricKeyDetails ?? {};
  const isStrong =
    key.asymmetricKeyType === "rsa"
      ? modulusLength >= SMALLEST_RSA_KEY
      : key.asymmetricKeyType === "ec" && CURVES.includes(namedCurve);
  if (!isStrong) {
    const what = [key.asymmetricKeyType, modulusLength || namedCurve].filter(Boolean).join(" ");
    refuse(`its key is ${what}; browsers take ECDSA P-256 or P-384, or RSA with ${SMALLEST_RSA_KEY} bits or more.`);
  }
}

function checkDates(certificate: X509Certificate, now: Date, refuse: (reason: string) => never): void {
  const begins = new Date(certificate.validFrom);
  if (begins > now) refuse(`the certificate ${nameOf(certificate)} is not valid before ${begins.toISOString()}.`);
  if (endOf(certificate) < now) {
    refuse(`the certificate ${nameOf(certificate)} has expired on ${endOf(certificate).toISOString()}.`);
  }
}

/** Each certificate is issued by the next one, and the last one by an authority that clients trust, which is returned. */
function checkChain(
  chain: readonly X509Certificate[],
  trusted: readonly X509Certificate[],
  refuse: (reason: string) => never,
): X509Certificate {
  chain.forEach((certificate, index) => {
    const issuer = chain[index + 1];
    if (!issuer || isIssuedBy(certificate, issuer)) return;
    const reason = chain.some((other) => other !== certificate && isIssuedBy(certificate, other))
      ? "its certificates are in the wrong order"
      : "a certificate is missing, or one doesn't belong there";
    refuse(
      `${reason}: ${nameOf(certificate)} was issued by "${issuerOf(certificate)}", but is followed by ${nameOf(issuer)}. ` +
        "The site's own comes first, each followed by its issuer.",
    );
  });
  const last = chain.at(-1) as X509Certificate;
  const roots = [last, ...trusted, ...rootCertificates.map((pem) => new X509Certificate(pem))];
  return (
    roots.find((root) => isIssuedBy(last, root)) ??
    refuse(
      `the chain is not complete: ${nameOf(last)} was issued by "${issuerOf(last)}", which is neither in the file nor an ` +
        "authority that clients trust. Append the intermediate certificates (your authority calls them chain or bundle); " +
        `a private authority's root goes into ${settingKey("certificateAuthorityFile")}.`,
    )
  );
}

function isIssuedBy(certificate: X509Certificate, issuer: X509Certificate): boolean {
  return certificate.checkIssued(issuer) && certificate.verify(issuer.publicKey);
}

function readCertificates(setting: string, file: string): X509Certificate[] {
  const text = readPem(setting, file);
  const blocks = text.match(/-----BEGIN CERTIFICATE-----[\s\S]*?-----END CERTIFICATE-----/g) ?? [];
  if (blocks.length === 0) wrongFile(setting, file, "there is no certificate in PEM format in it.");
  return blocks.map((block, index) => {
    try {
      return new X509Certificate(block);
    } catch {
      return wrongFile(setting, file, `certificate number ${index + 1} in it is damaged.`);
    }
  });
}

/** Errors never show anything of the key. */
function readKey(file: string): KeyObject {
  const text = readPem("certificateKeyFile", file);
  if (/ENCRYPTED/.test(text)) {
    wrongFile(
      "certificateKeyFile",
      file,
      "the key is protected by a passphrase, which no machine could type. Remove it: openssl pkey -in … -out …",
    );
  }
  try {
    return createPrivateKey(text);
  } catch {
    return wrongFile("certificateKeyFile", file, "there is no private key in PEM format in it.");
  }
}

function readPem(setting: string, file: string): string {
  try {
    return readFileSync(file, "utf8");
  } catch (error) {
    return wrongFile(setting, file, `it can't be read: ${(error as Error).message}.`);
  }
}

function wrongFile(setting: string, file: string, reason: string): never {
  throw new ConfigError(`${settingKey(setting)}: ${file} can't be used; nothing was touched.\n  ${reason}`);
}

function endOf(certificate: X509Certificate): Date {
  return new Date(certificate.validTo);
}

/** The common name, or all of the subject where there is none. */
function nameOf({ subject, subjectAltName }: X509Certificate): string {
  return `"${/CN=(.*)/.exec(subject ?? "")?.[1] ?? subject ?? subjectAltName}"`;
}

function issuerOf({ issuer }: X509Certificate): string {
  return /CN=(.*)/.exec(issuer)?.[1] ?? issuer.replaceAll("\n", ", ");
}

function toPem(certificate: X509Certificate): string {
  return certificate.toString();
}
