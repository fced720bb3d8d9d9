import { gzipSync } from "node:zlib";
import { firewallDefaultDrop } from "../../policy/rules/firewall-default-drop";
import { httpsOnly } from "../../policy/rules/https-only";
import { secretsNotInUserData } from "../../policy/rules/secrets-not-in-user-data";
import { container, EDGE, instance, SEED, userData } from "./machines";
import { UNKNOWN } from "./pack";
import { type Case, checkTable, passes, refuses, undecided } from "./table";

const CLEAR = userData({ "/etc/haproxy/haproxy.cfg": EDGE.replace(/ *http-request redirect.*\n/, "") });
const base64 = (text: string | Buffer) => Buffer.from(text).toString("base64");
const quoted = (text: string) => text.replace(/=/g, "=3D").replace(/(.{60})/g, "$1=\n");

function mime(parts: [type: string, content: string, encoding?: string][], newline = "\n"): string {
  const lines = [
    'Content-Type: multipart/mixed; boundary="===one"',
    "MIME-Version: 1.0",
    "",
    ...parts.flatMap(([type, content, encoding]) => [
      "--===one",
      `Content-Type: ${type}; charset="us-ascii"`,
      ...(encoding ? [`Content-Transfer-Encoding: ${encoding}`] : []),
      "",
      content,
    ]),
    "--===one--",
    "",
  ];
  return lines.join("\n").replace(/\n/g, newline);
}

const script = "#!/bin/sh\necho hello\n";
const lb = (given: unknown) => instance("lb", { userData: given });
const packed: Case[] = [
  [
    "multipart: a cloud-config",
    lb(
      mime([
        ["text/x-shellscript", script],
        ["text/cloud-config", CLEAR],
      ]),
    ),
    refuses(/port 80/),
  ],
  [
    "multipart: all is well",
    lb(
      mime([
        ["text/x-shellscript", script],
        ["text/cloud-config", userData()],
      ]),
    ),
    passes,
  ],
  [
    "multipart in gzip in base64",
    instance("lb", { userDataBase64: base64(gzipSync(mime([["text/cloud-config", CLEAR]]))) }),
    refuses(/port 80/),
  ],
  ["multipart with lines as in mail", lb(mime([["text/cloud-config", CLEAR]], "\r\n")), refuses(/port 80/)],
  ["multipart: a part in base64", lb(mime([["text/cloud-config", base64(CLEAR), "base64"]])), refuses(/port 80/)],
  [
    "multipart: a part in gzip",
    lb(mime([["application/octet-stream", base64(gzipSync(CLEAR)), "base64"]])),
    refuses(/port 80/),
  ],
  [
    "multipart: a quoted part",
    lb(mime([["text/cloud-config", quoted(CLEAR), "quoted-printable"]])),
    refuses(/port 80/),
  ],
  [
    "multipart: a script by its type",
    lb(
      mime([
        [
          "text/x-shellscript-per-boot",
          `cat > /etc/haproxy/haproxy.cfg <<EOF\n${EDGE.replace(/ *http-request redirect.*\n/, "")}EOF\n`,
        ],
      ]),
    ),
    refuses(/port 80/),
  ],
  [
    "multipart in multipart",
    lb(mime([["multipart/mixed; boundary=two", `--two\nContent-Type: text/cloud-config\n\n${CLEAR}\n--two--`]])),
    refuses(/port 80/),
  ],
  [
    "multipart: MIME-Version first",
    lb(`MIME-Version: 1.0\n${mime([["text/cloud-config", CLEAR]]).replace("MIME-Version: 1.0\n", "")}`),
    refuses(/port 80/),
  ],
  [
    "multipart: one part can't be read",
    lb(
      mime([
        ["text/cloud-config", CLEAR],
        ["text/x-include-url", "#include\nhttps://example.org/a"],
      ]),
    ),
    refuses(/port 80/),
  ],
  [
    "multipart: a part for a program of its own",
    lb(mime([["text/part-handler", "#part-handler\ndef list_types(): pass"]])),
    undecided(/part 1 of the user-data is neither/),
  ],
  ["multipart without a boundary", lb("Content-Type: multipart/mixed\n\n--x\n"), undecided(/can't be told apart/)],
  [
    "multipart without parts",
    lb("Content-Type: multipart/mixed; boundary=x\n\nnothing\n"),
    undecided(/can't be told apart/),
  ],
  [
    "an archive",
    lb(`#cloud-config-archive\n- type: text/cloud-config\n  content: |\n${CLEAR.replace(/^/gm, "    ")}\n`),
    refuses(/port 80/),
  ],
  [
    "HAProxy's file in a directory of its own",
    lb(CLEAR.replace("/etc/haproxy/haproxy.cfg", "/mnt/stateful_partition/haproxy/haproxy.cfg")),
    refuses(/port 80/),
  ],
  ["an archive that is none", lb("#cloud-config-archive\na: b\n"), undecided(/can't be told apart/)],
  ["user-data from elsewhere", lb("#include\nhttps://example.org/user-data\n"), undecided(/fetches more of itself/)],
  [
    "user-data for Windows",
    lb("<powershell>\nInstall-WindowsFeature Web-Server\n</powershell>"),
    undecided(/for Windows/),
  ],
  [
    "user-data mounted from the host",
    container("lb-1", {
      properties: { volumes: [{ hostPath: "/srv/seed", containerPath: "/var/lib/cloud/seed/nocloud" }] },
    }),
    undecided(/mounted from the host/),
  ],
  [
    "user-data mounted as a file",
    container("lb-1", { properties: { mounts: [{ type: "bind", source: "/srv/u", target: SEED }] } }),
    undecided(/mounted from the host/),
  ],
];

const everywhere = { ports: [{ internal: 80, external: 80 }] };
const containers: Case[] = [
  [
    "Nginx's image as it comes",
    container("web", { properties: { image: "nginx:1.29-alpine", ...everywhere } }),
    refuses(/the image nginx:1\.29-alpine serves clear-text HTTP on port 80/),
  ],
  [
    "Apache's image from a registry",
    container("web", { properties: { image: "docker.io/library/httpd@sha256:ab", ...everywhere } }),
    refuses(/httpd/),
  ],
  [
    "Nginx's image on loopback",
    container("web", { properties: { image: "nginx", ports: [{ internal: 80, external: 80, ip: "127.0.0.1" }] } }),
    passes,
  ],
  ["Nginx's image, nothing published", container("web", { properties: { image: "nginx" } }), passes],
  [
    "Nginx's image with a configuration that redirects",
    container("web", {
      properties: {
        image: "nginx",
        ...everywhere,
        uploads: [
          { file: "/etc/nginx/conf.d/a.conf", content: "server { listen 80; return 301 https://$host$request_uri; }" },
        ],
      },
    }),
    passes,
  ],
  [
    "HAProxy with a configuration that serves",
    container("lb", {
      properties: {
        image: "haproxy:3",
        ...everywhere,
        uploads: [
          { file: "/usr/local/etc/haproxy/haproxy.cfg", content: "defaults\n mode http\nfrontend a\n bind :80\n" },
        ],
      },
    }),
    refuses(/clear-text HTTP on port 80/),
  ],
  [
    "HAProxy with a configuration that serves, user-data not known",
    container("lb", {
      userData: UNKNOWN,
      properties: {
        ...everywhere,
        uploads: [
          { file: SEED, content: UNKNOWN },
          { file: "/usr/local/etc/haproxy/haproxy.cfg", content: "defaults\n mode http\nfrontend a\n bind :80\n" },
        ],
      },
    }),
    refuses(/clear-text HTTP on port 80/),
  ],
  [
    "a configuration mounted from the host",
    container("web", {
      properties: { image: "nginx", ...everywhere, volumes: [{ hostPath: "/srv/nginx", containerPath: "/etc/nginx" }] },
    }),
    undecided(/\/etc\/nginx is mounted from the host/),
  ],
  [
    "an application's image",
    container("web", { properties: { image: "shop:7", ports: [{ internal: 3000, external: 80 }] } }),
    undecided(/its configuration is in its image/),
  ],
  [
    "an application's image on another port",
    container("api", { properties: { image: "shop:7", ports: [{ internal: 3000, external: 3000 }] } }),
    passes,
  ],
];

const drop: Case[] = [
  [
    "a firewall in a part of several",
    instance("m", {
      userData: mime([
        ["text/x-shellscript", script],
        ["text/cloud-config", userData()],
      ]),
    }),
    passes,
  ],
  [
    "no firewall in any part of several",
    instance("m", {
      userData: mime([
        ["text/x-shellscript", script],
        ["text/cloud-config", "#cloud-config\npackages: [vim]\n"],
      ]),
    }),
    refuses(/no host firewall/),
  ],
  [
    "a firewall that may be in a part that can't be read",
    instance("m", {
      userData: mime([
        ["text/x-shellscript", script],
        ["text/x-include-url", "#include\nhttps://example.org"],
      ]),
    }),
    undecided(/fetches more of itself/),
  ],
];
const hidden: Case[] = [
  [
    "a password in a part of several",
    instance("m", { userData: mime([["text/x-shellscript", `${script}export DB_PASSWORD=hunter2-hunter2\n`]]) }),
    refuses(/"DB_PASSWORD"/),
  ],
  [
    "a password in a part in base64",
    instance("m", {
      userData: base64(mime([["text/x-shellscript", base64("#!/bin/sh\nDB_PASSWORD=hunter2-hunter2\n"), "base64"]])),
    }),
    refuses(/"DB_PASSWORD"/),
  ],
];

describe("policy https-only: user-data in several parts", () => checkTable(httpsOnly, packed));
describe("policy https-only: containers", () => checkTable(httpsOnly, containers));
describe("policy firewall-default-drop: user-data in several parts", () => checkTable(firewallDefaultDrop, drop));
describe("policy secrets-not-in-user-data: user-data in several parts", () => checkTable(secretsNotInUserData, hidden));
