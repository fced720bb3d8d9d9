export { BACKUP_DIRECTORY, configuredTopology, dockerTopology } from "./configured";
export { formsGroup } from "./databases";
export { flows, groupPorts, portRange, ports } from "./flows";
export { ipv6AddressOf, ipv6RangeOf } from "./ipv6";
export { LABEL } from "./labels";
export {
  type Abilities,
  abilitiesWithout,
  abilityNames,
  isHarmless,
  losses,
  singlePointsOfFailure,
  spareMachines,
} from "./losses";
export {
  applicationIsApart,
  creationOrder,
  entryAddresses,
  isMonitored,
  machinesWith,
  publishedMachine,
} from "./machines";
export { addressNumber } from "./network";
export { type Outgoing, outgoing } from "./outgoing";
export { planTopology, type TopologyPlan, type TopologySettings } from "./plan";
export type { PlannedMachine } from "./presets";
export { lossesAsMarkdown, report } from "./report";
export * from "./types";
