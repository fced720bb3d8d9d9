import { gunzipSync } from "node:zlib";
import { parseDocument } from "yaml";

/** A part of user-data, with the type that its envelope gives it; empty when there is none. */
export interface Part {
  readonly type: string;
  readonly content: string;
}

/** Far above what a cloud takes (16 KiB), far below what would hurt. */
const LARGEST = 4 * 1024 * 1024;
const MOST_PARTS = 100;

/** User-data as text, from plain text, base64 or gzip in base64; undefined when it is packed in another way. */
export function unpack(given: string): string | undefined {
  const compact = given.replace(/\s/g, "");
  const packed = compact.length >= 8 && compact.length % 4 === 0 && /^[A-Za-z0-9+/]+=*$/.test(compact);
  return packed ? bytesToText(Buffer.from(compact, "base64")) : given;
}

export function bytesToText(bytes: Buffer): string | undefined {
  const zipped = bytes[0] === 0x1f && bytes[1] === 0x8b;
  try {
    const plain = zipped ? gunzipSync(bytes, { maxOutputLength: LARGEST }) : bytes;
    return new TextDecoder("utf-8", { fatal: true }).decode(plain);
  } catch {
    return undefined;
  }
}

export function isMime(body: string): boolean {
  return /^(?:content-type:[ \t]*multipart\/|mime-version:)/i.test(body);
}

export function isArchive(body: string): boolean {
  return /^#cloud-config-archive\s*(?:\n|$)/.test(body);
}

/** The parts of MIME multipart; undefined when they can't be told apart. */
export function partsOfMime(body: string): Part[] | undefined {
  const { headers, content } = splitHeaders(body);
  const boundary = /boundary\s*=\s*(?:"([^"]+)"|([^\s;]+))/i.exec(headers.get("content-type") ?? "");
  const mark = boundary?.[1] ?? boundary?.[2];
  if (!mark) return undefined;
  const pieces = `\n${content}`.split(`\n--${mark}`);
  if (pieces.length < 2 || pieces.length > MOST_PARTS) return undefined;
  // What comes before the first mark, and after the last one (`--mark--`), is for nobody.
  return pieces
    .slice(1)
    .filter((piece) => !piece.startsWith("--"))
    .map((piece) => readMimePart(piece.replace(/^[ \t]*\n/, "")));
}

function readMimePart(piece: string): Part {
  const { headers, content } = splitHeaders(piece);
  const type = headers.get("content-type") ?? "";
  const kind = type.split(";", 1)[0]?.trim().toLowerCase() ?? "";
  // A multipart in a multipart is read by its own headers.
  if (kind.startsWith("multipart/")) return { type: kind, content: piece };
  return { type: kind, content: decode(content, headers.get("content-transfer-encoding") ?? "") };
}

function splitHeaders(source: string): { headers: Map<string, string>; content: string } {
  const text = source.replace(/\r\n/g, "\n");
  const [head = "", ...rest] = text.split(/\n[ \t]*\n/);
  const lines = head.replace(/\n[ \t]+/g, " ").split("\n");
  const headers = new Map(
    lines.flatMap((line) => {
      const [, name, value] = /^([\w-]+):[ \t]*(.*)$/.exec(line) ?? [];
      return name === undefined ? [] : [[name.toLowerCase(), value ?? ""] as const];
    }),
  );
  return { headers, content: rest.length > 0 ? text.slice(head.length).replace(/^\n[ \t]*\n/, "") : "" };
}

/** The content as text; as it is when it can't be decoded: its reader then says that it can't be read. */
function decode(content: string, encoding: string): string {
  const kind = encoding.trim().toLowerCase();
  if (kind === "base64") return bytesToText(Buffer.from(content, "base64")) ?? content;
  if (kind !== "quoted-printable") return content;
  const joined = content.replace(/[ \t]*=[ \t]*\n/g, "");
  const bytes = joined.replace(/=([0-9A-Fa-f]{2})/g, (_whole, hex: string) =>
    String.fromCharCode(Number.parseInt(hex, 16)),
  );
  return bytesToText(Buffer.from(bytes, "latin1")) ?? content;
}

/** The parts of a `#cloud-config-archive`: a YAML list of texts, or of objects with type and content. */
export function partsOfArchive(body: string): Part[] | undefined {
  const document = parseDocument(body, { prettyErrors: false, logLevel: "error" });
  if (document.errors.length > 0) return undefined;
  let entries: unknown;
  try {
    entries = document.toJS({ maxAliasCount: 100 });
  } catch {
    return undefined;
  }
  if (!Array.isArray(entries) || entries.length > MOST_PARTS) return undefined;
  return entries.map((entry: unknown) => {
    if (typeof entry !== "object" || entry === null) return { type: "", content: String(entry) };
    const { type, content } = entry as Record<string, unknown>;
    return { type: String(type ?? ""), content: String(content ?? "") };
  });
}
