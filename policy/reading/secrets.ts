import { createHash } from "node:crypto";
import type { TextFile } from "./user-data";

export interface Secret {
  /** What kind of secret, never its value. */
  readonly what: string;
  readonly where: string;
  /** Tells the same secret in two places from two secrets, without keeping it. */
  readonly fingerprint: string;
}

/** Finds private keys and passwords in a text. The result holds no part of any of them. */
export function findSecrets({ path, content }: TextFile): Secret[] {
  const found: Secret[] = [];
  const add = (what: string, index: number, value: string): void => {
    const line = content.slice(0, index).split("\n").length;
    const fingerprint = createHash("sha256").update(value.replace(/\s/g, "")).digest("hex");
    found.push({ what, where: `${path}, line ${line}`, fingerprint });
  };
  for (const match of content.matchAll(/-----BEGIN ([A-Z ]*)PRIVATE KEY-----([\s\S]{0,400})/g)) {
    // A script that looks for this line holds no key.
    const key = /^[\s\\nr]*(?:[A-Za-z-]+:[^\n]*\n\s*)*([A-Za-z0-9+/=\s]{40,})/.exec(match[2] ?? "")?.[1];
    if (key) add("a private key", match.index, key.slice(0, 60));
  }
  for (const match of content.matchAll(/\b(?:AKIA|ASIA)[0-9A-Z]{16}\b/g))
    add("an AWS access key", match.index, match[0]);
  for (const match of content.matchAll(/\b[a-z][a-z0-9+.-]*:\/\/[^\s:/@"'$<>{}%*]+:([^\s:/@"'$<>{}%*]{3,})@[\w.[]/g)) {
    add("a password in an address", match.index, match[1] ?? "");
  }
  for (const match of content.matchAll(
    /\bIDENTIFIED\s+(?:WITH\s+['"`\w]+\s+)?BY\s+(?:PASSWORD\s+)?(["'])([^"'\n]{3,})\1/gi,
  )) {
    if (!isPlaceholder(match[2] ?? "")) add("the password of a database user", match.index, match[2] ?? "");
  }
  const code =
    /\.(?:php|py|js|ts|lua|rb|pl|go)$/.test(path) || /^#!.*\b(?:python|php|node|perl|ruby|lua)/.test(content);
  for (const match of content.matchAll(ASSIGNMENT)) {
    const [, key = "", , quoted, bare = ""] = match;
    // In a program a bare word is the name of a variable.
    if (quoted === undefined && code) continue;
    const value = quoted ?? bare;
    // `password: see the vault` is a sentence, not a setting.
    const end = match.index + match[0].length;
    if (quoted === undefined && /:[ \t]+\S+$/.test(match[0]) && /^[ \t]+\w/.test(content.slice(end, end + 20)))
      continue;
    if (!isPlaceholder(value) && !isSetting(key, value)) add(`a value for "${key}"`, match.index, value);
  }
  return found;
}

/** `password = …`, `DB_PASSWORD=…`, `password: …`, `'password' => …`, `--password=…`, `requirepass …` on one line. */
const ASSIGNMENT =
  /(?<![\w$.])((?:[A-Za-z][\w-]*[_-])?(?:password|passwd|passphrase|plain_text_passwd|pwd|secret|secret[_-]?key|secret[_-]?access[_-]?key|api[_-]?key|access[_-]?token|auth[_-]?token|auth_pass|requirepass))["'\]]{0,2}(?:[ \t]*(?:=>|:=|=|:)[ \t]*|(?<=requirepass|auth_pass)[ \t]+)(?:(["'])((?:(?!\2)[^\\\n]|\\.)*)\2|([^\s"'`,;#}\])]+))/gi;

/** Values that stand for a secret without being one: variables, templates, files, calls, hashes that can't be used. */
function isPlaceholder(value: string): boolean {
  return (
    value.length < 3 ||
    /[$`<>{}()[\]%]/.test(value) ||
    /^(?:[/~.@&|*!-]|\\)/.test(value) ||
    /^(.)\1*$/.test(value) ||
    /^(?:true|false|yes|no|on|off|none|null|nil|undefined|required|optional|prompt|sufficient|locked)$/i.test(value)
  );
}

/** Options of programs that only sound like a secret: `AuthPassword=…` never is, names of files and methods are. */
function isSetting(key: string, value: string): boolean {
  return (
    /^(?:PWD|OLDPWD)$/.test(key) || /^(?:caching_sha2_password|mysql_native_password|sha256_password)\b/.test(value)
  );
}
