import * as ec2 from "@pulumi/aws/ec2";
import * as vpc from "@pulumi/aws/vpc";
import * as pulumi from "@pulumi/pulumi";
import type { Flow, Outgoing, Role } from "../../topology";
import { tags } from "./names";

export interface AwsFirewallsArgs {
  readonly vpcId: pulumi.Input<string>;
  /** Who may talk to whom. */
  readonly flows: readonly Flow[];
  /** All roles of the machines. */
  readonly roles: readonly string[];
  /** The internet is also that of IPv6; machines talk to each other by IPv4 in any case. @default false */
  readonly hasIpv6?: boolean;
  /** What machines with a role may ask of the internet. */
  readonly outgoing: Readonly<Partial<Record<Role, readonly Outgoing[]>>>;
}

/** The internet as rules of EC2 name it, and what stands at the end of their names here. */
const INTERNET = { family: "", range: { cidrIpv4: "0.0.0.0/0" } };
const IPV6_INTERNET = { family: "-ipv6", range: { cidrIpv6: "::/0" } };

/** VRRP's number among the IP protocols (RFC 9568); it has no ports. */
const PROTOCOL = { tcp: "tcp", vrrp: "112" } as const;

/** One security group per role, with the topology's flows as rules and nothing else in either direction. */
export class AwsFirewalls extends pulumi.ComponentResource {
  /** What a machine needs before it can talk to anybody. */
  readonly rules: pulumi.Resource[] = [];
  private readonly groups = new Map<string, ec2.SecurityGroup>();

  constructor(name: string, args: AwsFirewallsArgs, opts?: pulumi.ComponentResourceOptions) {
    super("web-infrastructure:aws:Firewalls", name, args, opts);
    const child = { parent: this };
    for (const role of args.roles) {
      this.groups.set(
        role,
        new ec2.SecurityGroup(
          `${name}-${role}`,
          { vpcId: args.vpcId, description: `Machines with the role ${role}`, tags: tags(role) },
          child,
        ),
      );
    }

    // Standalone rules: those written into a group would erase them at each update, and the other way round.
    const letIn = (suffix: string, rule: vpc.SecurityGroupIngressRuleArgs) =>
      this.rules.push(new vpc.SecurityGroupIngressRule(`${name}-in-${suffix}`, rule, child));
    const letOut = (suffix: string, rule: vpc.SecurityGroupEgressRuleArgs) =>
      this.rules.push(new vpc.SecurityGroupEgressRule(`${name}-out-${suffix}`, rule, child));
    const internets = args.hasIpv6 ? [INTERNET, IPV6_INTERNET] : [INTERNET];

    for (const { from, to, protocol, port, lastPort, purpose } of args.flows) {
      const rule = { ipProtocol: PROTOCOL[protocol], fromPort: port, toPort: lastPort ?? port, description: purpose };
      const [source, target] = [this.groups.get(from), this.group(to)];
      const suffix = `${from}-${to}-${port ?? protocol}`;
      if (source) {
        letIn(suffix, { securityGroupId: target.id, referencedSecurityGroupId: source.id, ...rule });
        letOut(suffix, { securityGroupId: source.id, referencedSecurityGroupId: target.id, ...rule });
      } else {
        for (const { family, range } of internets)
          letIn(`${suffix}${family}`, { securityGroupId: target.id, ...range, ...rule });
      }
    }
    if (args.hasIpv6) {
      // Routers don't cut packets of IPv6 into pieces but say that they are too big: type 2, code 0. A security group without
      // a rule for it keeps that off (Amazon EC2 User Guide, "Network MTU for your EC2 instance", Path MTU Discovery).
      const tooBig = { ipProtocol: "icmpv6", fromPort: 2, toPort: 0, description: "packet too big" };
      for (const [role, { id }] of this.groups)
        letIn(`internet-${role}-too-big-ipv6`, { securityGroupId: id, ...IPV6_INTERNET.range, ...tooBig });
    }
    // name service, time and metadata of AWS pass by security groups anyway
    for (const [role, { id }] of this.groups) {
      for (const { port, purpose } of args.outgoing[role as Role] ?? []) {
        const rule = { ipProtocol: "tcp", fromPort: port, toPort: port, description: purpose };
        for (const { family, range } of internets)
          letOut(`${role}-internet-${port}${family}`, { securityGroupId: id, ...range, ...rule });
      }
    }
    this.registerOutputs({});
  }

  /** Ids of the groups of a machine with these roles; AWS takes five at most. */
  idsFor(roles: readonly string[]): pulumi.Output<string>[] {
    return roles.map((role) => this.group(role).id);
  }

  private group(role: string): ec2.SecurityGroup {
    const group = this.groups.get(role);
    if (!group) throw new Error(`There is no security group for the role ${role}.`);
    return group;
  }
}
