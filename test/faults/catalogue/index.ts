import type { Fault } from "../fault";
import { dataFaults } from "./data";
import { machineFaults } from "./machines";
import { networkFaults } from "./network";
import { operationFaults } from "./operations";
import { resourceFaults } from "./resources";
import { serviceFaults } from "./services";

/** All faults, in the order of the page. */
export const faults: readonly Fault[] = [
  ...machineFaults,
  ...serviceFaults,
  ...networkFaults,
  ...resourceFaults,
  ...dataFaults,
  ...operationFaults,
];
