import assert from "node:assert/strict";
import { generateKeyPairSync } from "node:crypto";
import { gzipSync } from "node:zlib";
import { secretsNotInUserData } from "../../policy/rules/secrets-not-in-user-data";
import { judge } from "./judge";
import { cloudConfig, container, instance, userData } from "./machines";
import { UNKNOWN } from "./pack";
import { type Case, checkTable, passes, refuses, undecided } from "./table";

const { privateKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
const KEY = privateKey.export({ type: "pkcs8", format: "pem" }) as string;
const file = (path: string, content: string) =>
  instance("web-1", { userData: cloudConfig({ files: { [path]: content } }) });
const script = (line: string) => instance("web-1", { userData: `#!/bin/sh\n${line}\n` });

const cases: Case[] = [
  [
    "a private key",
    file("/etc/site.pem", KEY),
    refuses(/^The user-data of web-1 holds a private key \(\/etc\/site\.pem, line 1\)/),
  ],
  [
    "a private key packed twice",
    instance("web-1", {
      userDataBase64: gzipSync(
        `#cloud-config\nwrite_files:\n- path: /a\n  encoding: b64\n  content: ${Buffer.from(KEY).toString("base64")}\n`,
      ).toString("base64"),
    }),
    refuses(/a private key \(\/a, line 1\)/),
  ],
  [
    "a password in an environment file",
    file("/etc/app.env", "DATABASE_PASSWORD=hunter2hunter2\n"),
    refuses(/a value for "DATABASE_PASSWORD" \(\/etc\/app\.env, line 1\)/),
  ],
  [
    "a password of MySQL's client",
    file("/root/.my.cnf", "[client]\nuser = root\npassword = 'hunter2'\n"),
    refuses(/"password" \(\/root\/\.my\.cnf, line 3\)/),
  ],
  [
    "a password in SQL",
    script(`mysql -e "CREATE USER a@b IDENTIFIED BY 'hunter2'"`),
    refuses(/password of a database user/),
  ],
  [
    "a password in an address",
    file("/etc/app.env", "DATABASE_URL=mysql://app:hunter2@10.0.0.3/app\n"),
    refuses(/a password in an address/),
  ],
  [
    "a password in YAML",
    instance("web-1", {
      userData: "#cloud-config\nchpasswd:\n  users:\n  - {name: debian, password: hunter2, type: text}\n",
    }),
    refuses(/"password" \(cloud-config, line 4\)/),
  ],
  [
    "a plain-text password of a user",
    instance("web-1", { userData: "#cloud-config\nusers:\n- name: debian\n  plain_text_passwd: hunter2\n" }),
    refuses(/plain_text_passwd/),
  ],
  ["a password as an argument", script("mysqladmin --password=hunter2 status"), refuses(/"password"/)],
  [
    "a password in PHP",
    file("/srv/config.php", "<?php\nreturn ['password' => 'hunter2'];\n"),
    refuses(/"password" \(\/srv\/config\.php, line 2\)/),
  ],
  [
    "a password of keepalived",
    file("/etc/keepalived/keepalived.conf", "authentication {\n  auth_type PASS\n  auth_pass hunter2\n}\n"),
    refuses(/"auth_pass"/),
  ],
  [
    "an AWS key",
    file("/root/.aws/credentials", "aws_access_key_id = AKIAIOSFODNN7EXAMPLE\n"),
    refuses(/an AWS access key/),
  ],
  ["unknown user-data", container("web-1", { userData: UNKNOWN }), undecided(/isn't known yet/)],
  ["no user-data", instance("web-1", {}), passes],
  ["the usual user-data", container("lb-1", { userData: userData() }), passes],
  ["a public key", file("/etc/ca.pem", "-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n"), passes],
  ["a script that looks for a key", script("grep -q -- '-----BEGIN PRIVATE KEY-----' /etc/site.pem"), passes],
  [
    "a password from a file",
    script('password=$(cat /var/lib/machine/secrets/database-application-password)\nmysql --password="$password"'),
    passes,
  ],
  ["a password in a variable", file("/etc/php/pool.conf", "env[DATABASE_PASSWORD] = $DATABASE_PASSWORD\n"), passes],
  [
    "a password from the environment",
    file("/srv/a.php", "<?php $password = getenv('DATABASE_PASSWORD'); connect($user, password: $password);\n"),
    passes,
  ],
  [
    "a password as a name in a program",
    file("/usr/local/sbin/agent.py", "#!/usr/bin/python3\nconnect(password=password_of_agent)\n"),
    passes,
  ],
  ["the path of a password", file("/etc/app.env", "PASSWORD_FILE=/run/secrets/a\npassword=/run/secrets/a\n"), passes],
  [
    "settings about passwords",
    file("/etc/ssh/sshd_config.d/a.conf", "PasswordAuthentication no\nPermitEmptyPasswords no\n"),
    passes,
  ],
  [
    "MySQL's plugins",
    file("/etc/mysql/a.cnf", "default_password_lifetime=0\nauthentication_policy=caching_sha2_password\n"),
    passes,
  ],
  [
    "prose about passwords",
    file("/etc/motd", "Forgot your password? Ask the administrator.\n# password: see the vault\n"),
    passes,
  ],
  [
    "a locked user",
    instance("web-1", {
      userData: "#cloud-config\nusers:\n- name: debian\n  lock_passwd: true\n  passwd: '*'\nssh_pwauth: false\n",
    }),
    passes,
  ],
  ["a template", file("/etc/app.env", "PASSWORD={{ password }}\nSECRET=<put it here>\n"), passes],
];

describe("policy secrets-not-in-user-data", () => {
  checkTable(secretsNotInUserData, cases);

  it("never shows a secret", async () => {
    for (const [, resource] of cases) {
      const said = JSON.stringify(await judge(secretsNotInUserData, resource));
      assert.doesNotMatch(said, /hunter2|AKIA/);
      assert.ok(!said.includes(KEY.split("\n")[1] as string), said);
    }
  });

  it("counts uploads of a container as what they are: the way secrets are to be delivered", async () => {
    const uploads = [{ file: "/var/lib/machine/secrets/site.pem", content: KEY }];
    assert.deepEqual(await judge(secretsNotInUserData, container("lb-1", { properties: { uploads } })), []);
  });
});
