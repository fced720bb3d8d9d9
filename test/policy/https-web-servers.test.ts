import { httpsOnly } from "../../policy/rules/https-only";
import { UNKNOWN } from "./pack";
import { ec2, securityGroup } from "./resources";
import { checkPrograms, type Program, passes, refuses, undecided } from "./table";

const open = (port: number) =>
  securityGroup("open", { ingress: [{ protocol: "tcp", fromPort: port, toPort: port, cidrBlocks: ["0.0.0.0/0"] }] });
const web = (given: string, port = 80, properties = {}) => [
  open(port),
  ec2("web", { userData: given, vpcSecurityGroupIds: [UNKNOWN], ...properties }, { vpcSecurityGroupIds: [open(port)] }),
];
const install = "#!/bin/bash\nyum update -y\nyum install -y httpd\nsystemctl start httpd\n";
const servers: Program[] = [
  [
    "Apache as it comes, open to anybody",
    web(install),
    refuses(/^web: Apache serves clear-text HTTP on port 80, as it does when it is given no configuration/),
  ],
  ["Apache as it comes, only TLS let in", web(install, 443), passes],
  ["Apache as it comes, behind nothing that is known", [ec2("web", { userData: install })], passes],
  [
    "Apache as it comes, behind a load balancer",
    web(install, 80, { tags: { "web-infrastructure.roles": "web" } }),
    passes,
  ],
  [
    "Apache with a public address",
    [ec2("web", { userData: install, associatePublicIpAddress: true })],
    refuses(/Apache serves/),
  ],
  [
    "Apache with a configuration from elsewhere",
    web(`${install}aws s3 cp s3://b/ssl.conf /etc/httpd/conf.d/ssl.conf\n`),
    passes,
  ],
  [
    "Nginx as it comes, by cloud-config",
    web("#cloud-config\npackages: [nginx]\n"),
    refuses(/Nginx serves clear-text HTTP/),
  ],
  ["Nginx of Amazon Linux", web("#!/bin/bash\nsudo amazon-linux-extras install nginx1 -y\n"), refuses(/Nginx serves/)],
  ["Nginx with a version", web("#cloud-config\npackages:\n- [nginx, 1.26]\n"), refuses(/Nginx serves/)],
  [
    "Nginx as it comes, then certbot",
    web("#!/bin/bash\napt-get install -y nginx certbot\ncertbot --nginx -d example.org --redirect\n"),
    undecided(/certbot changes its configuration/),
  ],
  [
    "Python's server",
    web("#!/bin/bash\necho hi > index.html\nnohup python -m SimpleHTTPServer 80 &\n"),
    refuses(/Python's http\.server serves clear-text HTTP on port 80/),
  ],
  ["Python's server on another port", web("#!/bin/bash\npython3 -m http.server 9000\n"), passes],
  [
    "Nginx with a site in clear text",
    web("#!/bin/bash\ncat > /etc/nginx/conf.d/a.conf <<'EOF'\nserver { listen 80; root /srv; }\nEOF\n"),
    refuses(/Nginx serves clear-text HTTP on port 80/),
  ],
  [
    "Nginx that only redirects",
    web(
      "#!/bin/bash\ncat > /etc/nginx/conf.d/a.conf <<'EOF'\nserver { listen 80; return 301 https://$host$request_uri; }\nEOF\n",
    ),
    passes,
  ],
  ["something called nginx-something", web("#!/bin/bash\nls /opt/nginx\n"), passes],
];

describe("policy https-only: web servers behind a security group", () => checkPrograms(httpsOnly, servers));
