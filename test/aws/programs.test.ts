import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { writeFileSync } from "node:fs";
import path from "node:path";
import { gunzipSync } from "node:zlib";
import { packPrograms } from "../../components/programs";
import { planTopology } from "../../topology";
import { file } from "../cloud-init/machine-image";
import { Aws, everyFile } from "./lab";
import { temporary } from "./preview";

const topology = planTopology({
  preset: "highly-available",
  stack: "unit",
  domain: "www.foobar.com",
  addressRange: "10.20.0.0/16",
  size: { memory: 2048, cores: 2 },
  zones: 3,
});
const machine = topology.machines[0] as (typeof topology.machines)[number];
const parameters = `/web-infrastructure/unit/${machine.name}`;
/** What the tests' machines lack: systemd, and a person's patience. */
const systemctl = file("/usr/local/bin/systemctl", '#!/bin/sh\necho "systemctl $*"\n', "0755");

describe("aws: what machines ask of AWS, by awscli against moto", function () {
  this.timeout(180_000);
  let aws: Aws;
  const directory = temporary();

  before(async () => {
    aws = await Aws.start();
    aws.set({});
    const there = ["--create-bucket-configuration", "LocationConstraint=eu-central-1"];
    aws.ask("s3api", "create-bucket", "--bucket", "bucket", ...there);
  });
  after(() => {
    aws.stop();
    directory.remove();
  });

  const put = (name: string, value: string, type = "String") =>
    aws.ask("ssm", "put-parameter", "--name", name, "--value", value, "--type", type, "--overwrite");
  const parameter = (name: string): string => aws.ask("ssm", "get-parameter", "--name", name).Parameter.Value;
  const store = (key: string, content: Buffer | string): string => {
    const local = path.join(directory.path, "object");
    writeFileSync(local, content);
    aws.ask("s3", "cp", "--quiet", local, `s3://bucket/${key}`);
    return createHash("sha256").update(content).digest("hex");
  };

  describe("secrets", () => {
    const step = "/usr/local/lib/machine/setup.d/02-secrets";
    it("are read with decryption, each in a file of its own for root alone, others' are not", () => {
      put(`${parameters}/secrets/session-key`, "made-up", "SecureString");
      put(`${parameters}/secrets/site.pem`, "line 1\nline 2\n", "SecureString");
      put("/web-infrastructure/unit/web-2/secrets/machine.key", "another's", "SecureString");
      const { status, output } = aws.run(
        everyFile(topology, machine),
        `${step} && cd /var/lib/machine && stat -c '%a %n' secrets secrets/* && cat secrets/site.pem`,
      );
      assert.equal(status, 0, output);
      assert.deepEqual(output.trim().split("\n"), [
        "700 secrets",
        "600 secrets/session-key",
        "600 secrets/site.pem",
        "line 1",
        "line 2",
      ]);
    });

    it("that aren't there end the set-up with the path", () => {
      const files = everyFile(topology, { ...machine, name: "web-9" });
      const { status, output } = aws.run(files, step);
      assert.notEqual(status, 0);
      assert.match(output, /There are no secrets at \/web-infrastructure\/unit\/web-9\/secrets/);
    });

    it("are asked for again and again, then given up, when AWS doesn't answer", () => {
      const { status, output } = aws.run(everyFile(topology, machine), step, {
        AWS_ENDPOINT_URL: "http://127.0.0.1:9",
        AWS_MAX_ATTEMPTS: "1",
      });
      assert.notEqual(status, 0);
      assert.match(output, /Could not connect to the endpoint URL/);
    });
  });

  describe("the report", () => {
    const ready = (script: string) => file("/usr/local/sbin/machine-ready", `#!/bin/sh\n${script}\n`, "0755");
    const report = (script: string) => {
      put(`${parameters}/ready`, "not made yet");
      const files = [
        ...everyFile(topology, machine).filter(({ path: each }) => each !== "/usr/local/sbin/machine-ready"),
      ];
      const finished = aws.run([...files, ready(script)], "machine-report");
      return { ...finished, value: parameter(`${parameters}/ready`) };
    };

    it("says ok with the instance, after it said what it waits for", () => {
      const { status, value, output } = report(
        "[ -e /run/asked ] && exit 0; touch /run/asked; echo 'mysql starts'; exit 1",
      );
      assert.equal(status, 0, output);
      assert.equal(value, "i-0123456789abcdef0 ok");
      const history = aws.ask("ssm", "get-parameter-history", "--name", `${parameters}/ready`).Parameters;
      assert.ok(history.some(({ Value }: { Value: string }) => Value === "i-0123456789abcdef0 waiting mysql starts"));
    });

    it("says why a machine can't get ready", () => {
      const { status, value } = report("echo 'a migration failed'; exit 2");
      assert.notEqual(status, 0);
      assert.equal(value, "i-0123456789abcdef0 failed a migration failed");
    });
  });

  describe("the first boot", () => {
    const programs = packPrograms([
      file("/usr/local/sbin/machine-setup", "#!/bin/sh\necho set up; exit $SETUP\n", "0755"),
    ]);
    const boot = (sha256: string, environment: Record<string, string> = {}) => {
      put(`${parameters}/ready`, "not made yet");
      store("programs", Buffer.from(programs.archive));
      const files = everyFile(topology, machine, { address: "s3://bucket/programs", sha256 }).filter(
        ({ path: each }) => !["/usr/local/sbin/machine-setup"].includes(each),
      );
      const finished = aws.run([...files, systemctl], "machine-start; echo ended $?", { SETUP: "0", ...environment });
      return { ...finished, value: parameter(`${parameters}/ready`) };
    };

    it("fetches the programs, runs the set-up and leaves the report to its service", () => {
      const { output, value } = boot(programs.sha256);
      assert.match(output, /set up\nsystemctl enable --now --no-block machine-report.service\nended 0/);
      assert.equal(value, "not made yet");
    });

    it("reports programs that aren't those of the plan, and doesn't unpack them", () => {
      const { output, value } = boot("0".repeat(64));
      assert.match(output, /ended 1/);
      assert.doesNotMatch(output, /set up/);
      assert.match(value, /^i-0123456789abcdef0 failed [\s\S]*programs.tar.gz: FAILED/);
    });

    it("reports a set-up that failed, with the end of its log", () => {
      const { value } = boot(programs.sha256, { SETUP: "1" });
      assert.match(value, /^i-0123456789abcdef0 failed /);
    });
  });

  describe("the application", () => {
    it("is fetched, verified and switched to in one step; what was altered on the way never is", () => {
      const version = (name: string) => {
        const files = [file("/public/index.html", name), file("/public/same.html", "same")];
        return store(`${name}.tar`, gunzipSync(packPrograms(files).archive));
      };
      const [first, second] = [version("one"), version("two")];
      store("altered.tar", "something else");
      put("/web-infrastructure/unit/application", `s3://bucket/one.tar ${first}`);
      const name = (value: string) =>
        `aws ssm put-parameter --overwrite --name /web-infrastructure/unit/application --value "${value}" >/dev/null`;
      // Nginx and PHP-FPM don't run here
      const files = everyFile(topology, machine).filter(({ path }) => !/application-(migrate|try)$/.test(path));
      const says = '#!/bin/sh\necho "migrate $(basename "$1")"\n';
      const migrate = file("/usr/local/sbin/application-migrate", says, "0755");
      const { status, output } = aws.run(
        [...files, systemctl, migrate],
        [
          "set -e",
          "application-update --fetch-only",
          "/usr/local/lib/machine/setup.d/30-application-files",
          "cat /srv/www/public/index.html; echo",
          "application-update; echo nothing to do",
          name(`s3://bucket/two.tar ${second}`),
          "application-update",
          "cat /srv/www/public/index.html; echo; readlink /srv/www",
          name(`s3://bucket/altered.tar ${first}`),
          "! application-update",
          "cat /srv/www/public/index.html; echo; ls /srv/releases | wc -l",
        ].join("\n"),
      );
      assert.equal(status, 0, output);
      const lines = output.trim().split("\n");
      assert.deepEqual(
        lines.filter((line) => /^(one|two|nothing|migrate|systemctl|\/srv|2$)/.test(line)),
        [
          "one",
          "nothing to do",
          "migrate migrations",
          "systemctl reload php8.4-fpm.service",
          "two",
          `/srv/releases/${second.slice(0, 16)}`,
          "two",
          "2",
        ],
        output,
      );
      assert.match(output, /is not what the deployment asked for; the version before stays/);
    });
  });

  describe("the public address", () => {
    let allocation: string;
    const interfaces: string[] = [];
    const entryOf = (index: number) => topology.machines[index]?.entryAddresses?.[0] as string;

    before(() => {
      const vpc = aws.ask("ec2", "create-vpc", "--cidr-block", "10.20.0.0/16").Vpc.VpcId;
      for (const [index, { range }] of (topology.network.subnets ?? []).slice(0, 2).entries()) {
        const subnet = aws.ask("ec2", "create-subnet", "--vpc-id", vpc, "--cidr-block", range).Subnet.SubnetId;
        const { address } = topology.machines[index] as typeof machine;
        const created = aws.ask(
          ...["ec2", "create-network-interface", "--subnet-id", subnet, "--private-ip-addresses"],
          ...[`Primary=true,PrivateIpAddress=${address}`, `Primary=false,PrivateIpAddress=${entryOf(index)}`],
        );
        interfaces.push(created.NetworkInterface.NetworkInterfaceId);
      }
      allocation = aws.ask("ec2", "allocate-address", "--domain", "vpc").AllocationId;
    });

    const owner = () => aws.ask("ec2", "describe-addresses", "--allocation-ids", allocation).Addresses[0];

    /** What a machine is told by AWS. */
    const about = (index: number): Record<string, string> => {
      const mac = `0a:00:00:00:00:0${index}`;
      return {
        mac,
        [`network/interfaces/macs/${mac}/interface-id`]: interfaces[index] as string,
        "tags/instance/web-infrastructure.entry-address": allocation,
      };
    };
    /** Whether a machine has an address, and whether the site answers at the public one, the tests say by files. */
    const stubs = [
      file(
        "/usr/local/bin/ip",
        '#!/bin/sh\ncase $* in *route*) echo "default via 10.20.0.1 dev ens5 ";; *show*) cat /run/addresses 2>/dev/null;; *) echo "ip $*";; esac\n',
        "0755",
      ),
      file("/usr/local/lib/machine/ready.d/60-entry-address", "#!/bin/sh\ntest ! -e /run/site-is-down\n", "0755"),
    ];
    const filesOf = (index: number) => [
      ...everyFile(topology, topology.machines[index] as typeof machine).filter(
        ({ path: each }) => !each.endsWith("/60-entry-address"),
      ),
      systemctl,
      ...stubs,
    ];
    /** Runs the loop of one machine for a while. */
    const keep = (index: number, script: string, environment: Record<string, string> = {}) => {
      aws.set(about(index));
      return aws.run(filesOf(index), script, environment);
    };
    const holds = `echo "2: ens5 inet ${topology.virtualIps[0]?.address}/32 scope global" >/run/addresses`;
    /** Until the public address is at an interface, for some seconds at most. */
    const until = (index: number, seconds: number) =>
      `timeout ${seconds} sh -c 'until aws ec2 describe-addresses --output text | grep -q ${interfaces[index]}; do sleep 0.2; done'`;

    it("is left alone by a machine that doesn't hold the virtual IP", () => {
      const { output } = keep(0, "timeout 8 entry-address 1; cat /run/entry-address-1");
      assert.equal(owner().AssociationId, undefined, output);
      assert.match(output, new RegExp(`ip address replace ${entryOf(0)}/32 dev ens5`));
    });

    it("goes to the machine that gets the virtual IP, at its second address, and to the next one", () => {
      const first = keep(0, `(sleep 3; ${holds}) & timeout 20 entry-address 1`);
      assert.match(first.output, /the public address is ours/, first.output);
      // which of its private addresses, moto 5.2 doesn't keep
      assert.equal(owner().NetworkInterfaceId, interfaces[0]);

      keep(1, `${holds}; timeout 15 entry-address 1`);
      assert.equal(owner().NetworkInterfaceId, interfaces[1]);
    });

    for (const [answer, times] of [
      ["throttled", 4],
      ["expired", 3],
      ["silent", 2],
    ] as const) {
      it(`is asked for again, until it is there, when AWS's answer is: ${answer}`, () => {
        const target = owner().NetworkInterfaceId === interfaces[0] ? 1 : 0;
        aws.disturb({ action: "AssociateAddress", answer, times });
        const { output } = keep(
          target,
          `${holds}; entry-address 1 & loop=$!; ${until(target, 45)} || echo never; kill $loop; wait`,
        );
        aws.disturb(undefined);
        assert.doesNotMatch(output, /never/, output);
        assert.equal(owner().NetworkInterfaceId, interfaces[target]);
        assert.equal(output.match(/the public address is ours/g)?.length, 1, output);
      });
    }

    it("is counted when it changes hands", () => {
      const { Metrics } = aws.ask("cloudwatch", "list-metrics", "--namespace", "web-infrastructure");
      assert.ok(Metrics.some(({ MetricName }: { MetricName: string }) => MetricName === "address-take-over"));
    });
  });
});
