import { type MachineFile, machineFiles } from "../../cloud-init";
import type { Topology } from "../../topology";
import { file } from "./machine-image";
import { machine } from "./topologies";

/** HAProxy, Nginx and PHP-FPM as on the machines, in one container that has the addresses of all three. No database. */
export const startEdge = `
  for address in 51 11 12; do ip address add 172.30.0.$address/32 dev lo; done
  mkdir -p /var/lib/machine/secrets /run/php /run/haproxy
  cd /var/lib/machine/secrets
  openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj /CN=test -days 1 \\
    -addext subjectAltName=DNS:www.foobar.com,DNS:localhost -keyout /tmp/key.pem -out ca.pem 2>/dev/null
  cat ca.pem /tmp/key.pem >site.pem
  # one certificate for all machines here; an impostor's is signed by nobody
  openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj /CN=web -days 1 -CA ca.pem -CAkey /tmp/key.pem \\
    -addext subjectAltName=DNS:web-1,DNS:web-2 -keyout machine.key -out machine.pem 2>/dev/null
  openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj /CN=impostor -days 1 \\
    -keyout /tmp/impostor.key -out /tmp/impostor.pem 2>/dev/null
  printf secret-of-the-database >database-application-password
  printf 0123456789abcdef >session-key
  chmod -R go-rwx . /var/lib/machine/secrets
  tar --create --file /var/lib/machine/application.tar --directory /application .
  systemd-sysusers /etc/sysusers.d/php.conf
  /usr/local/lib/machine/setup.d/25-haproxy
  /usr/local/lib/machine/setup.d/30-application-files
  /usr/local/lib/machine/setup.d/40-application-secrets
  php-fpm8.4 --daemonize
  nginx
  . /etc/default/haproxy
  haproxy -W -D -f /etc/haproxy/haproxy.cfg $EXTRAOPTS
  # until both web servers have failed their checks: there is no database to read from
  for attempt in $(seq 50); do
    curl -s 'http://127.0.0.1:8404/;csv' | grep -c '^web,web-[12],.*,DOWN,' | grep -q 2 && break
    sleep 0.1
  done
`;

export const application = [
  file("/application/style.css", "body { color: black }"),
  file("/application/.env", "PASSWORD=1"),
  file("/application/migrations/001-first.sql", "SELECT 1;"),
  file("/application/uploads/picture.jpg", "<?php echo 'ran as PHP';"),
  file("/application/uploads/code.php", "<?php echo 'ran as PHP';"),
  file("/application/uploads/code.phtml", "<?php echo 'ran as PHP';"),
  ...["copy.PHP", "copy.inc", "copy.phtml", "copy.php.orig"].map((name) =>
    file(`/application/${name}`, "<?php secret();"),
  ),
  file("/application/dump.sql", "SELECT 1;"),
  file("/application/docs/index.html", "docs"),
  file("/application/slow.php", "<?php sleep(9);"),
  file("/application/fails.php", "<?php http_response_code(500);"),
  file(
    "/application/once.php",
    "<?php echo @mkdir('/tmp/' . $_SERVER['QUERY_STRING']) ? http_response_code(503) : 'made';",
  ),
  file(
    "/application/index.php",
    `<?php header('Content-Type: application/json'); header("Content-Security-Policy: default-src 'none'");
     echo json_encode(['server' => $_SERVER, 'environment' => getenv(), 'writable' => is_writable(__DIR__)]);`,
  ),
];

/** What lb-1 and web-1 have, but for the way to databases, which there are none of. */
export function edgeFiles(topology: Topology): MachineFile[] {
  const files = ["web-1", "lb-1"].flatMap((name) => machineFiles(topology, machine(topology, name), ""));
  return [...files.filter(({ path }) => !path.endsWith("20-database.cfg")), ...application];
}
