import { filesOf, type Machine } from "./machine";
import { UNKNOWN } from "./values";

/** A web server that a machine starts as it comes, so it serves clear-text HTTP: nobody gives it a certificate. */
export interface PlainServer {
  readonly name: string;
  readonly port: number;
}

const PACKAGED = [
  { name: "Nginx", packages: /^nginx\d*(?:[.-]\w+)*$/, configuration: "/etc/nginx/" },
  { name: "Apache", packages: /^(?:apache2|httpd)$/, configuration: /^\/etc\/(?:apache2|httpd)\// },
  { name: "lighttpd", packages: /^lighttpd$/, configuration: "/etc/lighttpd/" },
] as const;

/** Servers that a person starts on the command line, each with the port it takes when none is given. */
const COMMANDS = [
  {
    name: "Python's http.server",
    pattern: /\bpython[\d.]*\s+-m\s+(?:SimpleHTTPServer|http\.server)(?:\s+(\d+))?/g,
    port: 8000,
  },
  { name: "PHP's own server", pattern: /\bphp\s+-S\s+(?:0\.0\.0\.0|\[::\]):(\d+)/g, port: 8000 },
  { name: "busybox httpd", pattern: /\bbusybox\s+httpd\b(?:[^\n]*?-p\s*(?:\S*:)?(\d+))?/g, port: 80 },
] as const;

const INSTALL =
  /\b(?:apt|apt-get|yum|dnf|zypper|apk|amazon-linux-extras)\b[^\n;&|]*?\b(?:install|add|enable)\b([^\n;&|]*)/g;

/** The web servers that user-data installs or starts without giving them a configuration. */
export function plainServers(machine: Machine): PlainServer[] {
  const { userData } = machine;
  if (userData === undefined || userData === UNKNOWN) return [];
  const commands = userData.scripts.map(({ content }) => content).join("\n");
  const installed = [
    ...userData.packages,
    ...[...commands.matchAll(INSTALL)].flatMap(([, words = ""]) =>
      words
        .replace(/["'\\]/g, " ")
        .trim()
        .split(/\s+/),
    ),
  ];
  const packaged = PACKAGED.filter(
    ({ packages, configuration }) =>
      installed.some((name) => packages.test(name.replace(/[=/].*/, ""))) &&
      !filesOf(machine).some(({ path }) =>
        typeof configuration === "string" ? path.startsWith(configuration) : configuration.test(path),
      ) &&
      !hasOwnConfiguration(commands, configuration),
  ).map(({ name }) => ({ name, port: 80 }));
  const started = COMMANDS.flatMap(({ name, pattern, port }) =>
    [...commands.matchAll(pattern)].map(([, given]) => ({ name, port: Number(given ?? port) })),
  );
  return [...packaged, ...started];
}

/** Commands that bring the configuration from elsewhere: copied, linked, fetched or edited in place. */
function hasOwnConfiguration(commands: string, configuration: string | RegExp): boolean {
  const directory = typeof configuration === "string" ? configuration : /\/etc\/(?:apache2|httpd)\//;
  return commands.split("\n").some((line) => {
    const mentions = typeof directory === "string" ? line.includes(directory) : directory.test(line);
    return mentions && /\b(?:cp|mv|ln|curl|wget|aws|sed|tee|install|tar|unzip|git|envsubst)\b|>/.test(line);
  });
}

/** Whether a program that gets certificates also changes the configuration of web servers, so that they redirect. */
export function setsUpCertificates({ userData }: Machine): boolean {
  if (userData === undefined || userData === UNKNOWN) return false;
  return userData.scripts.some(({ content }) =>
    /\bcertbot\b[^\n]*\s--(?:nginx|apache)\b|\bcertbot-auto\b/.test(content),
  );
}

/** Images whose own configuration serves clear-text HTTP on port 80. */
export function isPlainImage(image: string | undefined): boolean {
  return /^(?:[\w.:-]+\/)*(?:nginx|httpd)(?::[\w.-]+)?(?:@.*)?$/.test(image ?? "");
}
