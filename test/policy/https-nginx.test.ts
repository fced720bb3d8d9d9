import { httpsOnly } from "../../policy/rules/https-only";
import { cloudConfig, container, instance } from "./machines";
import { type Case, checkTable, passes, refuses, undecided } from "./table";

const nginx = (text: string) => cloudConfig({ files: { "/etc/nginx/nginx.conf": text } });
const balancer = (text: string) => container("lb-1", { roles: "load-balancer", userData: nginx(text) });

const TLS =
  "listen 443 ssl; ssl_protocols TLSv1.2 TLSv1.3; add_header Strict-Transport-Security max-age=31536000 always;";

const nginxCases: Case[] = [
  [
    "a load balancer that redirects",
    balancer(
      `events {} http { server { listen 80; return 301 https://$host$request_uri; } server { ${TLS} location / { proxy_pass http://10.0.0.2; } } }`,
    ),
    passes,
  ],
  [
    "a load balancer that serves port 80",
    balancer("http { server { listen 80; server_name www.foobar.com; location / { proxy_pass http://10.0.0.2; } } }"),
    refuses(/Nginx serves clear-text HTTP on port 80 \(server www\.foobar\.com/),
  ],
  [
    "redirects to http",
    balancer("http { server { listen 80; return 301 http://www.foobar.com$request_uri; } }"),
    refuses(/port 80/),
  ],
  [
    "the redirect is a comment",
    balancer("http { server { listen 80;\n # return 301 https://$host;\n } }"),
    refuses(/port 80/),
  ],
  [
    "redirects by `if ($scheme = http)`",
    balancer(`http { server { listen 80; if ($scheme = http) { return 301 https://$host$request_uri; } ${TLS} } }`),
    passes,
  ],
  [
    "redirects in every location but that of certificates",
    balancer(
      "http { server { listen 80; location ^~ /.well-known/acme-challenge/ { root /var/www; } location / { return 301 https://$host$request_uri; } } }",
    ),
    passes,
  ],
  [
    "redirects one location of two",
    balancer("http { server { listen 80; location / { return 301 https://$host; } location /a { root /srv; } } }"),
    refuses(/port 80/),
  ],
  ["listens without saying so", balancer("http { server { root /srv; } }"), refuses(/port 80/)],
  ["closes unknown names", balancer("http { server { listen 80 default_server; return 444; } }"), passes],
  [
    "allows TLS 1.0",
    balancer(`http { ssl_protocols TLSv1 TLSv1.2; server { ${TLS.replace("ssl_protocols TLSv1.2 TLSv1.3;", "")} } }`),
    refuses(/Nginx allows TLSv1 /),
  ],
  [
    "says nothing about versions",
    balancer(`http { server { ${TLS.replace("ssl_protocols TLSv1.2 TLSv1.3;", "")} } }`),
    undecided(/ssl_protocols/),
  ],
  [
    "no HSTS",
    balancer("http { server { listen 443 ssl; ssl_protocols TLSv1.3; root /srv; } }"),
    refuses(/Strict-Transport-Security/),
  ],
  [
    "a location's headers replace HSTS",
    balancer(`http { server { ${TLS} location /api { add_header X-A b; } } }`),
    refuses(/location \/api/),
  ],
  [
    "HSTS for all servers",
    balancer(
      "http { add_header Strict-Transport-Security max-age=31536000; server { listen 443 ssl; ssl_protocols TLSv1.3; } }",
    ),
    passes,
  ],
  [
    "settings in an included file",
    container("lb-1", {
      roles: "load-balancer",
      userData: cloudConfig({
        files: {
          "/etc/nginx/conf.d/site.conf": "server { listen 443 ssl; include snippets/tls.conf; }",
          "/etc/nginx/snippets/tls.conf": TLS.replace("listen 443 ssl;", ""),
        },
      }),
    }),
    passes,
  ],
  [
    "a web server behind load balancers",
    container("web-1", { roles: "web,application", userData: nginx("http { server { listen 8080; root /srv; } }") }),
    passes,
  ],
  [
    "a web server without a label, nothing public",
    instance("web", { userData: nginx("http { server { listen 80; root /srv; } }") }),
    passes,
  ],
  [
    "a web server with a public address",
    instance("web", { associatePublicIpAddress: true, userData: nginx("http { server { listen 80; root /srv; } }") }),
    refuses(/port 80/),
  ],
  [
    "a proxy without a label",
    instance("proxy", {
      userData: nginx("http { server { listen 80; location / { proxy_pass http://10.0.0.9:3000; } } }"),
    }),
    refuses(/port 80/),
  ],
  [
    "a proxy for its own application, nothing public",
    instance("app", {
      userData: nginx("http { server { listen 80; location / { proxy_pass http://127.0.0.1:3000; } } }"),
    }),
    passes,
  ],
];

describe("policy https-only: Nginx", () => checkTable(httpsOnly, nginxCases));
