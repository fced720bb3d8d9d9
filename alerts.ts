import { z } from "zod";

/** Where alerts go, as far as it is no secret: it stands in configuration files. */
export interface AlertRoutes {
  readonly email?: {
    /** One address or several, with commas between. */
    readonly to: string;
    readonly from: string;
    readonly host: string;
    readonly port: number;
    readonly user?: string;
    /** The connection begins in clear, and nothing is sent before it is encrypted; else it is TLS from the first byte, or stays in clear. */
    readonly startTls: boolean;
  };
  /** The address of the webhook is a secret, its port isn't. */
  readonly webhook?: { readonly port: number };
  /** ARN of an SNS topic. */
  readonly topic?: string;
}

/** Secret files of the monitors. */
export interface AlertSecrets {
  readonly "alert-smtp-password"?: string;
  readonly "alert-webhook-url"?: string;
}

/** RFC 8314: 465 is TLS from the first byte, 587 asks for it (STARTTLS). */
const smtpPorts: Record<string, number> = { "smtps:": 465, "smtp:": 587 };

const addresses = z
  .string()
  .refine(
    (value) => value.split(",").every((one) => z.email().safeParse(one.trim()).success),
    "takes an e-mail address, or several with commas between",
  );

/** A URL of one of these protocols, with a host. */
const url = (takes: string, protocols: readonly string[]) =>
  z.string().refine((value) => {
    const parsed = URL.canParse(value) ? new URL(value) : undefined;
    // Alertmanager speaks TLS from the first byte at port 465 only
    const isOtherPort = parsed?.protocol === "smtps:" && !["", "465"].includes(parsed.port);
    return parsed !== undefined && protocols.includes(parsed.protocol) && parsed.hostname !== "" && !isOtherPort;
  }, takes);

/** Settings of every target. Absent ones: nobody is told by that way. */
export const alertSettings = {
  /** Who gets alerts by e-mail. */
  alertEmail: addresses.optional(),
  /** The server that takes e-mail, with user and password where it wants them. */
  alertSmtp: url(
    "takes the address of a mail server such as smtps://user:password@smtp.example.com or smtp://10.0.0.5:25?tls=none",
    Object.keys(smtpPorts),
  ).optional(),
  /** Whom alerts by e-mail come from. */
  alertFrom: z.email("takes an e-mail address").optional(),
  /** Gets each alert as JSON by HTTP POST, in Alertmanager's format. */
  alertWebhook: url("takes an address such as https://example.com/hook", ["http:", "https:"]).optional(),
};

/** Of the target AWS only. */
export const awsAlertSettings = {
  alertTopic: z
    .string()
    .regex(/^arn:aws[a-z-]*:sns:[a-z0-9-]+:\d{12}:[A-Za-z0-9_-]+$/, "takes the ARN of an SNS topic")
    .optional(),
};

interface Settings {
  readonly domain: string;
  readonly alertEmail?: string;
  readonly alertSmtp?: string;
  readonly alertFrom?: string;
  readonly alertWebhook?: string;
  readonly alertTopic?: string;
}

/** E-mail needs both: whom, and by which server. */
export function incompleteAlerts({ alertEmail, alertSmtp }: Partial<Settings>): string | undefined {
  if (alertEmail && !alertSmtp) return "alertSmtp";
  return alertSmtp && !alertEmail ? "alertEmail" : undefined;
}

/** What is public of the settings. */
export function alertRoutes(settings: Settings): AlertRoutes {
  const { alertEmail, alertSmtp, alertFrom, alertWebhook, alertTopic, domain } = settings;
  const server = alertSmtp === undefined ? undefined : new URL(alertSmtp);
  const port = server && Number(server.port || smtpPorts[server.protocol]);
  const webhook = alertWebhook === undefined ? undefined : new URL(alertWebhook);
  return {
    ...(alertEmail && server && port
      ? {
          email: {
            to: alertEmail,
            from: alertFrom ?? `alerts@${domain}`,
            host: server.hostname,
            port,
            ...(server.username ? { user: decodeURIComponent(server.username) } : {}),
            startTls: port !== smtpPorts["smtps:"] && server.searchParams.get("tls") !== "none",
          },
        }
      : {}),
    ...(webhook ? { webhook: { port: Number(webhook.port || (webhook.protocol === "https:" ? 443 : 80)) } } : {}),
    ...(alertTopic ? { topic: alertTopic } : {}),
  };
}

/** What isn't. */
export function alertSecrets({ alertSmtp, alertWebhook }: Settings): AlertSecrets {
  const server = alertSmtp === undefined ? undefined : new URL(alertSmtp);
  return {
    ...(server?.username ? { "alert-smtp-password": decodeURIComponent(server.password) } : {}),
    ...(alertWebhook ? { "alert-webhook-url": alertWebhook } : {}),
  };
}
