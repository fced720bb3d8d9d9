import { createHash, generateKeyPairSync, type KeyObject } from "node:crypto";
import { z } from "zod";
import type { ResourceProvider } from "../provider";
import { compareInputs, parseInputs } from "./inputs";

/** Curves by the names that tls.PrivateKey gives them. P-224 is left out: neither browsers nor Web Crypto know it. */
const curves = { P256: "P-256", P384: "P-384", P521: "P-521" } as const;

const schema = z.discriminatedUnion("algorithm", [
  z.strictObject({
    algorithm: z.literal("ECDSA"),
    ecdsaCurve: z.enum(Object.keys(curves) as (keyof typeof curves)[]),
  }),
  z.strictObject({ algorithm: z.literal("RSA"), rsaBits: z.int().min(2048).max(16384).default(2048) }),
]);

/** `tls.PrivateKey`: ECDSA (P256, P384, P521) and RSA. The OpenSSH forms of the key are left out. */
export const privateKey: ResourceProvider = {
  secretOutputs: ["privateKeyPem", "privateKeyPemPkcs8"],

  check: (inputs) => parseInputs("tls.PrivateKey", schema, inputs),

  diff: (oldInputs, newInputs) => compareInputs(oldInputs, newInputs),

  async create(inputs) {
    const { privateKey, publicKey } = generate(schema.parse(inputs));
    const publicDer = publicKey.export({ type: "spki", format: "der" });
    return {
      id: createHash("sha1").update(publicDer).digest("hex"),
      outputs: {
        ...inputs,
        privateKeyPem: traditionalPem(privateKey),
        privateKeyPemPkcs8: privateKey.export({ type: "pkcs8", format: "pem" }),
        publicKeyPem: publicKey.export({ type: "spki", format: "pem" }),
      },
    };
  },

  async delete() {},
};

function generate(options: z.output<typeof schema>): { privateKey: KeyObject; publicKey: KeyObject } {
  return options.algorithm === "ECDSA"
    ? generateKeyPairSync("ec", { namedCurve: curves[options.ecdsaCurve] })
    : generateKeyPairSync("rsa", { modulusLength: options.rsaBits });
}

/** The form that the real provider gives: "EC PRIVATE KEY" or "RSA PRIVATE KEY". */
function traditionalPem(key: KeyObject): string | Buffer {
  return key.asymmetricKeyType === "ec"
    ? key.export({ type: "sec1", format: "pem" })
    : key.export({ type: "pkcs1", format: "pem" });
}
