import { gzipSync } from "node:zlib";
import { httpsOnly } from "../../policy/rules/https-only";
import { cloudConfig, container, EDGE, FIREWALL, instance, SEED, userData } from "./machines";
import { UNKNOWN } from "./pack";
import { type Case, checkTable, passes, refuses, undecided } from "./table";

const haproxy = (text: string) => userData({ "/etc/haproxy/haproxy.cfg": text });
const base64 = (text: string | Buffer) => Buffer.from(text).toString("base64");

const CLEAR = EDGE.replace(/ *http-request redirect.*\n/, "");

const packingCases: Case[] = [
  ["base64", instance("lb", { userData: base64(haproxy(CLEAR)) }), refuses(/port 80/)],
  ["base64 of gzip", instance("lb", { userDataBase64: base64(gzipSync(haproxy(CLEAR))) }), refuses(/port 80/)],
  [
    "a launch template",
    { type: "aws:ec2/launchTemplate:LaunchTemplate", name: "lb", properties: { userData: base64(haproxy(CLEAR)) } },
    refuses(/port 80/),
  ],
  [
    "a file in base64",
    instance("lb", {
      userData: `#cloud-config\nwrite_files:\n- path: /etc/haproxy/haproxy.cfg\n  encoding: b64\n  content: ${base64(CLEAR)}\n`,
    }),
    refuses(/port 80/),
  ],
  [
    "a file in gzip",
    instance("lb", {
      userData: `#cloud-config\nwrite_files:\n- path: /etc/haproxy/haproxy.cfg\n  encoding: gz+b64\n  content: ${base64(gzipSync(CLEAR))}\n`,
    }),
    refuses(/port 80/),
  ],
  [
    "a binary file of YAML",
    instance("lb", {
      userData: `#cloud-config\nwrite_files:\n- path: /etc/haproxy/haproxy.cfg\n  encoding: gzip\n  content: !!binary ${base64(gzipSync(CLEAR))}\n`,
    }),
    refuses(/port 80/),
  ],
  [
    "a script with a here-document",
    instance("lb", {
      userData: `#!/bin/bash\napt-get install -y haproxy\ncat > /etc/haproxy/haproxy.cfg <<'EOF'\n${CLEAR}EOF\nsystemctl restart haproxy\n`,
    }),
    refuses(/port 80/),
  ],
  [
    "a file put together by `append`",
    instance("lb", {
      userData: `#cloud-config\nwrite_files:\n- path: /etc/haproxy/haproxy.cfg\n  content: |\n    defaults\n      mode http\n- path: /etc/haproxy/haproxy.cfg\n  append: true\n  content: |\n    frontend a\n      bind :80\n`,
    }),
    refuses(/port 80/),
  ],
  [
    "an unknown encoding",
    instance("lb", { userData: "#cloud-config\nwrite_files:\n- path: /a\n  encoding: rot13\n  content: b\n" }),
    undecided(/write_files\[0\] \(\/a\) has an encoding/),
  ],
  ["broken YAML", instance("lb", { userData: "#cloud-config\nwrite_files: [\n" }), undecided(/no valid YAML/)],
  [
    "bytes that are no text",
    instance("lb", { userDataBase64: base64(Buffer.from([255, 254, 1, 2, 3, 4])) }),
    undecided(/packed in a way/),
  ],
  [
    "unknown user-data",
    container("lb-1", { userData: UNKNOWN }),
    undecided(/lb-1 speaks HTTPS only: its user-data isn't known/),
  ],
  ["unknown uploads", { ...container("lb-1"), properties: { uploads: UNKNOWN } }, undecided(/isn't known/)],
  [
    "an upload from a file of the host",
    { ...container("lb-1"), properties: { uploads: [{ file: SEED, source: "/tmp/user-data" }] } },
    undecided(/isn't known/),
  ],
  ["no user-data", instance("web", {}), passes],
  [
    "a firewall alone",
    instance("db", { userData: cloudConfig({ files: { "/etc/nftables.conf": FIREWALL } }) }),
    passes,
  ],
];

describe("policy https-only: user-data in every packing", () => checkTable(httpsOnly, packingCases));
