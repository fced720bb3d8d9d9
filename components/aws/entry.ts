import * as ec2 from "@pulumi/aws/ec2";
import * as route53 from "@pulumi/aws/route53";
import * as pulumi from "@pulumi/pulumi";
import { tags } from "./names";

export interface AwsEntryArgs {
  /** Name of the site. */
  readonly domain: string;
  /** Id of the hosted zone that the name belongs to. @default none: the address is an output only */
  readonly hostedZoneId?: pulumi.Input<string>;
  /** The address is kept when the stack goes by accident: people's name servers know it. */
  readonly isProtected: boolean;
}

/** Seconds that the name's address is remembered by others. */
const TTL = 60;

/** The public address of the site and, where there is a hosted zone, its name. Who answers to it the machines settle. */
export class AwsEntry extends pulumi.ComponentResource {
  readonly address: pulumi.Output<string>;
  readonly allocationId: pulumi.Output<string>;

  constructor(name: string, args: AwsEntryArgs, opts?: pulumi.ComponentResourceOptions) {
    super("web-infrastructure:aws:Entry", name, args, opts);
    const child = { parent: this };
    const address = new ec2.Eip(
      `${name}-address`,
      { domain: "vpc", tags: tags("entry") },
      { ...child, protect: args.isProtected },
    );
    if (args.hostedZoneId !== undefined) {
      const healthCheck = new route53.HealthCheck(
        `${name}-health`,
        {
          type: "HTTPS",
          ipAddress: address.publicIp,
          // sent as SNI and Host; Route 53 doesn't verify the certificate, which may be of the stack's own CA
          fqdn: args.domain,
          port: 443,
          resourcePath: "/up",
          requestInterval: 30,
          failureThreshold: 3,
          tags: tags("site"),
        },
        child,
      );
      new route53.Record(
        `${name}-name`,
        {
          zoneId: args.hostedZoneId,
          name: args.domain,
          type: "A",
          ttl: TTL,
          records: [address.publicIp],
          // with one record a health check only measures: where all fail, Route 53 answers with all
          setIdentifier: name,
          multivalueAnswerRoutingPolicy: true,
          healthCheckId: healthCheck.id,
        },
        child,
      );
    }
    this.address = address.publicIp;
    this.allocationId = address.id;
    this.registerOutputs({ address: this.address });
  }
}
