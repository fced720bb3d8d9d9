import { createHash, createPublicKey } from "node:crypto";
import * as pulumi from "@pulumi/pulumi";
import * as tls from "@pulumi/tls";

/** The account at an ACME directory: a key of the stack, which each load balancer has. The directory makes the account itself. */
export class AcmeAccount extends pulumi.ComponentResource {
  /** In PEM format. */
  readonly key: pulumi.Output<string>;
  /** A file for systemd's EnvironmentFile: by what it says load balancers answer validations. */
  readonly thumbprint: pulumi.Output<string>;

  /** @param account another number makes another key: that of an account that was closed can't be used again (RFC 8555, 7.3.6) */
  constructor(name: string, { account }: { readonly account: number }, opts?: pulumi.ComponentResourceOptions) {
    super("web-infrastructure:index:AcmeAccount", name, { account }, opts);
    // RSA: acme-tiny has no other
    this.key = new tls.PrivateKey(
      `${name}-key-${account}`,
      { algorithm: "RSA", rsaBits: 2048 },
      { parent: this },
    ).privateKeyPem;
    this.thumbprint = this.key.apply((pem) => `ACME_THUMBPRINT=${thumbprint(pem)}\n`);
    this.registerOutputs({});
  }
}

/** The thumbprint of an RSA key: the hash of its public half as JSON, with members in order and no spaces (RFC 7638). */
export function thumbprint(privateKeyPem: string): string {
  const { e, kty, n } = createPublicKey(privateKeyPem).export({ format: "jwk" });
  return createHash("sha256").update(JSON.stringify({ e, kty, n })).digest("base64url");
}
