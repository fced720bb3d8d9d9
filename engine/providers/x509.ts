import "reflect-metadata"; // @peculiar/x509 wants it loaded first
import { createPrivateKey, createPublicKey, type KeyObject, randomBytes, webcrypto } from "node:crypto";
import * as x509 from "@peculiar/x509";
import { z } from "zod";

x509.cryptoProvider.set(webcrypto);

/** From here, so that it is always loaded in the right order. */
export { x509 };

/** Uses of a key by the names that the tls provider gives them, as key usage flags … */
const keyUsages: Record<string, x509.KeyUsageFlags> = {
  digital_signature: x509.KeyUsageFlags.digitalSignature,
  content_commitment: x509.KeyUsageFlags.nonRepudiation,
  key_encipherment: x509.KeyUsageFlags.keyEncipherment,
  data_encipherment: x509.KeyUsageFlags.dataEncipherment,
  key_agreement: x509.KeyUsageFlags.keyAgreement,
  cert_signing: x509.KeyUsageFlags.keyCertSign,
  crl_signing: x509.KeyUsageFlags.cRLSign,
};
/** … or as extended key usages. */
const extendedKeyUsages: Record<string, string> = {
  server_auth: x509.ExtendedKeyUsage.serverAuth,
  client_auth: x509.ExtendedKeyUsage.clientAuth,
};

/** Fields of a distinguished name in the order in which the real provider writes them. */
const subjectFields: Record<string, string> = {
  country: "C",
  organization: "O",
  organizationalUnit: "OU",
  locality: "L",
  province: "ST",
  commonName: "CN",
};

export const subjectSchema = z.partialRecord(z.enum(Object.keys(subjectFields)), z.string().min(1));
export const allowedUsesSchema = z.array(z.enum([...Object.keys(keyUsages), ...Object.keys(extendedKeyUsages)]));
export type Subject = z.output<typeof subjectSchema>;

export interface AlternativeNames {
  readonly dnsNames?: readonly string[];
  readonly ipAddresses?: readonly string[];
}

/** A key pair as Web Crypto wants it, and how it signs. */
export interface Signer {
  readonly keys: webcrypto.CryptoKeyPair;
  readonly signingAlgorithm: webcrypto.EcdsaParams | webcrypto.Algorithm;
  /** `ECDSA` or `RSA`, as the tls provider says it. */
  readonly keyAlgorithm: "ECDSA" | "RSA";
}

const curves: Record<string, { namedCurve: string; hash: string }> = {
  prime256v1: { namedCurve: "P-256", hash: "SHA-256" },
  secp384r1: { namedCurve: "P-384", hash: "SHA-384" },
  secp521r1: { namedCurve: "P-521", hash: "SHA-512" },
};

/** Reads a private key in PEM. `property` names it in errors, which never show the key. */
export async function loadSigner(property: string, privateKeyPem: string): Promise<Signer> {
  let key: KeyObject;
  try {
    key = createPrivateKey(privateKeyPem);
  } catch {
    throw new Error(`${property} is not a private key in PEM format.`);
  }
  const curve = curves[key.asymmetricKeyDetails?.namedCurve ?? ""];
  if (key.asymmetricKeyType === "ec" && curve) {
    return {
      keys: await importKeys(key, { name: "ECDSA", namedCurve: curve.namedCurve }),
      signingAlgorithm: { name: "ECDSA", hash: curve.hash },
      keyAlgorithm: "ECDSA",
    };
  }
  if (key.asymmetricKeyType === "rsa") {
    const algorithm = { name: "RSASSA-PKCS1-v1_5", hash: "SHA-256" };
    return { keys: await importKeys(key, algorithm), signingAlgorithm: algorithm, keyAlgorithm: "RSA" };
  }
  throw new Error(`${property} must be an ECDSA key (P256, P384, P521) or an RSA key.`);
}

async function importKeys(key: KeyObject, algorithm: webcrypto.EcKeyImportParams | webcrypto.RsaHashedImportParams) {
  const privateDer = key.export({ type: "pkcs8", format: "der" });
  const publicDer = createPublicKey(key).export({ type: "spki", format: "der" });
  return {
    privateKey: await webcrypto.subtle.importKey("pkcs8", privateDer, algorithm, false, ["sign"]),
    publicKey: await webcrypto.subtle.importKey("spki", publicDer, algorithm, true, ["verify"]),
  };
}

export function distinguishedName(subject: Subject = {}): x509.JsonName {
  return Object.entries(subjectFields).flatMap(([property, field]) => {
    const value = subject[property];
    return value === undefined ? [] : [{ [field]: [value] }];
  });
}

/** The subject alternative names as an extension; none when there are no names. */
export function alternativeNames(names: AlternativeNames): x509.Extension[] {
  const general: x509.JsonGeneralNames = [
    ...(names.dnsNames ?? []).map((value) => ({ type: "dns" as const, value })),
    ...(names.ipAddresses ?? []).map((value) => ({ type: "ip" as const, value })),
  ];
  return general.length > 0 ? [new x509.SubjectAlternativeNameExtension(general)] : [];
}

export interface CertificateRequest {
  readonly subject: x509.JsonName | x509.Name;
  readonly alternativeNames: readonly x509.Extension[];
  readonly publicKey: x509.PublicKeyType;
  readonly allowedUses: readonly string[];
  readonly isCertificateAuthority: boolean;
  /** How many intermediate authorities may follow; undefined or negative: any number. */
  readonly maxPathLength?: number;
  readonly validityHours: number;
}

/** Who signs: a certificate authority, or (without certificate) the certificate's own key. */
export interface Issuer {
  readonly signer: Signer;
  readonly certificate?: x509.X509Certificate;
}

/**
 * Machines' clocks differ: a certificate is valid a little before it is made. Not so much that a short validity would
 * be used up by it.
 */
const clockToleranceMilliseconds = 5 * 60_000;
const hourMilliseconds = 3_600_000;

/** Issues a certificate. Serial numbers are random, 127 bits. */
export async function issueCertificate(request: CertificateRequest, issuer: Issuer): Promise<x509.X509Certificate> {
  const now = Math.floor(Date.now() / 1000) * 1000;
  const subjectKeyId = await x509.SubjectKeyIdentifierExtension.create(request.publicKey);
  const issuerKeyId = issuer.certificate?.getExtension(x509.SubjectKeyIdentifierExtension)?.keyId ?? subjectKeyId.keyId;
  return x509.X509CertificateGenerator.create({
    serialNumber: randomSerialNumber(),
    subject: request.subject,
    issuer: issuer.certificate?.subjectName ?? request.subject,
    notBefore: new Date(now - clockToleranceMilliseconds),
    notAfter: new Date(now + request.validityHours * hourMilliseconds),
    publicKey: request.publicKey,
    signingKey: issuer.signer.keys.privateKey,
    signingAlgorithm: issuer.signer.signingAlgorithm,
    extensions: [
      basicConstraints(request),
      ...usageExtensions(request.allowedUses),
      subjectKeyId,
      new x509.AuthorityKeyIdentifierExtension(issuerKeyId),
      ...request.alternativeNames,
    ],
  });
}

function basicConstraints(request: CertificateRequest): x509.Extension {
  const limited = request.isCertificateAuthority && (request.maxPathLength ?? -1) >= 0;
  return new x509.BasicConstraintsExtension(
    request.isCertificateAuthority,
    limited ? request.maxPathLength : undefined,
    true,
  );
}

function usageExtensions(allowedUses: readonly string[]): x509.Extension[] {
  const flags = allowedUses.reduce((sum, use) => sum | (keyUsages[use] ?? 0), 0);
  const extended = allowedUses.flatMap((use) => extendedKeyUsages[use] ?? []);
  return [
    ...(flags ? [new x509.KeyUsagesExtension(flags, true)] : []),
    ...(extended.length > 0 ? [new x509.ExtendedKeyUsageExtension(extended)] : []),
  ];
}

/** 16 bytes; the first is between 1 and 127, so that the number is positive and has no leading zero. */
function randomSerialNumber(): string {
  const bytes = randomBytes(16);
  bytes[0] = ((bytes[0] ?? 0) & 0x7f) | 0x01;
  return bytes.toString("hex");
}
