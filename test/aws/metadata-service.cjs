// An imitation of EC2's instance metadata service, version 2 only: answers from a JSON file that maps paths to values.
// Prints its port. A process of its own, because the tests wait for machines without letting anything else run.
const { createServer } = require("node:http");
const { readFileSync } = require("node:fs");

const server = createServer(({ method, url, headers }, response) => {
  if (method === "PUT" && url === "/latest/api/token") return response.end("session");
  const values = JSON.parse(readFileSync(process.argv[2], "utf8"));
  const isAllowed = headers["x-aws-ec2-metadata-token"] === "session";
  const value = values[url.replace("/latest/meta-data/", "")];
  response.statusCode = !isAllowed ? 401 : value === undefined ? 404 : 200;
  return response.end(isAllowed ? value : "");
});
server.listen(0, "127.0.0.1", () => console.log(server.address().port));
