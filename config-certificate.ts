import { z } from "zod";

const pemFile = z.string().min(1, "takes the path of a PEM file");

/** Settings of every target about the site's certificate. */
export const certificateSettings = {
  /** Where the site's certificate comes from: the stack's own authority, or files of yours; see docs/security.md. */
  certificate: z.enum(["self-signed", "provided"], "takes self-signed or provided").default("self-signed"),
  /** The site's certificate, followed by its intermediates: a PEM file, relative to the project. */
  certificateFile: pemFile.optional(),
  /** The private key of that certificate: a PEM file, relative to the project, and nothing for version control. */
  certificateKeyFile: pemFile.optional(),
  /** The authorities that clients trust, where these are no public ones: a PEM file, relative to the project. */
  certificateAuthorityFile: pemFile.optional(),
};

/** Settings that only one kind of certificate has, and whether it needs them. */
export const ofOneKind = {
  certificateFile: { kind: "provided", required: true },
  certificateKeyFile: { kind: "provided", required: true },
  certificateAuthorityFile: { kind: "provided", required: false },
} as const;
