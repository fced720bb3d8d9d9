import { applicationIsApart, type Machine, type Topology } from "../topology";
import { fixedFile, type MachineFile, renderedFile } from "./file";
import { endpoints, FPM_PORT, STATUS_PORTS } from "./haproxy";
import { phpPools } from "./sizing";

/** The stack's CA, where programs that aren't root can read it. */
export const CA_FILE = "/etc/machine/ca.pem";

/** Where PHP-FPM listens for the web server of its own machine: for what only reads, and for what may write. */
export const FPM_SOCKETS = { reading: "/run/php/reading.sock", writing: "/run/php/writing.sock" } as const;

/** The largest request body, and so the largest upload, in MiB. */
export const uploadLimit = 16;

/** PHP-FPM: its pool with the environment that applications are promised, and PHP's own settings. */
export function phpFpmFiles(topology: Topology, machine: Machine): MachineFile[] {
  if (!machine.roles.includes("application")) return [];
  const isApart = applicationIsApart(topology);
  const { all, writing } = phpPools(topology, machine);
  return [
    renderedFile("/etc/php/8.4/fpm/pool.d/www.conf", {
      isApart,
      pools: [
        {
          name: "www",
          listen: isApart ? `127.0.0.1:${FPM_PORT}` : FPM_SOCKETS.reading,
          workers: all,
          statusPort: STATUS_PORTS.php,
        },
        ...(writing
          ? [
              {
                name: "www-writing",
                listen: FPM_SOCKETS.writing,
                workers: writing,
                statusPort: STATUS_PORTS.phpWriting,
              },
            ]
          : []),
      ],
      environment: {
        DATABASE_NAME: "application",
        DATABASE_USER: "application",
        DATABASE_WRITE_HOST: "127.0.0.1",
        DATABASE_WRITE_PORT: endpoints.write,
        DATABASE_READ_HOST: "127.0.0.1",
        DATABASE_READ_PORT: endpoints.read,
        DATABASE_PRIMARY_URL: `http://127.0.0.1:${endpoints.primary}/`,
        DATABASE_CA: CA_FILE,
        MACHINE_NAME: machine.name,
        SITE_DOMAIN: topology.domain,
      },
    }),
    renderedFile("/etc/php/8.4/fpm/conf.d/99-machine.ini", { uploadLimit }),
    fixedFile("/etc/sysusers.d/php.conf"),
    fixedFile("/etc/systemd/system/php8.4-fpm.service.d/machine.conf"),
  ];
}
