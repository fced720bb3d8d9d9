import { hasPublicIpv6 } from "../reading/ipv6";
import { hasRole, readMachine } from "../reading/machine";
import { UNKNOWN } from "../reading/values";
import { stackRule } from "../rule";

const DATABASES = new Set([
  "aws:rds/instance:Instance",
  "aws:rds/clusterInstance:ClusterInstance",
  "aws:rds/cluster:Cluster",
  "aws:redshift/cluster:Cluster",
  "aws:dms/replicationInstance:ReplicationInstance",
  "aws:neptune/clusterInstance:ClusterInstance",
  "aws:lightsail/database:Database",
]);

export const databaseNotPublic = stackRule(
  {
    name: "database-not-public",
    displayName: "No public database",
    description:
      "No database has an address on the internet: neither a managed one nor a machine with that role alone.",
    severity: "critical",
    enforcementLevel: "mandatory",
    tags: ["database", "rds", "public-access"],
    framework: {
      name: "AWS Foundational Security Best Practices",
      version: "1.0.0",
      reference: "RDS.2",
      specification: "RDS DB Instances should prohibit public access",
    },
    remediationSteps: "Set publiclyAccessible to false and reach the database from inside its network, or by a VPN.",
  },
  (stack, report) => {
    for (const resource of stack) {
      const machine = readMachine(resource);
      if (!machine || !hasRole(machine, "database") || hasRole(machine, "load-balancer")) continue;
      if (!hasPublicIpv6(resource, stack)) continue;
      report.violation(
        `${machine.name} keeps the database and has an IPv6 address in a subnet that an internet gateway leads to: it is public.`,
        "Put it into a subnet whose route for ::/0 leads to an aws.ec2.EgressOnlyInternetGateway.",
        machine.urn,
      );
    }
  },
  (resource, report) => {
    const { type, name } = resource;
    if (DATABASES.has(type)) {
      const { publiclyAccessible } = resource.properties;
      if (publiclyAccessible === UNKNOWN) {
        report.undecided(`whether database ${name} is public: publiclyAccessible isn't known yet.`);
      } else if (publiclyAccessible === true || publiclyAccessible === "true") {
        report.violation(
          `Database ${name} has an address on the internet (publiclyAccessible), where anybody can try to log in.`,
          "Set publiclyAccessible to false.",
        );
      }
    }
    const machine = readMachine(resource);
    if (machine?.hasPublicAddress && hasRole(machine, "database") && !hasRole(machine, "load-balancer")) {
      report.violation(
        `${machine.name} keeps the database and has a public address.`,
        "Put it into a private subnet, with associatePublicIpAddress false.",
      );
    }
  },
);
