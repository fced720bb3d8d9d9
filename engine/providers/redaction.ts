import type { Upload } from "./container-request";

/** Shorter lines are left alone: replacing them would make a log unreadable and hides no secret worth the name. */
const shortestSecret = 6;

/**
 * Returns a function that hides the contents of private uploads in a text, line by line. Private is what only its owner
 * may read on the machine.
 */
export function redactor(uploads: readonly Upload[]): (text: string) => string {
  const secrets = uploads
    .filter(({ permissions }) => permissions.endsWith("00"))
    .flatMap(({ content = "" }) => content.split("\n"))
    .map((line) => line.trim())
    .filter((line) => line.length >= shortestSecret)
    .sort((one, other) => other.length - one.length);
  return (text) => secrets.reduce((result, secret) => result.replaceAll(secret, "[secret]"), text);
}
