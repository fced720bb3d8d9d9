export { diagram } from "./diagram";
export { flows, ports } from "./flows";
export { formsGroup } from "./group";
export { creationOrder, entryAddresses, machinesWith } from "./machines";
export { addressNumber } from "./network";
export { planTopology, type TopologyPlan } from "./plan";
export { type SinglePointOfFailure, singlePointsOfFailure } from "./single-points";
export * from "./types";
