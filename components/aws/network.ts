import * as cloudwatch from "@pulumi/aws/cloudwatch";
import * as ec2 from "@pulumi/aws/ec2";
import * as iam from "@pulumi/aws/iam";
import * as vpcRules from "@pulumi/aws/vpc";
import * as pulumi from "@pulumi/pulumi";
import { ipv6RangeOf, type Subnet } from "../../topology";
import { policy, tags, trust } from "./names";

export interface AwsNetworkArgs {
  readonly region: pulumi.Input<string>;
  /** The network in CIDR notation. */
  readonly addressRange: pulumi.Input<string>;
  readonly subnets: readonly Subnet[];
  /** The network and its subnets have a public IPv6 range as well. @default false */
  readonly hasIpv6?: boolean;
  /** Names of the availability zones, such as `eu-central-1a`; a subnet's zone is an index in this list. */
  readonly zones: readonly string[];
  /** How machines without a public address reach the internet; with `none` they don't by IPv6 either. */
  readonly nat: "none" | "single" | "per-zone";
  /** Machines without a public address reach the services of AWS that they need inside the network. @default false */
  readonly hasEndpoints?: boolean;
}

/** What machines ask besides S3: their parameters, sessions of people, and CloudWatch. */
const ENDPOINTS = ["ssm", "ssmmessages", "monitoring"];

/** Days that the record of who talked to whom is kept. */
const FLOW_LOG_DAYS = 30;

/** A VPC with public and private subnets, their routes, and a record of the traffic. */
export class AwsNetwork extends pulumi.ComponentResource {
  readonly vpcId: pulumi.Output<string>;
  readonly vpcArn: pulumi.Output<string>;
  /** In the order of the arguments' subnets. */
  readonly subnetIds: pulumi.Output<string>[];
  /** IPv6 ranges of the subnets, in the same order; none where the network has no IPv6. */
  readonly ipv6Ranges: pulumi.Output<string>[];
  /** What has to be there before a machine can reach anything. */
  readonly routes: pulumi.Resource[] = [];

  constructor(name: string, args: AwsNetworkArgs, opts?: pulumi.ComponentResourceOptions) {
    super("web-infrastructure:aws:Network", name, args, opts);
    const child = { parent: this };
    const vpc = new ec2.Vpc(
      `${name}-vpc`,
      {
        cidrBlock: args.addressRange,
        ...(args.hasIpv6 ? { assignGeneratedIpv6CidrBlock: true } : {}),
        enableDnsSupport: true,
        enableDnsHostnames: true,
        tags: tags("network"),
      },
      child,
    );
    // Without this a new VPC has a group that lets everything through among its members.
    new ec2.DefaultSecurityGroup(`${name}-default`, { vpcId: vpc.id, ingress: [], egress: [] }, child);
    const gateway = new ec2.InternetGateway(`${name}-gateway`, { vpcId: vpc.id, tags: tags("gateway") }, child);

    // The addresses in it are given out by name, not to whatever comes (a gateway has no use for one).
    const ipv6Ranges = args.subnets
      .filter(() => args.hasIpv6)
      .map((subnet) =>
        pulumi
          .all([args.addressRange, vpc.ipv6CidrBlock])
          .apply(([addressRange, ipv6Range]) => ipv6RangeOf(subnet, addressRange, ipv6Range)),
      );
    const subnets = args.subnets.map(
      ({ range, zone, isPublic }, index) =>
        new ec2.Subnet(
          `${name}-${isPublic ? "public" : "private"}-${zone + 1}`,
          {
            vpcId: vpc.id,
            cidrBlock: range,
            ipv6CidrBlock: ipv6Ranges[index],
            availabilityZone: args.zones[zone],
            tags: tags(`${isPublic ? "public" : "private"}-${zone + 1}`),
          },
          child,
        ),
    );
    const publicIndex = (zone: number) => args.subnets.findIndex((each) => each.zone === zone && each.isPublic);
    const subnetOf = (zone: number) => subnets[publicIndex(zone)] as ec2.Subnet;
    const addressOf = (zone: number) => (args.subnets[publicIndex(zone)] as Subnet).gateway;

    const table = (suffix: string) =>
      new ec2.RouteTable(`${name}-${suffix}`, { vpcId: vpc.id, tags: tags(suffix) }, child);
    const route = (suffix: string, routeTable: ec2.RouteTable, way: Partial<ec2.RouteArgs>) =>
      this.routes.push(new ec2.Route(`${name}-${suffix}`, { routeTableId: routeTable.id, ...way }, child));

    const publicTable = table("public");
    route("public-internet", publicTable, { destinationCidrBlock: "0.0.0.0/0", gatewayId: gateway.id });
    if (args.hasIpv6)
      route("public-internet-ipv6", publicTable, { destinationIpv6CidrBlock: "::/0", gatewayId: gateway.id });
    const zones = args.zones.map((_, zone) => zone);
    const gateways =
      args.nat === "none"
        ? []
        : (args.nat === "single" ? zones.slice(0, 1) : zones).map((zone) =>
            this.natGateway(`${name}-nat-${zone + 1}`, subnetOf(zone), addressOf(zone), gateway),
          );
    // An IPv6 address is public by itself: this gateway lets out, and nobody in (Amazon VPC User Guide, "Enable outbound IPv6
    // traffic using an egress-only internet gateway"). It is for all zones, and free of charge.
    const egressOnly =
      args.hasIpv6 && args.nat !== "none"
        ? new ec2.EgressOnlyInternetGateway(`${name}-egress`, { vpcId: vpc.id, tags: tags("egress") }, child)
        : undefined;
    const tables = zones.map((zone) => {
      const privateTable = table(`private-${zone + 1}`);
      const nat = gateways[zone] ?? gateways[0];
      const internet = `private-${zone + 1}-internet`;
      if (nat) route(internet, privateTable, { destinationCidrBlock: "0.0.0.0/0", natGatewayId: nat.id });
      if (egressOnly) {
        const way = { destinationIpv6CidrBlock: "::/0", egressOnlyGatewayId: egressOnly.id };
        route(`${internet}-ipv6`, privateTable, way);
      }
      return privateTable;
    });
    args.subnets.forEach(({ zone, isPublic }, index) => {
      const routeTable = isPublic ? publicTable : (tables[zone] as ec2.RouteTable);
      this.routes.push(
        new ec2.RouteTableAssociation(
          `${name}-${isPublic ? "public" : "private"}-${zone + 1}`,
          { subnetId: (subnets[index] as ec2.Subnet).id, routeTableId: routeTable.id },
          child,
        ),
      );
    });
    // Free of charge, and programs and application don't go through a NAT gateway, which isn't.
    new ec2.VpcEndpoint(
      `${name}-s3`,
      {
        vpcId: vpc.id,
        serviceName: pulumi.interpolate`com.amazonaws.${args.region}.s3`,
        vpcEndpointType: "Gateway",
        routeTableIds: [publicTable, ...tables].map(({ id }) => id),
        tags: tags("s3"),
      },
      child,
    );
    if (args.hasEndpoints) {
      const isPrivate = (index: number) => args.subnets[index]?.isPublic === false;
      this.endpoints(
        name,
        args,
        vpc,
        subnets.filter((_, index) => isPrivate(index)),
      );
    }
    this.recordFlows(name, vpc);

    this.vpcId = vpc.id;
    this.vpcArn = vpc.arn;
    this.subnetIds = subnets.map(({ id }) => id);
    this.ipv6Ranges = ipv6Ranges;
    this.registerOutputs({ vpcId: this.vpcId, subnetIds: this.subnetIds });
  }

  /** AWS PrivateLink Guide, "Access an AWS service using an interface VPC endpoint". */
  private endpoints(name: string, args: AwsNetworkArgs, vpc: ec2.Vpc, subnets: readonly ec2.Subnet[]): void {
    const child = { parent: this };
    const group = new ec2.SecurityGroup(
      `${name}-endpoints`,
      { vpcId: vpc.id, description: "Services of AWS inside the network", tags: tags("endpoints") },
      child,
    );
    this.routes.push(
      new vpcRules.SecurityGroupIngressRule(
        `${name}-endpoints`,
        {
          securityGroupId: group.id,
          cidrIpv4: args.addressRange,
          ipProtocol: "tcp",
          fromPort: 443,
          toPort: 443,
          description: "machines to services of AWS",
        },
        child,
      ),
    );
    for (const service of ENDPOINTS) {
      this.routes.push(
        new ec2.VpcEndpoint(
          `${name}-${service}`,
          {
            vpcId: vpc.id,
            serviceName: pulumi.interpolate`com.amazonaws.${args.region}.${service}`,
            vpcEndpointType: "Interface",
            subnetIds: subnets.map(({ id }) => id),
            securityGroupIds: [group.id],
            privateDnsEnabled: true,
            tags: tags(service),
          },
          child,
        ),
      );
    }
  }

  private natGateway(
    name: string,
    subnet: ec2.Subnet,
    privateIp: string,
    gateway: ec2.InternetGateway,
  ): ec2.NatGateway {
    const address = new ec2.Eip(`${name}-address`, { domain: "vpc", tags: tags("nat") }, { parent: this });
    return new ec2.NatGateway(
      name,
      // its address is chosen, or AWS might take one that a machine is to have
      { subnetId: subnet.id, allocationId: address.id, privateIp, tags: tags("nat") },
      { parent: this, dependsOn: [gateway] },
    );
  }

  /** Amazon VPC User Guide, "Publish flow logs to CloudWatch Logs". */
  private recordFlows(name: string, vpc: ec2.Vpc): void {
    const child = { parent: this };
    const logs = new cloudwatch.LogGroup(
      `${name}-flows`,
      { retentionInDays: FLOW_LOG_DAYS, tags: tags("flows") },
      child,
    );
    const role = new iam.Role(
      `${name}-flows`,
      { assumeRolePolicy: trust("vpc-flow-logs.amazonaws.com"), tags: tags("flows") },
      child,
    );
    new iam.RolePolicy(
      `${name}-flows`,
      {
        role: role.id,
        policy: policy([
          {
            Effect: "Allow",
            Action: ["logs:CreateLogStream", "logs:PutLogEvents"],
            Resource: pulumi.interpolate`${logs.arn}:log-stream:*`,
          },
          { Effect: "Allow", Action: "logs:DescribeLogStreams", Resource: logs.arn },
          // it takes no resource
          { Effect: "Allow", Action: "logs:DescribeLogGroups", Resource: "*" },
        ]),
      },
      child,
    );
    new ec2.FlowLog(
      `${name}-flows`,
      { vpcId: vpc.id, trafficType: "ALL", logDestination: logs.arn, iamRoleArn: role.arn, tags: tags("flows") },
      child,
    );
  }
}
