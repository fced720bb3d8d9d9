// What stands between the tests' machines and moto, in a process of its own because the tests wait for machines without
// letting anything else run: EC2's instance metadata service (version 2 only), and a way to moto that can be made bad.
// Arguments: a JSON file, read at each request; moto's address; the address to listen on. Prints its port.
//
// { "metadata": { "<address of the machine, or *>": { "<path>": "<value>" } },
//   "fault": { "id": "...", "action": "<regular expression>", "answer": "throttled|expired|silent", "times": <number> } }
const { createServer, request: forward } = require("node:http");
const { readFileSync } = require("node:fs");
const [, , file, moto, host] = process.argv;

/** How often each fault has been answered. */
const answered = new Map();

/** As the services put them: EC2 (query API, XML) in "Error codes for the Amazon EC2 API", others in JSON. */
const faults = {
  throttled: { ec2: [503, "RequestLimitExceeded"], json: [400, "ThrottlingException"] },
  expired: { ec2: [400, "RequestExpired"], json: [400, "ExpiredTokenException"] },
};

function metadata(values, { method, url, headers, socket }, response) {
  if (method === "PUT" && url === "/latest/api/token") {
    const lifetime = "x-aws-ec2-metadata-token-ttl-seconds";
    response.setHeader(lifetime, headers[lifetime]);
    return response.end("session");
  }
  const own = values[socket.remoteAddress] ?? values["*"] ?? {};
  const isAllowed = headers["x-aws-ec2-metadata-token"] === "session";
  const path = url.replace("/latest/meta-data/", "");
  const value = path.startsWith("iam/security-credentials/") ? credentials(path) : own[path];
  response.statusCode = !isAllowed ? 401 : value === undefined ? 404 : 200;
  return response.end(isAllowed ? value : "");
}

/** Those of the machine's role, as the SDKs ask for them; each time they are asked for they are new. */
function credentials(path) {
  if (path === "iam/security-credentials/") return "machine";
  const Expiration = new Date(Date.now() + 3_600_000).toISOString();
  return JSON.stringify({
    Code: "Success",
    AccessKeyId: "testing",
    SecretAccessKey: "testing",
    Token: "testing",
    Expiration,
  });
}

function isFaulty({ id, action, times } = {}, wanted) {
  if (!id || !new RegExp(action).test(wanted) || (answered.get(id) ?? 0) >= times) return false;
  answered.set(id, (answered.get(id) ?? 0) + 1);
  return true;
}

function fail(answer, isJson, response) {
  if (answer === "silent") return;
  const [status, code] = faults[answer][isJson ? "json" : "ec2"];
  response.statusCode = status;
  response.end(
    isJson
      ? JSON.stringify({ __type: code, message: code })
      : `<Response><Errors><Error><Code>${code}</Code><Message>${code}</Message></Error></Errors></Response>`,
  );
}

function pass({ method, url, headers }, body, response) {
  const { hostname, port } = new URL(moto);
  const asked = forward({ hostname, port, method, path: url, headers }, (answer) => {
    response.writeHead(answer.statusCode, answer.headers);
    answer.pipe(response);
  });
  asked.on("error", () => response.destroy());
  asked.end(body);
}

const server = createServer((request, response) => {
  const { metadata: machines = {}, fault } = JSON.parse(readFileSync(file, "utf8"));
  if (request.url.startsWith("/latest/")) return metadata(machines, request, response);
  const parts = [];
  request.on("data", (part) => parts.push(part));
  request.on("end", () => {
    const body = Buffer.concat(parts);
    const target = request.headers["x-amz-target"];
    const action = target ?? /(?:^|&)Action=(\w+)/.exec(body.toString("latin1"))?.[1] ?? request.url;
    if (isFaulty(fault, action)) fail(fault.answer, target !== undefined, response);
    else pass(request, body, response);
  });
  return undefined;
});
server.listen(0, host, () => console.log(server.address().port));
