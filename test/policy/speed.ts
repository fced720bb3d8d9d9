// How long the policy pack takes for a preview of 100 resources. Run with: npx tsx test/policy/speed.ts
import path from "node:path";
import { performance } from "node:perf_hooks";
import { userData } from "./machines";
import { Pack, type TestResource } from "./pack";
import { ec2, ingressRule, listener, loadBalancer, securityGroup, subnet, volume } from "./resources";

const RUNS = 5;
const EMPTY_PACK = path.join(__dirname, "../engine/pack");

/** A hundred resources, in sets of what a site is made of: machines with user-data of their own, their networks and firewalls. */
function program(): TestResource[] {
  return Array.from({ length: 12 }, (_, index) => {
    const zone = subnet(`subnet-${index}`, { availabilityZone: `eu-central-1${"abc"[index % 3]}` });
    const group = securityGroup(`group-${index}`);
    const rule = (port: number) =>
      ingressRule(
        `rule-${index}-${port}`,
        { ipProtocol: "tcp", fromPort: port, toPort: port, cidrIpv4: "0.0.0.0/0" },
        { securityGroupId: [group] },
      );
    const machine = (name: string) =>
      ec2(
        `${name}-${index}`,
        { userData: `${userData()}# ${name}-${index}\n`, vpcSecurityGroupIds: [""], subnetId: "" },
        { vpcSecurityGroupIds: [group], subnetId: [zone] },
      );
    const balancer = loadBalancer(`balancer-${index}`, { subnets: ["", ""] }, { subnets: [zone] });
    const entry = listener(`listener-${index}`, { port: 443, protocol: "HTTPS" }, { loadBalancerArn: [balancer] });
    return [zone, group, rule(80), rule(443), machine("lb"), machine("web"), balancer, entry, volume(`data-${index}`)];
  })
    .flat()
    .slice(0, 100);
}

async function load(directory?: string): Promise<[pack: Pack, milliseconds: number]> {
  const start = performance.now();
  const pack = Pack.start(directory);
  await pack.rules();
  return [pack, performance.now() - start];
}

const middle = (times: number[]) => Math.round(times.sort((a, b) => a - b)[Math.floor(times.length / 2)] ?? 0);

async function main(): Promise<void> {
  const resources = program();
  const [loads, empty, judgements]: [number[], number[], number[]] = [[], [], []];
  for (let run = 0; run < RUNS; run += 1) {
    const [pack, loaded] = await load();
    loads.push(loaded);
    const start = performance.now();
    for (const resource of resources) await pack.analyze(resource);
    await pack.analyzeStack(resources);
    judgements.push(performance.now() - start);
    pack.stop();
    const [nothing, nothingLoaded] = await load(EMPTY_PACK);
    empty.push(nothingLoaded);
    nothing.stop();
  }
  console.log(`loading the pack: ${middle(loads)} ms (a pack of three empty rules: ${middle(empty)} ms)`);
  console.log(`judging ${resources.length} resources: ${middle(judgements)} ms`);
}

void main();
