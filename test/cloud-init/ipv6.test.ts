import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import path from "node:path";
import { program } from "../../cloud-init/file";
import { planTopology } from "../../topology";
import { edgeFiles, startEdge } from "./edge-room";
import { file, runInMachineImage } from "./machine-image";
import { smallMachine } from "./topologies";

const topology = planTopology({
  preset: "distributed",
  stack: "test",
  domain: "www.foobar.com",
  addressRange: "172.30.0.0/24",
  size: smallMachine,
  ipv6: true,
});

/** A load balancer on a network of IPv6, its firewall loaded first; the network and a visitor are a namespace beside it. */
const script = `
  say() { echo "### $1"; shift; "$@" 2>&1; status=$?; echo; return $status; }
  network() { ip netns exec network "$@"; }
  visit() { network curl -sS -g --max-time 5 --cacert /var/lib/machine/secrets/ca.pem "$@"; }
  nft -f /etc/nftables.conf
  ip netns add network
  ip link add eth0 type veth peer name peer netns network
  ip link set eth0 up
  ip -n network link set lo up
  ip -n network link set peer up
  ip -n network address add 2001:db8::2/64 dev peer nodad
  mkdir -p /var/lib/haproxy/dev
  python3 /ipv6-network.py log /tmp/log &
  ${startEdge}
  cp ca.pem site-ca.pem
  # the web server sees the load balancer's address, though both are here
  ip route replace local 172.30.0.11 dev lo table local src 172.30.0.51
  # until the kernel has asked whether anybody else has its link-local address
  for attempt in $(seq 30); do
    own=$(ip -6 -o address show dev eth0 scope link -tentative | sed -n 's|.* inet6 \\([^/]*\\)/.*|\\1|p')
    router=$(ip -n network -6 -o address show dev peer scope link -tentative | sed -n 's|.* inet6 \\([^/]*\\)/.*|\\1|p')
    [ -n "$own" ] && [ -n "$router" ] && break
    sleep 0.1
  done
  chmod 0666 /dev/log /var/lib/haproxy/dev/log

  say ready-before /usr/local/lib/machine/ready.d/55-ipv6
  network python3 /ipv6-network.py advertise
  sleep 0.5
  say route ip -6 route show default
  ip address add 2001:db8::11/64 dev eth0 nodad
  touch /tmp/received
  python3 /ipv6-network.py receive >/tmp/received &
  receiver=$!
  until grep -q listening /tmp/received; do sleep 0.1; done
  network python3 /ipv6-network.py send "$own" "$router"
  network python3 /ipv6-network.py send 2001:db8::11 2001:db8::2
  wait $receiver
  say addresses echo "$own $router"
  say dhcp cat /tmp/received

  say ready-after /usr/local/lib/machine/ready.d/55-ipv6 && echo yes
  say redirect visit -o /dev/null -w '%{http_code} %{redirect_url}' -H 'Host: www.foobar.com' 'http://[2001:db8::11]/a'
  say page visit --resolve 'www.foobar.com:443:[2001:db8::11]' https://www.foobar.com/page
  say page-ipv4 curl -sS --max-time 5 --cacert ca.pem --resolve www.foobar.com:443:172.30.0.51 https://www.foobar.com/page
  python3 -m http.server --bind :: 9999 >/dev/null 2>&1 &
  for attempt in $(seq 50); do curl -s -g -o /dev/null 'http://[::1]:9999/' && break; sleep 0.1; done
  say other-port network curl -sS -g --max-time 1 'http://[2001:db8::11]:9999/'
  say log grep -a page /tmp/log

  /usr/local/lib/machine/keep-ipv6-visitors-off
  say drained visit --resolve 'www.foobar.com:443:[2001:db8::11]' -w '%{time_total}' https://www.foobar.com/page
`;

const options = [
  ...["--network", "none", "--cap-add", "NET_ADMIN", "--cap-add", "SYS_ADMIN", "--security-opt", "apparmor=unconfined"],
  ...["all", "default"].flatMap((which) => ["--sysctl", `net.ipv6.conf.${which}.disable_ipv6=0`]),
];

describe("a load balancer with IPv6 (firewall, HAProxy and Nginx in the machine image)", function () {
  this.timeout(60_000);
  let said: Record<string, string>;

  before(() => {
    const files = [
      ...edgeFiles(topology),
      program("/usr/local/lib/machine/keep-ipv6-visitors-off"),
      file("/ipv6-network.py", readFileSync(path.join(__dirname, "ipv6-network.py"), "utf8")),
    ];
    const { output } = runInMachineImage(files, script, options);
    said = Object.fromEntries(output.split(/^### /m).map((block) => block.split(/\n([\s\S]*)/)));
    assert.ok(said.drained !== undefined, output);
  });

  it("learns its router, and gets its address from a DHCPv6 server of its own network only", () => {
    const [, router = "none"] = said.addresses?.trim().split(" ") ?? [];
    assert.match(said.route ?? "", new RegExp(`default via ${router} dev eth0 proto ra`));
    assert.equal(said.dhcp?.trim(), `listening\nfrom ${router}`);
  });

  it("is ready when it has its address and the site answers there, not before", () => {
    assert.match(said["ready-before"] ?? "", /waiting for the IPv6 address/);
    assert.equal(said["ready-after"]?.trim(), "yes");
  });

  it("serves visitors, who keep their address for the application and in the logs", () => {
    assert.equal(said.redirect?.trim(), "301 https://www.foobar.com/a");
    assert.equal(JSON.parse(said.page ?? "{}").server.REMOTE_ADDR, "2001:db8::2");
    assert.match(said.log ?? "", /haproxy.*: 2001:db8::2:\d+ .*"GET .*\/page/);
    assert.match(said.log ?? "", /nginx: 2001:db8::2 "GET \/page/);
  });

  it("leaves an IPv4 address as it is", () => {
    assert.match(JSON.parse(said["page-ipv4"] ?? "{}").server.REMOTE_ADDR, /^172\.30\.0\./);
  });

  it("lets nobody in elsewhere", () => {
    assert.match(said["other-port"] ?? "", /timed out/i);
  });

  it("refuses new visitors at once when it is drained", () => {
    const [, seconds = "none"] = /^curl: \(7\) .*\n(\d+\.\d+)$/m.exec(said.drained ?? "") ?? [];
    assert.ok(Number(seconds) < 1, said.drained);
  });
});
