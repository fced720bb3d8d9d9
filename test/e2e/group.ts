import { labOf } from "../faults/lab";
import { highlyAvailable } from "./stack";

/** The highly available stack of files 5 and 6. */
export const { acknowledgedRowsAreEverywhere, holder, machines, primary, statusOf, visitors, whole } =
  labOf(highlyAvailable);
