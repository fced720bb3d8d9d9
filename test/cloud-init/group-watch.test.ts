import assert from "node:assert/strict";
import { machineFiles } from "../../cloud-init";
import { file, runInMachineImage } from "./machine-image";
import { highlyAvailable, machine } from "./topologies";

const GONE = "172.30.0.12";
/** Answers on the port of its database agent, and nothing else. */
const THERE = "172.30.0.13";

/** Connects to the group's port; prints how that ended, within so many seconds. */
const connect = (address: string, seconds = 0.5) => `python3 -c '
import socket
try:
    socket.create_connection(("${address}", 33061), timeout=${seconds})
except OSError as error:
    print("${address}", type(error).__name__)
'`;

describe("group-watch", function () {
  this.timeout(60_000);

  it("lets connections to a member whose machine is gone fail at once, also those under way, and stops doing so when it ends", () => {
    const watched = {
      port: 9200,
      groupPorts: { first: 33061, last: 33064 },
      peers: [
        { name: "web-2", address: GONE },
        { name: "web-3", address: THERE },
      ],
    };
    const { status, output } = runInMachineImage(
      [
        ...machineFiles(highlyAvailable, machine(highlyAvailable, "web-1"), ""),
        file("/etc/machine/database-agent.json", JSON.stringify(watched)),
      ],
      `set -e
      nft -f /etc/nftables.conf
      # neighbours of which one is there
      ip address add 172.30.0.11/24 dev eth0
      ip address add ${THERE}/32 dev lo
      python3 -m http.server 9200 --bind ${THERE} >/dev/null 2>&1 &
      echo without; ${connect(GONE)}; ${connect(THERE)}
      ${connect(GONE, 10)} >/tmp/pending &
      sleep 0.5
      /usr/local/sbin/group-watch & watch=$!
      sleep 2
      echo under way; cat /tmp/pending
      echo with; ${connect(GONE)}; ${connect(THERE)}
      nft list set inet machine silent | tr -d '\\n'; echo
      kill $watch
      sleep 1.5
      echo afterwards; ${connect(GONE)}`,
      ["--cap-add", "NET_ADMIN"],
    );
    assert.equal(status, 0, output);
    assert.match(
      output,
      new RegExp(
        [
          "without",
          `${GONE} TimeoutError`,
          `${THERE} ConnectionRefusedError`,
          "web-2 does not answer: MySQL need not wait for it",
          "under way",
          `${GONE} ConnectionAbortedError`,
          "with",
          `${GONE} ConnectionRefusedError`,
          // by itself, as nothing listens there
          `${THERE} ConnectionRefusedError`,
          `.*elements = { ${GONE} expires [^,]*}.*`,
          "afterwards",
          `${GONE} TimeoutError`,
        ].join("\\n"),
      ),
    );
  });
});
