export { diagram } from "./diagram";
export { flows, ports } from "./flows";
export { creationOrder, machinesWith } from "./machines";
export { addressNumber } from "./network";
export { planTopology, type TopologyPlan } from "./plan";
export { type SinglePointOfFailure, singlePointsOfFailure } from "./single-points";
export * from "./types";
