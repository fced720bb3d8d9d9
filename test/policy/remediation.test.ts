import assert from "node:assert/strict";
import { encryptionVolumes } from "../../policy/rules/encryption-volumes";
import { imdsv2Required } from "../../policy/rules/imdsv2-required";
import { judge } from "./judge";
import { Pack, type TestResource, UNKNOWN } from "./pack";
import { ec2, launchConfiguration, launchTemplate, volume } from "./resources";
import { type Case, check, checkTable, passes, refuses, undecided } from "./table";

const token = { httpTokens: "required" };
const metadata: Case[] = [
  ["a token is required", ec2("m", { metadataOptions: token }), passes],
  ["a token is required, one hop", ec2("m", { metadataOptions: { ...token, httpPutResponseHopLimit: 1 } }), passes],
  ["the service is off", ec2("m", { metadataOptions: { httpEndpoint: "disabled" } }), passes],
  ["nothing is said", ec2("m"), refuses(/^m tells its metadata/)],
  ["a token is optional", ec2("m", { metadataOptions: { httpTokens: "optional" } }), refuses(/IMDSv1/)],
  ["nothing is said about tokens", ec2("m", { metadataOptions: {} }), refuses(/IMDSv1/)],
  ["two hops", ec2("m", { metadataOptions: { ...token, httpPutResponseHopLimit: 2 } }), refuses(/travel 2 hops/)],
  ["a template", launchTemplate("t"), refuses(/^t tells/)],
  ["a launch configuration", launchConfiguration("c", { metadataOptions: token }), passes],
  ["an instance of a template", ec2("m", { launchTemplate: { id: UNKNOWN } }), passes],
  ["options that aren't known", ec2("m", { metadataOptions: UNKNOWN }), undecided(/metadata options aren't known/)],
  [
    "tokens that aren't known",
    ec2("m", { metadataOptions: { httpTokens: UNKNOWN } }),
    undecided(/httpTokens isn't known/),
  ],
  [
    "two hops, tokens not known",
    ec2("m", { metadataOptions: { httpTokens: UNKNOWN, httpPutResponseHopLimit: 2 } }),
    refuses(/2 hops/),
  ],
];

const encrypted = { encrypted: true };
const disks: Case[] = [
  ["an encrypted root", ec2("m", { rootBlockDevice: encrypted }), passes],
  ["a root that nobody mentions", ec2("m"), refuses(/^m keeps its root volume unencrypted/)],
  ["a root that says nothing", ec2("m", { rootBlockDevice: { volumeSize: 20 } }), refuses(/its root volume/)],
  ["a root that isn't known", ec2("m", { rootBlockDevice: { encrypted: UNKNOWN } }), undecided(/isn't known yet/)],
  [
    "a second disk",
    ec2("m", { rootBlockDevice: encrypted, ebsBlockDevices: [{ deviceName: "/dev/xvdf" }] }),
    refuses(/keeps \/dev\/xvdf unencrypted/),
  ],
  [
    "a template",
    launchTemplate("t", { blockDeviceMappings: [{ deviceName: "/dev/xvda", ebs: { encrypted: "true" } }] }),
    passes,
  ],
  [
    "a template's disk",
    launchTemplate("t", { blockDeviceMappings: [{ deviceName: "/dev/xvda", ebs: { volumeSize: 8 } }] }),
    refuses(/\/dev\/xvda/),
  ],
  ["a template's root that nobody mentions", launchTemplate("t"), refuses(/its root volume/)],
  [
    "instance storage beside it",
    launchTemplate("t", {
      blockDeviceMappings: [
        { deviceName: "/dev/xvda", ebs: { encrypted: true } },
        { deviceName: "/dev/sdb", virtualName: "ephemeral0" },
      ],
    }),
    passes,
  ],
  ["an instance of a template", ec2("m", { launchTemplate: { id: UNKNOWN } }), passes],
  ["a volume", volume("v"), refuses(/^v keeps its data unencrypted/)],
  ["an encrypted volume", volume("v", encrypted), passes],
];

describe("policy imdsv2-required", () => checkTable(imdsv2Required, metadata));
describe("policy encryption-volumes", () => {
  checkTable(encryptionVolumes, disks);

  it("takes an account that encrypts by itself", async () => {
    const settings = { encryptedByDefault: true };
    check(encryptionVolumes, await judge(encryptionVolumes, ec2("m"), settings), passes);
    const clear = ec2("m", { rootBlockDevice: { encrypted: false } });
    check(encryptionVolumes, await judge(encryptionVolumes, clear, settings), refuses(/its root volume/));
  });
});

describe("remediation", () => {
  const remediated = async (resource: TestResource, settings: Record<string, unknown> = {}) => {
    const level = { enforcementLevel: "remediate", ...settings };
    await Pack.shared().configure({ "imdsv2-required": level, "encryption-volumes": level });
    return Pack.shared().remediate(resource);
  };

  it("changes nothing unless asked", async () => {
    await Pack.shared().configure({});
    assert.equal(await Pack.shared().remediate(ec2("m")), undefined);
  });

  it("requires a token and encrypts, and leaves all else as it is", async () => {
    assert.deepEqual(await remediated(ec2("m", { ami: "ami-1", ebsBlockDevices: [{ deviceName: "/dev/xvdf" }] })), {
      ami: "ami-1",
      ebsBlockDevices: [{ deviceName: "/dev/xvdf", encrypted: true }],
      metadataOptions: { httpTokens: "required", httpPutResponseHopLimit: 1 },
      rootBlockDevice: { encrypted: true },
    });
  });

  it("keeps what isn't known yet", async () => {
    const given = {
      ami: UNKNOWN,
      metadataOptions: { httpEndpoint: "enabled" },
      rootBlockDevice: { kmsKeyId: UNKNOWN },
    };
    assert.deepEqual(await remediated(ec2("m", given)), {
      ami: UNKNOWN,
      metadataOptions: { httpEndpoint: "enabled", httpTokens: "required", httpPutResponseHopLimit: 1 },
      rootBlockDevice: { kmsKeyId: UNKNOWN, encrypted: true },
    });
  });

  it("leaves alone what is right, what is accepted and what it doesn't know", async () => {
    const fine = { metadataOptions: token, rootBlockDevice: encrypted };
    assert.equal(await remediated(ec2("m", fine)), undefined);
    assert.equal(await remediated({ type: "my:index:Thing", name: "x", properties: {} }), undefined);
    const accepted = [{ urn: "*", reason: "old image", expires: "2999-12-31" }];
    assert.equal(await remediated(ec2("m"), { accepted }), undefined);
  });

  it("what it made is then no violation", async () => {
    const properties = (await remediated(volume("v"))) ?? {};
    check(encryptionVolumes, await judge(encryptionVolumes, { ...volume("v"), properties }), passes);
  });
});
