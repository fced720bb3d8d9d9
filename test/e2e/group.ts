import { Receiver } from "../alerts/receiver";
import { labOf } from "../faults/lab";
import { highlyAvailable, WEBHOOK } from "./stack";

/** The highly available stack of files 5 and 6. */
export const lab = labOf(highlyAvailable);
export const { acknowledgedRowsAreEverywhere, holder, machines, primary, sameTransactionsEverywhere, visitors, whole } =
  lab;

/** Gets the alerts of the stack, for as long as any test runs: one that can't be reached is a fault that the status shows. */
export const receiver = new Receiver(WEBHOOK.port, WEBHOOK.path);
before(() => receiver.listen());
