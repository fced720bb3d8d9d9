import * as docker from "@pulumi/docker";
import * as pulumi from "@pulumi/pulumi";
import * as random from "@pulumi/random";
import * as tls from "@pulumi/tls";

// One of each provider that the docker target uses, for the real Pulumi CLI. Labels are those of machines.
const labels = [{ label: "web-infrastructure.stack", value: pulumi.getStack() }];
const password = new random.RandomPassword("password", { length: 32, special: false });
const key = new tls.PrivateKey("key", { algorithm: "ECDSA", ecdsaCurve: "P256" });
const network = new docker.Network("network", {
  name: `test-pulumi-cli-${pulumi.getStack()}`,
  driver: "bridge",
  ipamConfigs: [{ subnet: "172.31.21.0/24", gateway: "172.31.21.1", ipRange: "172.31.21.224/27" }],
  labels,
});

export const result = password.result;
export const publicKey = key.publicKeyPem;
export const networkName = network.name;
