import { items, record, text, UNKNOWN, type Value } from "../reading/values";
import { type Report, type Resource, resourceRule } from "../rule";

const VOLUME = "aws:ebs/volume:Volume";
const MANAGED = new Set(["aws:rds/instance:Instance", "aws:rds/cluster:Cluster", "aws:docdb/cluster:Cluster"]);
const MACHINES = new Set(["aws:ec2/instance:Instance", "aws:ec2/spotInstanceRequest:SpotInstanceRequest"]);

export const dataVolumesProtected = resourceRule(
  {
    name: "data-volumes-protected",
    displayName: "Data outlives a mistake",
    description: "Data volumes and databases refuse to be deleted, or leave a snapshot behind.",
    severity: "medium",
    enforcementLevel: "advisory",
    tags: ["ebs", "rds", "data-loss"],
    framework: {
      name: "AWS Foundational Security Best Practices",
      version: "1.0.0",
      reference: "RDS.8",
      specification: "RDS DB instances should have deletion protection enabled",
    },
    remediationSteps:
      "Give the volume the option `protect: true`, or `finalSnapshot: true`; a database `deletionProtection: true`. " +
      "(`retainOnDelete` protects too, but Pulumi doesn't show it to policies: accept the finding.)",
  },
  (resource, report) => {
    const { type, name, protect } = resource;
    if (protect) return;
    if (type === VOLUME) {
      judge(`Volume ${name}`, resource.properties.finalSnapshot, "protect: true` or `finalSnapshot: true", report);
    } else if (MANAGED.has(type)) {
      judge(`Database ${name}`, resource.properties.deletionProtection, "deletionProtection: true", report);
    } else if (MACHINES.has(type)) judgeDevices(resource, report);
  },
);

function judge(what: string, protection: Value, remedy: string, report: Report): void {
  if (protection === UNKNOWN) {
    report.undecided(`whether ${what.toLowerCase()} is protected from deletion: that isn't known yet.`);
  } else if (protection !== true && text(protection)?.toLowerCase() !== "true") {
    report.violation(`${what} and all its data are deleted for good with one command.`, `Set \`${remedy}\`.`);
  }
}

/** Volumes described in a machine go with it, unless they are told to stay. */
function judgeDevices({ name, properties }: Resource, report: Report): void {
  const devices = items(properties.ebsBlockDevices).map((device) => record(device));
  for (const { deviceName, deleteOnTermination } of devices) {
    if (deleteOnTermination === UNKNOWN || deleteOnTermination === false) continue;
    report.violation(
      `${name} loses volume ${text(deviceName) ?? "(without a name)"} and its data when the machine is replaced.`,
      "Make it an aws.ebs.Volume of its own, or set deleteOnTermination to false.",
    );
  }
}
