import type { ResourceProvider } from "../provider";
import { certificateRequest, locallySignedCertificate, selfSignedCertificate } from "./certificates";
import { container } from "./docker-container";
import { network } from "./docker-network";
import { volume } from "./docker-volume";
import { dynamicResource } from "./dynamic";
import { privateKey } from "./private-key";
import { randomBytes } from "./random-bytes";
import { randomPassword } from "./random-password";

/** What the built-in engine can make, by Pulumi's type tokens. */
export const providers: Readonly<Record<string, ResourceProvider>> = {
  "docker:index/network:Network": network,
  "docker:index/volume:Volume": volume,
  "docker:index/container:Container": container,
  "random:index/randomBytes:RandomBytes": randomBytes,
  "random:index/randomPassword:RandomPassword": randomPassword,
  "tls:index/privateKey:PrivateKey": privateKey,
  "tls:index/selfSignedCert:SelfSignedCert": selfSignedCertificate,
  "tls:index/certRequest:CertRequest": certificateRequest,
  "tls:index/locallySignedCert:LocallySignedCert": locallySignedCertificate,
  "pulumi-nodejs:dynamic:Application": dynamicResource,
};
