import { stringify } from "yaml";
import type { TestResource } from "./pack";

export const SEED = "/var/lib/cloud/seed/nocloud/user-data";

export const FIREWALL = `table inet filter {
  chain input {
    type filter hook input priority filter; policy drop;
    iif lo accept
    ct state established,related accept
    meta l4proto { icmp, ipv6-icmp } accept
    tcp dport { 80, 443 } accept
    ip saddr 172.30.0.0/24 tcp dport 22 accept
  }
}
`;

export const EDGE = `global
  ssl-default-bind-options ssl-min-ver TLSv1.2
defaults
  mode http
frontend site
  bind :80
  bind :443 ssl crt /etc/site.pem
  http-request redirect scheme https code 301 unless { ssl_fc }
  http-after-response set-header Strict-Transport-Security "max-age=31536000"
  default_backend web
backend web
  server web-1 10.0.0.2:8080
`;

export interface UserDataParts {
  /** Contents by path. */
  readonly files?: Record<string, string>;
  readonly runcmd?: unknown[];
}

export function cloudConfig({ files = {}, runcmd = ["systemctl enable --now nftables"] }: UserDataParts): string {
  const write_files = Object.entries(files).map(([path, content]) => ({ path, content }));
  return `#cloud-config\n${stringify({ write_files, runcmd })}`;
}

/** User-data that no rule has anything against, with some of it replaced. */
export function userData(files: Record<string, string> = {}): string {
  return cloudConfig({ files: { "/etc/nftables.conf": FIREWALL, "/etc/haproxy/haproxy.cfg": EDGE, ...files } });
}

export interface MachineParts {
  readonly roles?: string;
  readonly userData?: unknown;
  readonly properties?: Record<string, unknown>;
}

/** A container that is a machine of the docker target. */
export function container(name: string, { roles, userData: given, properties }: MachineParts = {}): TestResource {
  const labels = [
    { label: "web-infrastructure.machine", value: name },
    ...(roles === undefined ? [] : [{ label: "web-infrastructure.roles", value: roles }]),
  ];
  const uploads = given === undefined ? [] : [{ file: SEED, content: given }];
  return { type: "docker:index/container:Container", name, properties: { name, labels, uploads, ...properties } };
}

export function instance(name: string, properties: Record<string, unknown>): TestResource {
  return { type: "aws:ec2/instance:Instance", name, properties: { tags: { Name: name }, ...properties } };
}
