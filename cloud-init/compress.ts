import { gzipSync } from "fflate";

/** What EC2 takes as user-data, in bytes before base64 (Amazon EC2 User Guide, "Run commands at launch"). */
export const USER_DATA_LIMIT = 16_384;

/**
 * Compresses by a library in JavaScript: zlib's result differs between platforms and versions of Node (nodejs/node#48690),
 * and another computer would replace every machine.
 */
export function compress(content: string | Uint8Array, level: 6 | 9 = 9): Uint8Array {
  const bytes = typeof content === "string" ? Buffer.from(content) : content;
  return gzipSync(bytes, { level, mtime: 0 });
}

/** User-data as EC2 takes it: gzip in base64. Throws, with the size by part, when it is too large. */
export function packUserData(machine: string, userData: string, parts: readonly { path: string; content: string }[]) {
  const packed = compress(userData);
  if (packed.length > USER_DATA_LIMIT) {
    const sizes = parts
      .map(({ path, content }) => ({ path, size: compress(content).length }))
      .sort((one, other) => other.size - one.size)
      .map(({ path, size }) => `  ${String(size).padStart(6)}  ${path}`);
    throw new Error(
      `The user-data of ${machine} has ${packed.length} bytes compressed, EC2 takes ${USER_DATA_LIMIT}. Its files, each ` +
        `compressed alone:\n${sizes.join("\n")}\nMake the largest shorter, or deliver it with the programs (cloud-init/user-data.ts).`,
    );
  }
  return Buffer.from(packed).toString("base64");
}
