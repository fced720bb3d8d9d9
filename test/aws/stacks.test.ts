import assert from "node:assert/strict";
import { gunzipSync } from "node:zlib";
import { USER_DATA_LIMIT } from "../../cloud-init";
import type { Properties } from "../../engine/provider";
import { file, runInMachineImage } from "../cloud-init/machine-image";
import { inputs, judge, type Preview, previewStack } from "./preview";

const INSTANCE = "aws:ec2/instance:Instance";
const PARAMETER = "aws:ssm/parameter:Parameter";

const userData = ({ userDataBase64 }: Properties): string =>
  gunzipSync(Buffer.from(userDataBase64, "base64")).toString("utf8");

/** What says to distributed that one load balancer is accepted is the stack's own file, which these don't have. */
const stacks: Record<string, [stack: string, settings: Record<string, string>, refusedBy: string[]]> = {
  dev: ["dev", {}, []],
  prod: ["prod", {}, []],
  "dev, distributed": ["dev", { "web-infrastructure:topology": "distributed" }, ["load-balancer-redundant"]],
};

for (const [title, [stack, settings, refusedBy]] of Object.entries(stacks)) {
  describe(`aws: the whole program of ${title}, previewed without AWS`, function () {
    this.timeout(120_000);
    let preview: Preview;
    before(async () => {
      preview = await previewStack(stack, settings);
    });

    it("breaks no policy but those it has to", async () => {
      const violations = await judge(preview);
      assert.deepEqual(
        violations.filter(({ mandatory }) => mandatory).map(({ rule }) => rule),
        refusedBy,
        JSON.stringify(violations),
      );
      // nothing a policy asks about is unknown or unreadable at this point
      assert.deepEqual(
        violations.filter(({ message }) => /Could not be judged/.test(message)),
        [],
      );
    });

    it("connects machines by dependsOn only, in a chain", () => {
      const components = preview.resources.filter(
        ({ registration }) => registration.type === "web-infrastructure:aws:Machine",
      );
      const machineOf = (urn: string) => components.find(({ registration }) => isBelow(preview, urn, registration.urn));
      for (const { registration } of preview.resources) {
        const own = machineOf(registration.urn);
        for (const [property, urns] of Object.entries(registration.propertyDependencies)) {
          for (const urn of urns.filter(() => own)) {
            const other = machineOf(urn);
            assert.ok(!other || other === own, `${registration.name}.${property} takes a value of ${urn}`);
          }
        }
      }
      // what Pulumi makes of a dependsOn on a component: all its children, its readiness among them
      const readiness = (name: string) => (urn: string) => urn.endsWith(`::${name}-readiness`);
      for (const [index, { registration }] of components.entries()) {
        const instance = preview.resources.find(
          ({ registration: each }) => each.type === INSTANCE && each.parent === registration.urn,
        );
        const before = components[index - 1]?.registration.name;
        if (!before) continue;
        assert.ok(
          [...registration.dependencies, ...(instance?.registration.dependencies ?? [])].some(readiness(before)),
          `${registration.name} doesn't wait for ${before}`,
        );
      }
    });

    it("has user-data that EC2 takes and cloud-init understands, without a secret", () => {
      const instances = Object.values(inputs(preview, INSTANCE));
      assert.equal(instances.length, 3);
      const files = instances.map((instance, index) => {
        assert.ok(Buffer.from(instance.userDataBase64, "base64").length <= USER_DATA_LIMIT);
        assert.equal(instance.userDataReplaceOnChange, true);
        return file(`/tmp/user-data-${index}`, userData(instance));
      });
      const { status, output } = runInMachineImage(
        files,
        files.map(({ path }) => `cloud-init schema --config-file ${path}`).join(" && "),
      );
      assert.equal(status, 0, output);
      assert.doesNotMatch(output, /[Dd]eprecat/);
    });

    it("keeps each secret encrypted, at a path of its machine", () => {
      const secure = preview.resources.filter(
        ({ registration: { type, properties } }) => type === PARAMETER && properties.type === "SecureString",
      );
      assert.ok(secure.length > 10);
      for (const { registration } of secure) {
        assert.match(registration.properties.name, new RegExp(`^/web-infrastructure/${stack}/[a-z]+-\\d/secrets/`));
      }
    });

    it("spreads machines over three zones, each in a subnet that holds its address", () => {
      const subnets = Object.values(inputs(preview, "aws:ec2/subnet:Subnet"));
      assert.deepEqual([...new Set(subnets.map(({ availabilityZone }) => availabilityZone))].sort(), [
        "eu-central-1a",
        "eu-central-1b",
        "eu-central-1c",
      ]);
      for (const { privateIp } of Object.values(inputs(preview, INSTANCE)))
        assert.match(privateIp, /^10\.20\.\d+\.11$/);
    });

    it("makes instances that ask for sessions, encrypt their disks and lie nowhere without need", () => {
      for (const [name, instance] of Object.entries(inputs(preview, INSTANCE))) {
        assert.deepEqual(instance.metadataOptions, {
          httpEndpoint: "enabled",
          httpTokens: "required",
          httpPutResponseHopLimit: 1,
          instanceMetadataTags: "enabled",
        });
        assert.equal(instance.rootBlockDevice.encrypted, true);
        const isEntry = instance.tags["web-infrastructure.roles"].includes("load-balancer");
        assert.equal(instance.associatePublicIpAddress, isEntry, name);
        assert.equal(instance.secondaryPrivateIps?.length, isEntry ? 1 : undefined, name);
        assert.equal(instance.disableApiTermination, stack === "prod");
        // without it a planned replacement of a protected machine fails
        assert.equal(instance.forceDestroy, stack === "prod");
      }
      for (const volume of Object.values(inputs(preview, "aws:ebs/volume:Volume")))
        assert.equal(volume.encrypted, true);
    });

    it("keeps data beyond the machine and the stack", () => {
      const volumes = preview.resources.filter(({ registration }) => registration.type === "aws:ebs/volume:Volume");
      assert.equal(volumes.length, title.includes("distributed") ? 2 : 3);
      for (const { registration } of volumes) {
        assert.deepEqual([registration.retainOnDelete, registration.protect], [true, stack === "prod"]);
      }
      for (const attachment of Object.values(inputs(preview, "aws:ec2/volumeAttachment:VolumeAttachment"))) {
        assert.equal(attachment.stopInstanceBeforeDetaching, true);
      }
    });
  });
}

function isBelow({ resources }: Preview, urn: string, ancestor: string): boolean {
  if (urn === ancestor) return true;
  const parent = resources.find(({ registration }) => registration.urn === urn)?.registration.parent;
  return parent ? isBelow({ resources } as Preview, parent, ancestor) : false;
}
