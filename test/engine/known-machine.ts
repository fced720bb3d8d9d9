import type { KnownMachine, MachineStatus } from "../../engine/commands/health";

/** What a machine says of itself that is ready and has nothing else to say. */
export const ready: MachineStatus = { ready: { exit: 0, says: "ready" }, failed: [], addresses: [], backends: {} };

/** A machine of the local stack that runs and is ready. */
export function knownMachine<More extends Partial<KnownMachine>>(name: string, more: More) {
  return {
    name,
    container: `web-infrastructure-local-${name}`,
    state: "running",
    health: "healthy",
    address: "",
    roles: [],
    databases: [],
    ports: [],
    status: ready,
    ...more,
  };
}
