import { Empty } from "google-protobuf/google/protobuf/empty_pb";
import { PolicyServer } from "../../engine/policy-server";

// A policy pack's parent, in a process of its own so that a test can kill it. Argument: the directory of the pack.
const server = PolicyServer.start(process.argv[2] as string);
server.call("getAnalyzerInfo", new Empty()).then(() => console.log("the pack is up"));
