import {
  DeleteParametersCommand,
  GetParameterCommand,
  GetParametersByPathCommand,
  PutParameterCommand,
  SSMClient,
} from "@aws-sdk/client-ssm";
import type { Registrar } from "../../engine/monitor";
import type { CreateContext, Properties } from "../../engine/provider";
import { providers } from "../../engine/providers";
import type { Registered } from "../../engine/registered";
import { pack, unpack } from "../../engine/values";
import type { Aws } from "./lab";
import { unpackLoosely } from "./wire";

/** An instance as the program asked for it, with what AWS gave it. */
export interface PlannedInstance {
  readonly name: string;
  readonly id: string;
  readonly interfaceId: string;
  readonly inputs: Properties;
}

/** What waits for a machine. */
export interface PlannedReadiness {
  readonly name: string;
  readonly inputs: Properties;
}

const context: CreateContext = { progress: () => undefined, signal: new AbortController().signal };

/**
 * Makes what a program registers: passwords and certificates for real, what machines ask for (parameters, objects, the
 * address and network interfaces) in moto. Instances are left to `boot`; the rest is only noted.
 */
export class Cloud implements Registrar {
  readonly registered = new Map<string, Registered>();
  readonly instances: PlannedInstance[] = [];
  readonly readiness: PlannedReadiness[] = [];
  private readonly ssm: SSMClient;

  constructor(
    private readonly aws: Aws,
    private readonly boot: (instance: PlannedInstance) => Promise<void>,
  ) {
    const {
      AWS_DEFAULT_REGION: region,
      AWS_ACCESS_KEY_ID: accessKeyId,
      AWS_SECRET_ACCESS_KEY: secretAccessKey,
    } = aws.sdkEnvironment as Record<string, string>;
    this.ssm = new SSMClient({
      region,
      endpoint: aws.endpoint,
      credentials: { accessKeyId, secretAccessKey },
    } as object);
  }

  async register(registration: Registered["registration"]): Promise<Registered> {
    const { urn, type, properties, custom } = registration;
    const known = providers[type];
    let result: Registered;
    if (known) {
      const { plain, secrets } = unpack(properties);
      const { id, outputs } = await known.create(known.check(plain), context);
      const hidden = new Set([...secrets, ...(known.secretOutputs ?? []), ...registration.additionalSecretOutputs]);
      result = { registration, id, inputs: properties, outputs: pack(outputs, hidden) };
    } else {
      const made = custom ? await this.make(registration, unpackLoosely(properties)) : {};
      const { id = custom ? `${registration.name}-id` : "", ...outputs } = made;
      result = { registration, id, inputs: properties, outputs: { ...properties, ...outputs } };
    }
    this.registered.set(urn, result);
    return result;
  }

  registerOutputs(): void {}

  async settled(): Promise<void> {}

  /** The site's public address. */
  get publicAddress(): string {
    return this.first("aws:ec2/eip:Eip").outputs.publicIp;
  }

  /** The address that says whose turn it is. */
  get virtualIp(): string {
    return unpackLoosely(this.first("web-infrastructure:index:WebInfrastructure").inputs).topology.virtualIp;
  }

  private first(type: string): Registered {
    const found = [...this.registered.values()].find(({ registration }) => registration.type === type);
    if (!found) throw new Error(`the program registers no ${type}`);
    return found;
  }

  /** Deletes all parameters below a path. */
  async deleteParameters(Path: string): Promise<void> {
    const { Parameters = [] } = await this.ssm.send(new GetParametersByPathCommand({ Path, MaxResults: 10 }));
    await this.ssm.send(new DeleteParametersCommand({ Names: Parameters.map(({ Name }) => Name as string) }));
  }

  /** The value of a parameter. */
  async parameter(Name: string): Promise<string> {
    return (await this.ssm.send(new GetParameterCommand({ Name }))).Parameter?.Value ?? "";
  }

  /** Asks EC2 something by its query API; answers the text of one element. */
  async ec2(Action: string, parameters: Record<string, string>, element: string): Promise<string> {
    const body = new URLSearchParams({ Action, Version: "2016-11-15", ...parameters });
    const response = await fetch(this.aws.endpoint, { method: "POST", body, headers: signedFor("ec2") });
    const text = await response.text();
    if (!response.ok) throw new Error(`${Action}: ${text}`);
    return new RegExp(`<${element}>([^<]*)<`).exec(text)?.[1] ?? "";
  }

  /** What the program's further steps need to know, beside the inputs. */
  private async make({ type, name }: Registered["registration"], inputs: Properties): Promise<Properties> {
    switch (type) {
      case "aws:ec2/vpc:Vpc": {
        const id = await this.ec2("CreateVpc", { CidrBlock: inputs.cidrBlock }, "vpcId");
        return { id, arn: `arn:aws:ec2:eu-central-1:123456789012:vpc/${id}` };
      }
      case "aws:ec2/subnet:Subnet":
        return { id: await this.ec2("CreateSubnet", { VpcId: inputs.vpcId, CidrBlock: inputs.cidrBlock }, "subnetId") };
      case "aws:ec2/eip:Eip": {
        const id = await this.ec2("AllocateAddress", { Domain: "vpc" }, "allocationId");
        return { id, publicIp: await this.ec2("DescribeAddresses", { "AllocationId.1": id }, "publicIp") };
      }
      case "aws:ec2/instance:Instance":
        return this.instance(name, inputs);
      case "aws:ssm/parameter:Parameter": {
        const { name: Name, value: Value, type: Type } = inputs;
        await this.ssm.send(new PutParameterCommand({ Name, Value, Type, Overwrite: true }));
        return { id: Name, version: 1 };
      }
      case "aws:cloudwatch/logGroup:LogGroup":
        return { arn: `arn:aws:logs:eu-central-1:123456789012:log-group:${name}` };
      case "aws:s3/bucket:Bucket":
        await this.s3(`/${inputs.bucket}`, "");
        return { id: inputs.bucket };
      case "aws:s3/bucketObjectv2:BucketObjectv2":
        await this.s3(`/${inputs.bucket}/${inputs.key}`, content(inputs));
        return { id: inputs.key };
      case "pulumi-nodejs:dynamic:Resource":
        this.readiness.push({ name, inputs });
        return {};
      default:
        return { arn: `arn:aws:made-up:eu-central-1:123456789012:${name}` };
    }
  }

  private async instance(name: string, inputs: Properties): Promise<Properties> {
    const addresses = [inputs.privateIp, ...(inputs.secondaryPrivateIps ?? [])].flatMap((address, index) => [
      [`PrivateIpAddresses.${index + 1}.PrivateIpAddress`, address],
      [`PrivateIpAddresses.${index + 1}.Primary`, String(index === 0)],
    ]);
    const asked = { SubnetId: inputs.subnetId, ...Object.fromEntries(addresses) };
    const interfaceId = await this.ec2("CreateNetworkInterface", asked, "networkInterfaceId");
    const id = `i-${interfaceId.slice(4)}`;
    const planned = { name, id, interfaceId, inputs };
    this.instances.push(planned);
    await this.boot(planned);
    return { id, primaryNetworkInterfaceId: interfaceId };
  }

  private async s3(path: string, body: string | Buffer): Promise<void> {
    const headers = signedFor("s3", "us-east-1");
    const response = await fetch(`${this.aws.endpoint}${path}`, {
      method: "PUT",
      body: new Uint8Array(Buffer.from(body)),
      headers,
    });
    if (!response.ok) throw new Error(`PUT ${path}: ${await response.text()}`);
  }
}

/** moto doesn't verify signatures, but tells by them which service is meant. */
function signedFor(service: string, region = "eu-central-1"): Record<string, string> {
  return {
    authorization: `AWS4-HMAC-SHA256 Credential=testing/20260101/${region}/${service}/aws4_request, SignedHeaders=host, Signature=0`,
  };
}

function content({ contentBase64, source }: Properties): Buffer {
  if (contentBase64 !== undefined) return Buffer.from(contentBase64, "base64");
  const { readFileSync } = require("node:fs") as typeof import("node:fs");
  return readFileSync(source.path);
}
