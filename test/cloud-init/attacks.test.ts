import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { edgeFiles, startEdge } from "./edge-room";
import { file, runInMachineImage } from "./machine-image";
import { limited } from "./topologies";

const HOST = "Host: www.foobar.com\r\n";
/** What somebody wants to be taken for a request of its own, for the next visitor to get the answer. */
const SMUGGLED = `GET /smuggled HTTP/1.1\r\n${HOST}\r\n`;

interface Raw {
  readonly text: string;
  readonly more?: string;
  readonly times?: number;
  readonly from?: string;
  readonly pause?: number;
  readonly hold?: number;
}

const get = (path: string, headers = "") => ({
  text: `GET ${path} HTTP/1.1\r\n${HOST}Connection: close\r\n${headers}\r\n`,
});
const post = (headers: string, body: string, version = "1.1") => ({
  text: `POST /posted HTTP/${version}\r\n${HOST}${headers}\r\n${body}`,
});
const chunked = "Transfer-Encoding: chunked\r\n";

/** Requests that don't say clearly where they end: no answer but 400 (422: a coding that nobody asked for). */
const unclear: Record<string, Raw> = {
  "two lengths": post("Content-Length: 5\r\nContent-Length: 0\r\n", "hello"),
  "two lengths in one header": post("Content-Length: 5, 0\r\n", "hello"),
  "a length with a sign": post("Content-Length: +5\r\n", "hello"),
  "a length that is no number": post("Content-Length: 0x5\r\n", "hello"),
  "two codings": post(`${chunked}Transfer-Encoding: identity\r\n`, "0\r\n\r\n"),
  "one coding twice": post(`${chunked}${chunked}`, "0\r\n\r\n"),
  "a coding that there isn't": post("Transfer-Encoding: xchunked\r\n", "0\r\n\r\n"),
  "a coding hidden by a space": post("Transfer-Encoding : chunked\r\n", "0\r\n\r\n"),
  "a coding beside chunked": post("Transfer-Encoding: gzip, chunked\r\n", "0\r\n\r\n"),
  "chunks in HTTP/1.0": post(chunked, "0\r\n\r\n", "1.0"),
  "chunks that end in a bare LF": post(chunked, "1\na\n0\n\n"),
  "an extension of a chunk that ends in a bare LF": post(chunked, "1;x\na\r\n0\r\n\r\n"),
  "a negative chunk": post(chunked, "-1\r\n\r\n"),
  "a chunk without end": post(chunked, "ffffffffffffffffff\r\n\r\n"),
  "a bare CR in a header": get("/", "X: y\rZ: w\r\n"),
  "a zero byte in a header": get("/", "X: \0\r\n"),
  "two hosts": get("/", "Host: evil.example\r\n"),
  "a host in the address and another one beside it": get("https://evil.example/"),
  "a zero byte in the path": get("/\0"),
  "a byte beyond ASCII in the path": get("/\xe4"),
  "a fragment in the path": get("/a#b"),
  "a header larger than 15 KiB": get("/", `X: ${"a".repeat(15_900)}\r\n`),
  "a path larger than 15 KiB": get(`/${"a".repeat(15_900)}`),
  "more than 100 headers": get("/", "X: a\r\n".repeat(120)),
  "no version": { text: "GET /\r\n\r\n" },
};

/** What HTTP lets a server understand: one request, as HAProxy understood it, goes to the web server, and nothing more. */
const understood: Record<string, Raw> = {
  "CL.TE: a length that ends behind the last chunk": post(
    `Content-Length: ${5 + SMUGGLED.length}\r\n${chunked}`,
    `0\r\n\r\n${SMUGGLED}`,
  ),
  "TE.CL: a length that ends in the first chunk": post(
    `${chunked}Content-Length: 4\r\n`,
    `${SMUGGLED.length.toString(16)}\r\n${SMUGGLED}\r\n0\r\n\r\n`,
  ),
  "a length behind a bare LF": {
    text: `POST /posted HTTP/1.1\n${HOST}Content-Length: ${SMUGGLED.length}\n\n${SMUGGLED}`,
  },
  "a request within the value of a folded header": get(
    "/",
    `X: a\r\n ${SMUGGLED.trim().replaceAll("\r\n", "\r\n ")}\r\n`,
  ),
};

/** Paths that lead to no file, or not to the one that somebody hopes for. */
const paths = [
  "/index.php/x",
  "/index.php%00.txt",
  "/index.php%20",
  "/index.php.",
  "/index.php::$DATA",
  "/INDEX.PHP",
  "/index.phps",
  "/index.php~",
  "/index.php.bak",
  "/.index.php.swp",
  "/.env",
  "/.git/config",
  "/%2eenv",
  "/docs/%2e%2e/.env",
  "/docs/..%2f.env",
  "/../application.tar",
  "/..%2f..%2f..%2fetc/passwd",
  "/%252e%252e/%252e%252e/etc/passwd",
  "/docs/../../../../etc/passwd",
  "/..\\..\\etc\\passwd",
  "/docs../index.php",
  "/migrations/001-first.sql",
  "//migrations/001-first.sql",
  "/MIGRATIONS/../migrations/001-first.sql",
  "/copy.PHP",
  "/copy.inc",
  "/copy.phtml",
  "/copy.php.orig",
  "/dump.sql",
  "/uploads/code.php",
  "/uploads/code.PHP",
  "/uploads/code.phtml",
  "/uploads/picture.jpg/x.php",
  "/uploads/picture.jpg%00.php",
];

const methods = ["TRACE", "CONNECT", "TRACK", "PROPFIND", "DEBUG", "get", "FOO"];

const up = { text: `GET /up HTTP/1.1\r\n${HOST}\r\n` };
/** Requests at the same time as all others, but from addresses that have no part in those. */
const patient: Record<string, Raw> = {
  "headers that don't end": { text: `GET / HTTP/1.1\r\n${HOST}X: a`, pause: 7 },
  "a body that doesn't come": { ...post("Content-Length: 5\r\n", "hello"), pause: 12 },
  "as many requests as are allowed": { text: "", more: up.text, times: 20, from: "192.0.2.7" },
  "more requests": { text: "", more: up.text, times: 30, from: "192.0.2.8" },
  "a machine of the stack": { text: "", more: up.text, times: 60 },
  ...Object.fromEntries([1, 2, 3, 4, 5].map((n) => [`connection ${n}`, { ...up, hold: 3, from: "192.0.2.9" }])),
  "a body that is too large": {
    ...post(chunked, ""),
    more: `4000\r\n${"a".repeat(0x4000)}\r\n`,
    times: 1040,
  },
};

describe("attacks on the edge (HAProxy, Nginx and PHP-FPM in the machine image)", function () {
  this.timeout(90_000);
  let answers: Record<string, string>;
  let afterwards: Record<string, string>;

  before(() => {
    const first = {
      ...unclear,
      ...understood,
      ...patient,
      ...Object.fromEntries(paths.map((path) => [path, get(path)])),
      ...Object.fromEntries(methods.map((name) => [name, { text: up.text.replace("GET", name) }])),
    };
    const second = Object.fromEntries([1, 2, 3, 4, 5, 6].map((n) => [n, get(`/after/${n}`)]));
    const send = "python3 /raw-requests.py";
    const { output } = runInMachineImage(
      [
        ...edgeFiles(limited),
        file("/raw-requests.py", readFileSync(join(__dirname, "raw-requests.py"), "utf8")),
        file("/first.json", JSON.stringify(first)),
        file("/second.json", JSON.stringify(second)),
      ],
      `for number in 7 8 9; do ip address add 192.0.2.$number/32 dev lo; done
      ${startEdge}
      printf '\n### '; ${send} </first.json; printf '\n### '; ${send} </second.json; nginx -s stop`,
      ["--cap-add", "NET_ADMIN", "--network", "none"],
    );
    const [, ...results] = output.split("\n### ");
    assert.equal(results.length, 2, output);
    [answers, afterwards] = results.map((text) => JSON.parse(text.split("\n")[0] ?? "")) as [
      typeof answers,
      typeof answers,
    ];
  });

  const answer = (name: string) => answers[name] ?? assert.fail(`no answer: ${name}`);
  const statuses = (name: string) =>
    [...answer(name).matchAll(/^HTTP\/1\.1 (\d+)/gm)].map(([, status]) => Number(status));

  describe("get one answer, a refusal, and the connection is closed, when a request isn't clear:", () => {
    for (const name of Object.keys(unclear)) {
      it(name, () => {
        const [status = 0, ...more] = statuses(name);
        assert.ok([400, 414, 422].includes(status), answer(name).slice(0, 300));
        assert.deepEqual(more, []);
        assert.match(answer(name), /\(closed/);
      });
    }
  });

  describe("can't hide a request within another:", () => {
    for (const name of Object.keys(understood)) {
      it(name, () => {
        assert.equal(statuses(name).length, 1, answer(name));
        assert.doesNotMatch(answer(name), /"REQUEST_URI":"\\\/smuggled"/);
      });
    }

    it("nor leave the beginning of one to the next visitor", () => {
      for (const [number, text] of Object.entries(afterwards))
        assert.match(text, new RegExp(`"REQUEST_URI":"\\\\/after\\\\/${number}"`), text);
    });
  });

  describe("find no source, no hidden file and no code of others by", () => {
    for (const path of paths) {
      it(path, () => {
        // what is no file is the application's to answer, by the whole address
        const isPage = /"REQUEST_URI"/.test(answer(path));
        if (!isPage) assert.ok([400, 403, 404].includes(statuses(path)[0] ?? 0), answer(path).slice(0, 300));
        assert.doesNotMatch(answer(path), /<\?php|PASSWORD=1|SELECT 1|root:x|ran as PHP/);
      });
    }
  });

  it("get 405 for methods that nobody needs", () => {
    for (const name of methods) assert.ok([400, 405].includes(statuses(name)[0] ?? 0), `${name}: ${answer(name)}`);
    assert.match(answer("PROPFIND"), /^allow: GET, HEAD, POST/im);
    assert.doesNotMatch(answer("TRACE"), /TRACE \/up/);
  });

  it("get no more patience than 5 s for headers and 10 s for a small body", () => {
    assert.deepEqual(statuses("headers that don't end"), [408]);
    assert.deepEqual(statuses("a body that doesn't come"), [408]);
  });

  it("get 413 for a body that is too large, also when it doesn't say so before", () => {
    assert.deepEqual(statuses("a body that is too large"), [413]);
  });

  it("get 429 for more requests than are allowed, and are told when to come again", () => {
    const allowed = Array<number>(20).fill(200);
    assert.deepEqual(statuses("as many requests as are allowed"), allowed);
    assert.deepEqual(statuses("more requests").slice(0, 21), [...allowed, 429]);
    assert.match(answer("more requests"), /^retry-after: 10\r$/im);
    assert.match(answer("more requests"), /^strict-transport-security: max-age=63072000\r$/im);
  });

  it("get no more connections than are allowed", () => {
    const served = [1, 2, 3, 4, 5].filter((n) => statuses(`connection ${n}`)[0] === 200);
    assert.equal(served.length, 3);
  });

  it("aren't what monitors and load balancers do: they may ask as often as they like", () => {
    assert.deepEqual(new Set(statuses("a machine of the stack")), new Set([200]));
  });
});
