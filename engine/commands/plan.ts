import { report } from "../../topology";
import { type PlannedOptions, plannedTopology } from "./planned";

/** `npm run plan`: the machines that the settings ask for and what is lost with each. Touches nothing, asks nobody. */
export function plan(root: string, options: PlannedOptions): void {
  const topology = plannedTopology(root, options);
  const what = options.topology
    ? `${topology.preset}, as on AWS in three zones`
    : `Stack ${options.stack}: ${topology.preset}`;
  console.log(`${what}\n\n${report(topology)}`);
}
