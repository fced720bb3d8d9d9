import { z } from "zod";

const pemFile = z.string().min(1, "takes the path of a PEM file");

/** Where certificates come from unless the settings say otherwise. */
const LETS_ENCRYPT = "https://acme-v02.api.letsencrypt.org/directory";

/** Settings of every target about the site's certificate. */
export const certificateSettings = {
  /** Where the site's certificate comes from: the stack's own authority, files of yours, or an ACME directory; see docs/security.md and docs/certificates.md. */
  certificate: z
    .enum(["self-signed", "provided", "acme"], "takes self-signed, provided or acme")
    .default("self-signed"),
  /** The site's certificate, followed by its intermediates: a PEM file, relative to the project. */
  certificateFile: pemFile.optional(),
  /** The private key of that certificate: a PEM file, relative to the project, and nothing for version control. */
  certificateKeyFile: pemFile.optional(),
  /** The authorities that clients trust, where these are no public ones: a PEM file, relative to the project. */
  certificateAuthorityFile: pemFile.optional(),
  /** The directory of an ACME server (RFC 8555). @default Let's Encrypt */
  acmeDirectory: z
    .string()
    .refine(isHttps, `takes the address of an ACME directory, which begins with https://, such as ${LETS_ENCRYPT}`)
    .optional(),
  /** Whom the directory may write to about the account. @default nobody */
  acmeEmail: z.email("takes an e-mail address").optional(),
  /** Counted up, it makes a new account with a new key. @default 1 */
  acmeAccount: z
    .string()
    .regex(/^[1-9]\d{0,2}$/, "takes a whole number from 1 to 999: another one makes a new account")
    .transform(Number)
    .optional(),
  /** How the directory makes sure that the domain is yours. @default http-01 */
  acmeChallenge: z
    .literal("http-01", "takes http-01: validation by DNS records (dns-01) is not there, see docs/certificates.md")
    .optional(),
};

function isHttps(address: string): boolean {
  if (!URL.canParse(address)) return false;
  const { protocol, username, password } = new URL(address);
  return protocol === "https:" && username === "" && password === "";
}

/** Settings that only some kinds of certificate have, and whether they need them. */
const ofSomeKinds = {
  certificateFile: { kinds: ["provided"], required: true },
  certificateKeyFile: { kinds: ["provided"], required: true },
  certificateAuthorityFile: { kinds: ["provided", "acme"], required: false },
  acmeDirectory: { kinds: ["acme"], required: false },
  acmeEmail: { kinds: ["acme"], required: false },
  acmeAccount: { kinds: ["acme"], required: false },
  acmeChallenge: { kinds: ["acme"], required: false },
} as const;

/** How the load balancers get the site's certificate by themselves. */
export interface Acme {
  /** Address of the ACME directory. */
  readonly directory: string;
  /** Number of the account: each has a key of its own. */
  readonly account: number;
  readonly email?: string;
}

interface Settings {
  readonly certificate: string;
  readonly domain: string;
  readonly acmeDirectory?: string;
  readonly acmeEmail?: string;
  readonly acmeAccount?: number;
}

/** What the settings say about ACME; nothing for other kinds of certificates. */
export function acmeOf({ certificate, acmeDirectory, acmeEmail, acmeAccount }: Settings): Acme | undefined {
  if (certificate !== "acme") return undefined;
  return {
    directory: acmeDirectory ?? LETS_ENCRYPT,
    account: acmeAccount ?? 1,
    ...(acmeEmail ? { email: acmeEmail } : {}),
  };
}

/**
 * Names that nobody owns, so no public authority signs them: RFC 2606, 6761, 6762 (local), 7686 (onion), 8375 (home.arpa),
 * 9476 (alt), and ICANN's reservation of internal.
 */
const NOBODYS =
  /(^|\.)(test|example|invalid|localhost|local|onion|home\.arpa|alt|internal|lan|corp|home|example\.(com|net|org))$/;

/** Why Let's Encrypt gives no certificate for the domain, as the end of a sentence that begins with the setting's name. */
function whyNobodySigns({ domain, ...settings }: Settings): string | undefined {
  const { directory = "" } = acmeOf({ domain, ...settings }) ?? {};
  // a wrong directory is told by its own setting
  const isPublic = URL.canParse(directory) && /(^|\.)letsencrypt\.org$/.test(new URL(directory).hostname);
  if (!isPublic || !NOBODYS.test(domain)) return undefined;
  return (
    "takes a name of yours that is reachable from the internet: Let's Encrypt gives no certificates for names that nobody owns. " +
    "Use another name, a directory of your own (acmeDirectory), or certificate self-signed"
  );
}

type Checked = Settings & { readonly [setting in keyof typeof ofSomeKinds]?: unknown };

/**
 * Refuses settings that the kind of certificate has no use for, and asks for those that it needs.
 * @param key a setting as a person writes it
 */
export const checkCertificate =
  (key: (setting: string) => string) => (config: Checked, context: z.core.$RefinementCtx) => {
    for (const [setting, { kinds, required }] of Object.entries(ofSomeKinds)) {
      const isGiven = config[setting as keyof typeof ofSomeKinds] !== undefined;
      const isOwn = kinds.some((kind) => kind === config.certificate);
      if (isGiven === isOwn || (isOwn && !required)) continue;
      context.addIssue({
        code: "custom",
        path: [setting],
        message: isOwn
          ? "takes the path of a PEM file"
          : `has no use with ${key("certificate")} ${config.certificate}. Remove it, or set that to ${kinds.join(" or ")}`,
        params: { namesNoValue: true },
      });
    }
    const message = whyNobodySigns(config);
    if (message) context.addIssue({ code: "custom", path: ["domain"], message });
  };
