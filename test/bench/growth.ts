import { planTopology } from "../../topology";
import { type PlannedMachine, presets } from "../../topology/presets";
import { configured, inputs, previewProject } from "../aws/preview";
import { manyMachines, planOnAws } from "../topology/many-machines";
import { type Comparison, inTurn, type Series, timed } from "./series";

const SIZES = [3, 6, 15, 30, 60] as const;
const LARGEST = "60 machines";
/** Twice the machines take no more than twice the time: what is linear, with a beginning that is always the same. */
const LINEAR = { of: LARGEST, against: "30 machines", atMost: 2 };
/** Planning takes so little that one can't be measured. */
const PLANS = 20;
/** A quarter of what EC2 takes is left. */
const USER_DATA = 12 * 1024;

/** What more machines cost at AWS before there is any: to plan them, to preview them, and what each is told at boot. */
export async function benchGrowth(runs: number): Promise<Comparison[]> {
  const { plan, preview, userData } = await inTurn(
    SIZES.map((size) => ({ name: `${size} machines`, run: () => grow(machinesOf(size)) })),
    runs,
  );
  // Largest first: what the goals are about, and what is compared with the rest.
  const series = (of: readonly Series[]) => [...of].reverse();
  return [
    { name: "growth-plan", title: "To plan a topology", unit: "ms", series: series(plan), goals: [LINEAR] },
    {
      name: "growth-preview",
      title: "To preview it, on AWS, without the policies",
      unit: "ms",
      series: series(preview),
      goals: [LINEAR],
    },
    {
      name: "growth-user-data",
      title: "The largest user-data of its machines",
      unit: "bytes",
      series: series(userData),
      goals: [{ of: LARGEST, as: "worst", atMost: USER_DATA }],
      note: "As EC2 gets it, compressed; it takes 16,384 bytes. Machines that do everything have more to be told than those that do one thing.",
    },
  ];
}

const machinesOf = (size: number) => (size === 3 ? presets["highly-available"] : manyMachines(size));

async function grow(machines: readonly PlannedMachine[]) {
  const { time: planned } = await timed(async () => {
    for (let count = 0; count < PLANS; count += 1) planTopology({ ...planOnAws, machines });
  });
  const dev = configured("dev", { "web-infrastructure:machines": JSON.stringify(machines) });
  const { "web-infrastructure:topology": _, ...config } = dev.config;
  const project = { ...dev, config };
  let largest = 0;
  const { time: preview } = await timed(async () => {
    const instances = inputs(await previewProject(project, enough), "aws:ec2/instance:Instance");
    const sizes = Object.values(instances).map(({ userDataBase64 }) => Buffer.from(userDataBase64, "base64").length);
    if (sizes.length !== machines.length)
      throw new Error(`${sizes.length} of ${machines.length} machines were planned`);
    largest = Math.max(...sizes);
  });
  return { plan: planned / PLANS, preview, userData: largest };
}

/** Quotas for any number of machines. */
const enough = { "aws:servicequotas/getServiceQuota:getServiceQuota": () => ({ value: 1000 }) };
