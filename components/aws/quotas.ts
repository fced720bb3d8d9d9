import { getEips } from "@pulumi/aws/ec2/getEips";
import { getServiceQuota } from "@pulumi/aws/servicequotas/getServiceQuota";
import * as pulumi from "@pulumi/pulumi";
import { type AwsConfig, ConfigError, key } from "../../config";
import { ask } from "./ask";
import type { Hardware } from "./hardware";
import { TAG } from "./names";

/** "EC2-VPC Elastic IPs" (Amazon EC2 User Guide, "Elastic IP address quota"): five at first. */
const ELASTIC_IPS = { serviceCode: "ec2", quotaCode: "L-0263D0A3" };

/** "Running On-Demand Standard (A, C, D, H, I, M, R, T, Z) instances" (Amazon EC2 User Guide, "On-Demand Instance quotas"). */
const STANDARD_CORES = { serviceCode: "ec2", quotaCode: "L-1216C47A" };
const STANDARD = /^[acdhimrtz]\d/;

/**
 * Compares what a stack takes with what the account may have: new accounts may have little.
 * @param addresses how many Elastic IPs the stack takes in all
 * @throws ConfigError with the key, and the quota to ask for
 */
export async function checkQuotas(config: AwsConfig, hardware: readonly Hardware[], addresses: number): Promise<void> {
  await Promise.all([checkAddresses(config, addresses), checkCores(config, hardware)]);
}

async function checkAddresses({ region }: AwsConfig, wanted: number): Promise<void> {
  const stack = { name: `tag:${TAG.stack}`, values: [pulumi.getStack()] };
  const [quota, all, own] = await Promise.all([
    ask("aws:region", getServiceQuota(ELASTIC_IPS)),
    ask("aws:region", getEips({})),
    ask("aws:region", getEips({ filters: [stack] })),
  ]);
  const others = all.allocationIds.length - own.allocationIds.length;
  if (others + wanted > quota.value) {
    throw new ConfigError(
      `The stack takes ${wanted} Elastic IPs, others in ${region} take ${others}, and the account may have ${quota.value}. ` +
        `Set ${key("nat")} to single, release one, or ask AWS for more (Service Quotas, ${ELASTIC_IPS.quotaCode}).`,
    );
  }
}

/** Of this stack alone: what other instances take, AWS counts when it starts one. */
async function checkCores({ region }: AwsConfig, hardware: readonly Hardware[]): Promise<void> {
  const quota = await ask("aws:region", getServiceQuota(STANDARD_CORES));
  const standard = hardware.filter(({ instanceType }) => STANDARD.test(instanceType));
  const wanted = standard.reduce((sum, { size }) => sum + size.cores, 0);
  if (wanted > quota.value) {
    throw new ConfigError(
      `The stack's machines have ${wanted} vCPUs, and the account may run ${quota.value} in ${region}. Use a smaller ` +
        `${key("instanceType")}, or ask AWS for more (Service Quotas, ${STANDARD_CORES.quotaCode}).`,
    );
  }
}
