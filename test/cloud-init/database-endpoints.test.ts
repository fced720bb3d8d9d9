import assert from "node:assert/strict";
import { machineFiles } from "../../cloud-init";
import { endpoints } from "../../cloud-init/haproxy";
import { ports } from "../../topology";
import { file, runInMachineImage } from "./machine-image";
import { highlyAvailable, machine } from "./topologies";

/**
 * Three databases that greet with their name, and their agents: a name is written into /tmp/primaries for who says that it
 * is the primary. Each agent thinks for a while, less than a check may take.
 */
const databases = `
import socketserver, threading, time

def serve(address, port, answer):
    class Handler(socketserver.BaseRequestHandler):
        def handle(self):
            self.request.sendall(answer(self.request).encode())
    server = socketserver.ThreadingTCPServer((address, port), Handler)
    threading.Thread(target=server.serve_forever).start()

def agent(name):
    def answer(connection):
        is_primary = b"/primary" in connection.recv(1000) and name in open("/tmp/primaries").read().split()
        time.sleep(0.8)
        return "HTTP/1.1 %s\\r\\nContent-Length: 0\\r\\n\\r\\n" % ("200 OK" if is_primary else "503 No")
    return answer

for number in 1, 2, 3:
    serve(f"172.30.0.1{number}", ${ports.database}, lambda _, name=f"web-{number}": name)
    serve(f"172.30.0.1{number}", ${ports.databaseRole}, agent(f"web-{number}"))
`;

/** Asks the endpoint for writes ten times a second, and for the primary's name; one line each time, "greeting|name". */
const script = `
  for number in 1 2 3; do ip address add 172.30.0.1$number/32 dev lo; done
  ip link set lo up
  mkdir -p /run/haproxy
  echo web-2 >/tmp/primaries
  python3 /tmp/databases.py &
  sleep 1
  ask() {
    for _ in $(seq "$1"); do
      greeting=$(timeout 1 bash -c 'cat </dev/tcp/127.0.0.1/${endpoints.write}' 2>/dev/null)
      echo "$greeting|$(curl -sf http://127.0.0.1:${endpoints.primary}/)"
      sleep 0.1
    done
  }
  haproxy -D -f /etc/haproxy/haproxy.cfg -f /etc/haproxy/conf.d/20-database.cfg
  echo '### start'; ask 3
  echo '### checked'; sleep 1; ask 10
  echo '### two'; echo web-2 web-3 >/tmp/primaries; sleep 2; ask 10
  echo '### changed'; echo web-3 >/tmp/primaries; sleep 2; ask 10
`;

describe("The endpoint for writes (HAProxy in the machine image)", function () {
  this.timeout(60_000);
  const answers: Record<string, string[]> = {};

  before(() => {
    const own = machineFiles(highlyAvailable, machine(highlyAvailable, "web-1"), "");
    const config = own.filter(({ path }) => path.endsWith("/haproxy.cfg") || path.endsWith("/20-database.cfg"));
    const options = ["--cap-add", "NET_ADMIN", "--network", "none"];
    const { output } = runInMachineImage([...config, file("/tmp/databases.py", databases)], script, options);
    for (const block of output.split("### ").slice(1)) {
      const [moment = "", ...lines] = block.trim().split("\n");
      answers[moment] = [...new Set(lines)];
    }
    assert.deepEqual(Object.keys(answers), ["start", "checked", "two", "changed"], output);
  });

  it("is closed until each database has said whether it is the primary", () => {
    assert.ok(answers.start?.includes("|"), `${answers.start}`);
    assert.deepEqual(
      answers.start?.filter((each) => each !== "|" && each !== "web-2|web-2"),
      [],
    );
  });
  it("leads to the primary, and says its name", () => assert.deepEqual(answers.checked, ["web-2|web-2"]));
  it("is closed while two say that they are the primary", () => assert.deepEqual(answers.two, ["|"]));
  it("leads to the new primary", () => assert.deepEqual(answers.changed, ["web-3|web-3"]));
});
