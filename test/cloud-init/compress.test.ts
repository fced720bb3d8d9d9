import assert from "node:assert/strict";
import { createHash, randomBytes } from "node:crypto";
import { gunzipSync } from "node:zlib";
import { compress, packUserData, USER_DATA_LIMIT } from "../../cloud-init";

describe("compression of user-data", () => {
  const text = Array.from({ length: 500 }, (_, line) => `line ${line}, ${(line * 7919) % 104729}\n`).join("");

  it("gives the same bytes on every computer: these, which zlib's differ from", () => {
    const packed = compress(text);
    assert.equal(
      createHash("sha256").update(packed).digest("hex"),
      "ae152af6d822f65801ba5bb00c6c571d7a0bc07594eadf4383c3f6b14e94e11b",
    );
    assert.equal(gunzipSync(packed).toString("utf8"), text);
  });

  it("has a limit: what is larger is refused with the size of each part, the largest first", () => {
    const noise = randomBytes(USER_DATA_LIMIT).toString("base64");
    const parts = [
      { path: "/etc/small", content: "small" },
      { path: "/etc/large", content: noise },
    ];
    assert.throws(
      () => packUserData("web-1", noise, parts),
      /^Error: The user-data of web-1 has \d{5} bytes compressed, EC2 takes 16384[\s\S]*\d{5} {2}\/etc\/large\n +2\d {2}\/etc\/small/,
    );
  });
});
