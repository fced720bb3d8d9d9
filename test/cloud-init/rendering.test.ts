import assert from "node:assert/strict";
import { machineFiles, packages, READINESS_COMMAND, secretNames } from "../../cloud-init";
import type { Topology } from "../../topology";
import { distributed, everything, highlyAvailable, machine, smallMachine } from "./topologies";

function content(topology: Topology, name: string, path: string, documentRoot = ""): string {
  const found = machineFiles(topology, machine(topology, name), documentRoot).find((each) => each.path === path);
  assert.ok(found, `${name} has no ${path}`);
  return found.content;
}

function paths(name: string): string[] {
  return machineFiles(distributed, machine(distributed, name), "").map(({ path }) => path);
}

function withSize(memory: number, cores: number): Topology {
  return { ...distributed, machines: distributed.machines.map((each) => ({ ...each, size: { memory, cores } })) };
}

function setting(text: string, name: string): number {
  const found = new RegExp(`^${name} = (\\d+)`, "m").exec(text);
  assert.ok(found, `no ${name}`);
  return Number(found[1]);
}

const pool = "/etc/php/8.4/fpm/pool.d/www.conf";
const mysql = "/etc/mysql/mysql.conf.d/zz-machine.cnf";

describe("secrets of a machine", () => {
  it("are those that its roles need", () => {
    const own = ["ca.pem", "machine.pem", "machine.key"];
    assert.deepEqual(secretNames(distributed, machine(distributed, "lb-1")), [...own, "site.pem", "site-ca.pem"]);
    const web = secretNames(distributed, machine(distributed, "web-2"));
    assert.ok(!web.includes("site.pem"), "the key of the site stays on the load balancers");
    assert.deepEqual(web, [...new Set(web)]);
    for (const name of ["machine.key", "session-key", "database-migration-password"] as const) {
      assert.ok(web.includes(name), name);
    }
  });

  it("are read where the target puts them, by machines that get them", () => {
    for (const { name } of distributed.machines) {
      const given = secretNames(distributed, machine(distributed, name)).map(
        (secret) => `/var/lib/machine/secrets/${secret}`,
      );
      const wanted = machineFiles(distributed, machine(distributed, name), "").flatMap(({ content }) => [
        ...content.matchAll(/\/var\/lib\/machine\/secrets\/[a-z.-]*[a-z]/g),
      ]);
      for (const [path] of wanted) assert.ok(given.includes(path), `${name} lacks ${path}`);
    }
  });
});

describe("packages", () => {
  it("of all roles together are those of each, once", () => {
    const all = packages(["load-balancer", "web", "application", "database", "monitor"], true);
    assert.deepEqual(all, [...new Set(all)]);
    for (const name of ["haproxy", "nginx", "php8.4-fpm", "mysql-server", "nftables"]) assert.ok(all.includes(name));
  });
});

describe("firewall", () => {
  const accepted = (name: string) =>
    [...content(distributed, name, "/etc/nftables.conf").matchAll(/^ *(ip saddr \{ (.*) \} )?tcp dport (\d+)/gm)].map(
      ([, , sources, port]) => `${port} from ${sources ?? "everywhere"}`,
    );

  it("of the load balancer is open on 80 and 443, for everybody", () => {
    assert.deepEqual(accepted("lb-1"), ["80 from everywhere", "443 from everywhere"]);
  });

  it("of a web and database machine lets in load balancers to Nginx, and its like to the database", () => {
    assert.deepEqual(
      new Set(accepted("web-1")),
      new Set(["8080 from 172.30.0.51", "3306 from 172.30.0.11, 172.30.0.12", "9200 from 172.30.0.11, 172.30.0.12"]),
    );
  });
});

describe("ports on loopback", () => {
  it("belong to one program each", () => {
    for (const topology of [distributed, highlyAvailable, everything]) {
      for (const each of topology.machines) {
        const listening = machineFiles(topology, each, "public").flatMap(({ content }) =>
          [...content.matchAll(/^ *(?:listen|bind|listen =|pm\.status_listen =) 127\.0\.0\.1:(\d+)/gm)].map(
            ([, port]) => port,
          ),
        );
        assert.deepEqual(listening, [...new Set(listening)], each.name);
      }
    }
  });
});

describe("sizes", () => {
  it("of PHP: more workers on a larger machine, never more than eight per core, at least four; a third to write", () => {
    const workers = (memory: number, cores: number) => {
      const pools = content(withSize(memory, cores), "web-1", pool).matchAll(/^pm\.max_children = (\d+)$/gm);
      return [...pools].map(([, number]) => Number(number));
    };
    assert.deepEqual(workers(512, 1), [2, 2]);
    assert.deepEqual(workers(1024, 2), [8, 4]);
    assert.deepEqual(workers(8192, 2), [10, 6]);
    assert.deepEqual(workers(8192, 8), [42, 22]);
  });

  it("of MySQL: the pool grows with memory, and connections suffice for the workers of all machines", () => {
    const small = content(withSize(smallMachine.memory, 2), "web-1", mysql);
    const large = content(withSize(8192, 8), "web-1", mysql);
    assert.equal(setting(small, "innodb_buffer_pool_size"), 64);
    assert.equal(setting(large, "innodb_buffer_pool_size"), 2048);
    // two machines, each worker at both endpoints
    assert.ok(setting(small, "max_connections") >= 2 * 12 * 2);
    assert.ok(setting(large, "max_connections") >= 2 * 64 * 2);
  });
});

describe("database", () => {
  it("is read-only at boot on the primary as on the replica", () => {
    for (const name of ["web-1", "web-2"]) {
      assert.match(content(distributed, name, mysql), /^read_only = ON\nsuper_read_only = ON$/m);
    }
  });

  it("has a number of its own on each machine", () => {
    const numbers = ["web-1", "web-2"].map((name) => setting(content(distributed, name, mysql), "server_id"));
    assert.equal(new Set(numbers).size, 2);
  });

  it("has an agent that knows the others", () => {
    const settings = JSON.parse(content(distributed, "web-2", "/etc/machine/database-agent.json"));
    assert.deepEqual(settings.peers, [{ name: "web-1", address: "172.30.0.11", position: 0 }]);
    const addresses = ["172.30.0.11", "172.30.0.12"];
    assert.deepEqual(settings.accounts, { application: addresses, migration: addresses, replication: addresses });
  });
});

describe("files of a machine", () => {
  it("are those of its roles only", () => {
    assert.ok(!paths("lb-1").some((path) => /nginx|php|mysql|database|application/.test(path)), paths("lb-1").join());
    assert.ok(!paths("web-1").includes("/etc/haproxy/conf.d/10-edge.cfg"));
    assert.ok(paths("web-1").includes("/etc/haproxy/conf.d/20-database.cfg"));
  });

  it("serve the part of the application that is meant to be served", () => {
    const root = (documentRoot: string) =>
      /^ +root (.*);$/m.exec(content(distributed, "web-1", "/etc/nginx/nginx.conf", documentRoot))?.[1];
    assert.equal(root("public"), "/srv/$version/public");
    assert.equal(root(""), "/srv/$version");
  });

  it("start the services of its roles", () => {
    const services = (name: string) => content(distributed, name, "/usr/local/lib/machine/services").trim().split("\n");
    assert.deepEqual(services("lb-1"), ["haproxy.service", "machine-drain.service", "machine-watchdog.service"]);
    assert.deepEqual(services("web-1"), [
      "mysql.service",
      "database-agent.service",
      "haproxy.service",
      "php8.4-fpm.service",
      "application-migrate.service",
      "nginx.service",
      "machine-drain.service",
      "machine-watchdog.service",
      "machine-backup.timer",
    ]);
  });

  it("answer to the readiness command", () => {
    assert.ok(paths("lb-1").includes(READINESS_COMMAND[0] as string));
  });
});

describe("highly-available", () => {
  const each = (path: string) => highlyAvailable.machines.map(({ name }) => content(highlyAvailable, name, path));

  it("lets VRRP in from the other load balancers, and group replication from the other databases", () => {
    const rules = content(highlyAvailable, "web-2", "/etc/nftables.conf");
    assert.match(rules, /ip saddr \{ 172\.30\.0\.11, 172\.30\.0\.12, 172\.30\.0\.13 \} meta l4proto vrrp accept/);
    assert.match(rules, /ip saddr \{ [^}]* \} tcp dport 33061-33064 accept/);
  });

  it("has one virtual IP, and machines that agree on everything but their own address and priority", () => {
    const configurations = each("/etc/keepalived/keepalived.conf");
    const all = (pattern: RegExp) => configurations.map((text) => pattern.exec(text)?.[1]);
    assert.deepEqual(new Set(all(/virtual_ipaddress \{\s+(\S+)/)), new Set(["172.30.0.10/32"]));
    assert.equal(new Set(all(/virtual_router_id (\d+)/)).size, 1);
    assert.equal(new Set(all(/priority (\d+)/)).size, 3);
    assert.deepEqual(all(/unicast_src_ip (\S+)/), ["172.30.0.11", "172.30.0.12", "172.30.0.13"]);
    assert.doesNotMatch(configurations[0] ?? "", /unicast_peer \{[^}]*172\.30\.0\.11[^}]*\}/);
  });

  it("has one group, of another name in another stack", () => {
    const name = (topology: Topology, machine: string) =>
      /^group_replication_group_name = (\S+)$/m.exec(
        content(topology, machine, "/etc/mysql/mysql.conf.d/zz-group.cnf"),
      )?.[1];
    const names = ["web-1", "web-2", "web-3"].map((machine) => name(highlyAvailable, machine));
    assert.equal(new Set(names).size, 1);
    assert.match(names[0] ?? "", /^[0-9a-f]{8}-[0-9a-f]{4}-8[0-9a-f]{3}-8[0-9a-f]{3}-[0-9a-f]{12}$/);
    assert.notEqual(name({ ...highlyAvailable, stack: "other" }, "web-1"), names[0]);
  });

  it("starts no group by itself: the agent decides", () => {
    for (const text of each("/etc/mysql/mysql.conf.d/zz-group.cnf")) {
      assert.match(text, /^group_replication_start_on_boot = OFF$/m);
      assert.doesNotMatch(text, /bootstrap/);
    }
  });

  it("has nothing of a fixed primary", () => {
    const all = machineFiles(highlyAvailable, machine(highlyAvailable, "web-1"), "").map(({ path }) => path);
    assert.ok(!all.some((path) => /semi-synchronous|primary_replica|database_decision/.test(path)), all.join());
    assert.ok(!paths("web-1").some((path) => /group|keepalived|wait-for-primary/.test(path)), paths("web-1").join());
  });

  it("serves the site by its virtual IP as by each machine's own address", () => {
    const edge = content(highlyAvailable, "web-3", "/etc/haproxy/conf.d/10-edge.cfg");
    assert.match(edge, /-m str www\.foobar\.com 172\.30\.0\.13 172\.30\.0\.10 localhost/);
  });

  it("hands over in order: the primary before the virtual IP", () => {
    const steps = machineFiles(highlyAvailable, machine(highlyAvailable, "web-1"), "")
      .map(({ path }) => path)
      .filter((path) => path.includes("/drain.d/"))
      .sort();
    assert.deepEqual(
      steps.map((path) => path.replace(/.*\//, "")),
      ["10-database", "20-web", "30-virtual-ip"],
    );
  });
});
