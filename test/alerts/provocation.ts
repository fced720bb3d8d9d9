import type { Lab } from "../faults/lab";
import type { Receiver } from "./receiver";

/** Something that is really done to a stack, and the alerts that have to follow. */
export interface Provocation {
  /** For the table in docs/monitoring.md. */
  readonly what: string;
  /** Names of alerts, each with what it has to name as its instance; empty where it names none. */
  readonly alerts: Readonly<Record<string, string>>;
  /** What has to be there first. */
  readonly prepare?: (lab: Lab) => Promise<unknown>;
  readonly provoke: (lab: Lab, receiver: Receiver) => Promise<unknown>;
  readonly heal: (lab: Lab, receiver: Receiver) => Promise<unknown>;
  /** That may pass until the last of the alerts arrives. @default 240 */
  readonly seconds?: number;
}

/** Groups, one after the other. All of a group at once: they are about different things, so none hides another. */
export type Groups = readonly (readonly Provocation[])[];

/** One script on one machine, and another that mends it. */
export function script(machine: string, alert: string, what: string, fault: string, mend: string): Provocation {
  return {
    what,
    alerts: { [alert]: machine },
    provoke: (lab) => lab.run(machine, fault),
    heal: (lab) => lab.run(machine, mend),
  };
}

export const onAll = (lab: Lab, command: string) =>
  Promise.all(lab.machines.map((machine) => lab.run(machine, command)));

/** A program that goes on in the background until `systemctl stop provoked-NAME`, or until its time is over. */
export const background = (name: string, command: string) =>
  `systemd-run --quiet --collect --property RuntimeMaxSec=1500 --unit provoked-${name} ${command}`;
