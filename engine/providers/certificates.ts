import { createHash } from "node:crypto";
import { z } from "zod";
import type { Created, Difference, Properties, ResourceProvider } from "../provider";
import { compareInputs, parseInputs } from "./inputs";
import {
  allowedUsesSchema,
  alternativeNames,
  distinguishedName,
  issueCertificate,
  loadSigner,
  subjectSchema,
  x509,
} from "./x509";

const names = {
  subject: subjectSchema.optional(),
  dnsNames: z.array(z.string().min(1)).optional(),
  ipAddresses: z.array(z.union([z.ipv4(), z.ipv6()], { error: "must be an IP address" })).optional(),
};
/** What the two kinds of certificates have in common. Key identifiers are always set, whatever the two switches say. */
const validity = {
  allowedUses: allowedUsesSchema,
  isCaCertificate: z.boolean().default(false),
  maxPathLength: z.int().min(-1).default(-1),
  setSubjectKeyId: z.boolean().default(false),
  validityPeriodHours: z.int().min(1),
  earlyRenewalHours: z.int().min(0).default(0),
};
const renewsInTime = (inputs: { validityPeriodHours: number; earlyRenewalHours: number }) =>
  inputs.earlyRenewalHours < inputs.validityPeriodHours;
const renewsTooOften = {
  path: ["earlyRenewalHours"],
  error: "must be less than validityPeriodHours, or every run renews the certificate",
};

const selfSignedSchema = z
  .strictObject({
    ...names,
    ...validity,
    setAuthorityKeyId: z.boolean().default(false),
    privateKeyPem: z.string(),
  })
  .refine(renewsInTime, renewsTooOften);
const requestSchema = z.strictObject({ ...names, privateKeyPem: z.string() });
const locallySignedSchema = z
  .strictObject({ ...validity, certRequestPem: z.string(), caCertPem: z.string(), caPrivateKeyPem: z.string() })
  .refine(renewsInTime, renewsTooOften);

/** The object identifier of the extension. */
const subjectAlternativeName = "2.5.29.17";

/** Inputs that take effect without a new certificate. */
const inPlace = ["earlyRenewalHours"];

/** `tls.SelfSignedCert`: a certificate that its own key signs, such as a stack's certificate authority. */
export const selfSignedCertificate: ResourceProvider = {
  secretOutputs: ["privateKeyPem"],
  check: (inputs) => parseInputs("tls.SelfSignedCert", selfSignedSchema, inputs),
  diff: differenceWithRenewal,

  async create(inputs) {
    const options = selfSignedSchema.parse(inputs);
    const signer = await loadSigner("tls.SelfSignedCert: privateKeyPem", options.privateKeyPem);
    const certificate = await issueCertificate(
      {
        subject: distinguishedName(options.subject),
        alternativeNames: alternativeNames(options),
        publicKey: signer.keys.publicKey,
        allowedUses: options.allowedUses,
        isCertificateAuthority: options.isCaCertificate,
        maxPathLength: options.maxPathLength,
        validityHours: options.validityPeriodHours,
      },
      { signer },
    );
    return created({ ...inputs, keyAlgorithm: signer.keyAlgorithm }, certificate);
  },

  update: keepCertificate,
  async delete() {},
};

/** `tls.CertRequest`: names and a public key, for an authority to sign. */
export const certificateRequest: ResourceProvider = {
  secretOutputs: ["privateKeyPem"],
  check: (inputs) => parseInputs("tls.CertRequest", requestSchema, inputs),
  diff: (oldInputs, newInputs) => compareInputs(oldInputs, newInputs),

  async create(inputs) {
    const options = requestSchema.parse(inputs);
    const signer = await loadSigner("tls.CertRequest: privateKeyPem", options.privateKeyPem);
    const request = await x509.Pkcs10CertificateRequestGenerator.create({
      name: distinguishedName(options.subject),
      extensions: alternativeNames(options),
      keys: signer.keys,
      signingAlgorithm: signer.signingAlgorithm,
    });
    const certRequestPem = `${request.toString("pem")}\n`;
    return {
      id: createHash("sha1").update(certRequestPem).digest("hex"),
      outputs: { ...inputs, certRequestPem, keyAlgorithm: signer.keyAlgorithm },
    };
  },

  async delete() {},
};

/** `tls.LocallySignedCert`: a certificate for a request, signed by an authority whose key is at hand. */
export const locallySignedCertificate: ResourceProvider = {
  secretOutputs: ["caPrivateKeyPem"],
  check: (inputs) => parseInputs("tls.LocallySignedCert", locallySignedSchema, inputs),
  diff: differenceWithRenewal,

  async create(inputs) {
    const options = locallySignedSchema.parse(inputs);
    const signer = await loadSigner("tls.LocallySignedCert: caPrivateKeyPem", options.caPrivateKeyPem);
    const authority = new x509.X509Certificate(options.caCertPem);
    const request = new x509.Pkcs10CertificateRequest(options.certRequestPem);
    if (!(await request.verify())) throw new Error("tls.LocallySignedCert: certRequestPem has a wrong signature.");
    const signerKey = await x509.PublicKey.create(signer.keys.publicKey);
    if (!Buffer.from(signerKey.rawData).equals(Buffer.from(authority.publicKey.rawData))) {
      throw new Error("tls.LocallySignedCert: caPrivateKeyPem is not the key of caCertPem.");
    }
    const certificate = await issueCertificate(
      {
        subject: request.subjectName,
        alternativeNames: request.getExtensions(subjectAlternativeName),
        publicKey: request.publicKey,
        allowedUses: options.allowedUses,
        isCertificateAuthority: options.isCaCertificate,
        maxPathLength: options.maxPathLength,
        validityHours: options.validityPeriodHours,
      },
      { signer, certificate: authority },
    );
    return created({ ...inputs, caKeyAlgorithm: signer.keyAlgorithm }, certificate);
  },

  update: keepCertificate,
  async delete() {},
};

/** A certificate that ends soon is replaced like one whose inputs changed. */
function differenceWithRenewal(oldInputs: Properties, newInputs: Properties, oldOutputs: Properties): Difference {
  const difference = compareInputs(oldInputs, newInputs, inPlace);
  const renewalStarts = Date.parse(oldOutputs.validityEndTime) - newInputs.earlyRenewalHours * 3_600_000;
  if (Date.now() < renewalStarts) return difference;
  return {
    changed: [...difference.changed, "readyForRenewal"],
    replace: [...difference.replace, "readyForRenewal"],
  };
}

async function keepCertificate(_id: string, inputs: Properties, oldOutputs: Properties): Promise<Properties> {
  return { ...oldOutputs, ...inputs };
}

function created(properties: Properties, certificate: x509.X509Certificate): Created {
  return {
    id: BigInt(`0x${certificate.serialNumber}`).toString(),
    outputs: {
      ...properties,
      certPem: `${certificate.toString("pem")}\n`,
      readyForRenewal: false,
      validityStartTime: rfc3339(certificate.notBefore),
      validityEndTime: rfc3339(certificate.notAfter),
    },
  };
}

function rfc3339(date: Date): string {
  return date.toISOString().replace(/\.\d+Z$/, "Z");
}
