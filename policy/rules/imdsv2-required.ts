import { list, record, text, UNKNOWN } from "../reading/values";
import { resourceRule } from "../rule";
import { setting, wholeNumber } from "../settings";

const MACHINES = new Set([
  "aws:ec2/instance:Instance",
  "aws:ec2/launchTemplate:LaunchTemplate",
  "aws:ec2/launchConfiguration:LaunchConfiguration",
  "aws:ec2/spotInstanceRequest:SpotInstanceRequest",
]);

const HOPS = wholeNumber("how many hops an answer of the metadata service may travel", 1, 1, 64);
const REMEDY = 'Set metadataOptions to { httpTokens: "required", httpPutResponseHopLimit: 1 }.';

export const imdsv2Required = resourceRule(
  {
    name: "imdsv2-required",
    displayName: "The metadata service wants a token",
    description:
      "Instances ask for a token before they tell their metadata (IMDSv2), and the answer doesn't leave the machine.",
    severity: "high",
    enforcementLevel: "mandatory",
    tags: ["ec2", "imdsv2", "ssrf"],
    framework: {
      name: "AWS Foundational Security Best Practices",
      version: "1.0.0",
      reference: "EC2.8",
      specification: "EC2 instances should use Instance Metadata Service Version 2 (IMDSv2)",
    },
    remediationSteps: REMEDY,
    settings: { hopLimit: HOPS },
  },
  (resource, report, { hopLimit }) => {
    const { type, name } = resource;
    if (!MACHINES.has(type)) return;
    const { metadataOptions: given, launchTemplate } = resource.properties;
    // An instance of a template takes the template's options, where it has none of its own.
    if ((given === undefined || given === null) && launchTemplate !== undefined && launchTemplate !== null) return;
    if (given === UNKNOWN) {
      report.undecided(`whether ${name} requires IMDSv2: its metadata options aren't known yet.`);
      return;
    }
    const {
      httpEndpoint,
      httpTokens,
      httpPutResponseHopLimit: hops,
    } = record(Array.isArray(given) ? list(given)[0] : given);
    if (httpEndpoint !== UNKNOWN && text(httpEndpoint)?.toLowerCase() === "disabled") return;
    if (httpTokens === UNKNOWN) {
      report.undecided(`whether ${name} requires IMDSv2: its httpTokens isn't known yet.`);
    } else if (text(httpTokens)?.toLowerCase() !== "required") {
      report.violation(
        `${name} tells its metadata, with the credentials of its role, to whoever makes it send a request (IMDSv1).`,
        REMEDY,
      );
    }
    const limit = setting<number>(HOPS, hopLimit);
    if (hops === UNKNOWN) report.undecided(`the hop limit of ${name}: it isn't known yet.`);
    else if (Number(text(hops) ?? 1) > limit) {
      report.violation(
        `${name} lets answers of its metadata service travel ${text(hops)} hops, so containers and proxies on it get them too.`,
        `Set httpPutResponseHopLimit to ${limit}, or the setting hopLimit of this rule to what the machine needs.`,
      );
    }
  },
  ({ type, properties }, inputs, { hopLimit }) => {
    if (!MACHINES.has(type) || Array.isArray(properties.metadataOptions)) return false;
    const { httpEndpoint, httpTokens, httpPutResponseHopLimit: hops } = record(properties.metadataOptions);
    const limit = setting<number>(HOPS, hopLimit);
    const fine = httpTokens === "required" && Number(text(hops) ?? 1) <= limit;
    if (fine || httpEndpoint === "disabled" || (!properties.metadataOptions && properties.launchTemplate)) return false;
    inputs.metadataOptions ??= {};
    Object.assign(inputs.metadataOptions, { httpTokens: "required", httpPutResponseHopLimit: limit });
    return true;
  },
);
