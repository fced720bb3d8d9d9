import * as ec2 from "@pulumi/aws/ec2";
import * as route53 from "@pulumi/aws/route53";
import * as pulumi from "@pulumi/pulumi";
import { tags } from "./names";

export interface AwsEntryArgs {
  /** Name of the site. */
  readonly domain: string;
  /** How many addresses; more than one where each load balancer serves its own. */
  readonly count: number;
  /** Id of the hosted zone that the name belongs to. @default none: the address is an output only */
  readonly hostedZoneId?: pulumi.Input<string>;
  /** IPv6 addresses of the load balancers, each its own: there are no Elastic IPs of IPv6. @default none */
  readonly ipv6?: readonly LoadBalancerAddress[];
  /** The address is kept when the stack goes by accident: people's name servers know it. */
  readonly isProtected: boolean;
}

export interface LoadBalancerAddress {
  /** Host name of the load balancer. */
  readonly machine: string;
  readonly address: pulumi.Input<string>;
}

/** Seconds that the name's address is remembered by others. */
const TTL = 60;

/** The public addresses of the site and, where there is a hosted zone, its name. Who answers to them the machines settle. */
export class AwsEntry extends pulumi.ComponentResource {
  /** Those of IPv4, then those of IPv6. */
  readonly addresses: pulumi.Output<string>[];
  readonly allocationIds: pulumi.Output<string>[];

  constructor(
    private readonly name: string,
    args: AwsEntryArgs,
    opts?: pulumi.ComponentResourceOptions,
  ) {
    super("web-infrastructure:aws:Entry", name, args, opts);
    const addresses = Array.from({ length: args.count }, (_, index) => {
      const suffix = index === 0 ? "" : `-${index + 1}`;
      const address = new ec2.Eip(
        `${name}-address${suffix}`,
        { domain: "vpc", tags: tags(`entry${suffix}`) },
        { parent: this, protect: args.isProtected },
      );
      this.publish(args, "A", address.publicIp, suffix);
      return address;
    });
    const ipv6 = args.ipv6 ?? [];
    for (const { machine, address } of ipv6) this.publish(args, "AAAA", address, `-${machine}-ipv6`);
    this.addresses = [
      ...addresses.map(({ publicIp }) => publicIp),
      ...ipv6.map(({ address }) => pulumi.output(address)),
    ];
    this.allocationIds = addresses.map(({ id }) => id);
    this.registerOutputs({ addresses: this.addresses });
  }

  /**
   * The name leads to all addresses that answer: Amazon Route 53 Developer Guide, "Multivalue answer routing". With one address
   * the health check only measures: where all fail, Route 53 answers with all. Its checkers visit addresses of either kind.
   */
  private publish(
    { domain, hostedZoneId }: AwsEntryArgs,
    type: "A" | "AAAA",
    address: pulumi.Input<string>,
    suffix: string,
  ): void {
    if (hostedZoneId === undefined) return;
    const child = { parent: this };
    const healthCheck = new route53.HealthCheck(
      `${this.name}-health${suffix}`,
      {
        type: "HTTPS",
        ipAddress: address,
        // sent as SNI and Host; Route 53 doesn't verify the certificate, which may be of the stack's own CA
        fqdn: domain,
        port: 443,
        resourcePath: "/up",
        requestInterval: 30,
        failureThreshold: 3,
        tags: tags(`site${suffix}`),
      },
      child,
    );
    new route53.Record(
      `${this.name}-name${suffix}`,
      {
        zoneId: hostedZoneId,
        name: domain,
        type,
        ttl: TTL,
        records: [address],
        setIdentifier: `${this.name}${suffix}`,
        multivalueAnswerRoutingPolicy: true,
        healthCheckId: healthCheck.id,
      },
      child,
    );
  }
}
