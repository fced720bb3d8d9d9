import * as pulumi from "@pulumi/pulumi";
import * as tls from "@pulumi/tls";

/** How long a certificate is valid, and for how long before its end a `pulumi up` (or `npm start`) renews it. */
interface Validity {
  readonly days: number;
  readonly renewalDays: number;
}

/**
 * Ten years: the CA is trusted by hand, so its end should not surprise anybody soon. Renewed in its second half, with the
 * same key, so that no certificate outlives it, and old and new ones are taken side by side meanwhile.
 */
const AUTHORITY: Validity = { days: 3650, renewalDays: 1830 };

/** Apple's platforms refuse server certificates of a private CA that live longer (support.apple.com/103769). */
const SITE: Validity = { days: 825, renewalDays: 365 };

/** Between machines no browser looks on: a stack that nobody touches works for so long, at least for three years. */
const MACHINE: Validity = { days: 1825, renewalDays: 1095 };

/** What a certificate is for. */
export type Purpose = "site" | "machine";

const hours = ({ days, renewalDays }: Validity) => ({
  validityPeriodHours: days * 24,
  earlyRenewalHours: renewalDays * 24,
});

export interface CertificateAuthorityArgs {
  /** Shown as the CA's name and the certificates' organization, so that a person recognises it in a trust store. */
  readonly organization: string;
}

/** A private certificate authority of one stack. The key never leaves the stack's state. */
export class CertificateAuthority extends pulumi.ComponentResource {
  /** The CA's certificate in PEM format: what a browser or curl has to trust. */
  readonly certificate: pulumi.Output<string>;
  private readonly key: tls.PrivateKey;
  private readonly organization: string;

  constructor(name: string, args: CertificateAuthorityArgs, opts?: pulumi.ComponentResourceOptions) {
    super("web-infrastructure:index:CertificateAuthority", name, args, opts);
    this.organization = args.organization;
    this.key = privateKey(`${name}-key`, this);
    this.certificate = new tls.SelfSignedCert(
      `${name}-certificate`,
      {
        privateKeyPem: this.key.privateKeyPem,
        subject: { commonName: `${args.organization} private CA`, organization: args.organization },
        ...hours(AUTHORITY),
        isCaCertificate: true,
        setSubjectKeyId: true,
        allowedUses: ["cert_signing", "crl_signing"],
      },
      { parent: this },
    ).certPem;
    this.registerOutputs({ certificate: this.certificate });
  }

  /**
   * Issues a server certificate.
   *
   * @param names host names it is valid for; the first is its common name where it fits (64 characters, RFC 5280)
   * @param addresses IP addresses it is valid for
   * @returns certificate and private key, both in PEM format, the key secret
   */
  issue(
    name: string,
    purpose: Purpose,
    names: string[],
    addresses: string[],
    parent: pulumi.Resource,
  ): IssuedCertificate {
    const key = privateKey(`${name}-key`, parent);
    const commonName = names.find((candidate) => candidate.length <= 64);
    const request = new tls.CertRequest(
      `${name}-request`,
      {
        privateKeyPem: key.privateKeyPem,
        subject: { commonName, organization: this.organization },
        dnsNames: names,
        ipAddresses: addresses,
      },
      { parent },
    );
    const certificate = new tls.LocallySignedCert(
      `${name}-certificate`,
      {
        certRequestPem: request.certRequestPem,
        caPrivateKeyPem: this.key.privateKeyPem,
        caCertPem: this.certificate,
        ...hours(purpose === "site" ? SITE : MACHINE),
        setSubjectKeyId: true,
        allowedUses: ["digital_signature", "server_auth", "client_auth"],
      },
      { parent },
    );
    return { certificate: certificate.certPem, key: key.privateKeyPem };
  }
}

export interface IssuedCertificate {
  readonly certificate: pulumi.Output<string>;
  readonly key: pulumi.Output<string>;
}

/** P-256: what Mozilla's server-side TLS guideline 6.0 asks of an intermediate configuration. */
function privateKey(name: string, parent: pulumi.Resource): tls.PrivateKey {
  return new tls.PrivateKey(name, { algorithm: "ECDSA", ecdsaCurve: "P256" }, { parent });
}
