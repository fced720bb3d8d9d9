import { flows } from "./flows";
import { machinesWith } from "./machines";
import type { Topology } from "./types";

/** The topology as a Mermaid flowchart, for documentation: machines with their roles, and the flows between them. */
export function diagram(topology: Topology): string {
  const boxes = topology.machines.map(
    ({ name, roles, address, databaseRole }) =>
      `  ${name}["<b>${name}</b> ${address}<br/>${roles
        .map((role) => (role === "database" && databaseRole ? `${role} (${databaseRole})` : role))
        .join("<br/>")}"]`,
  );
  const portsByArrow = new Map<string, Set<number | string>>();
  for (const { from, to, protocol, port } of flows(topology)) {
    const senders = from === "internet" ? ["internet"] : machinesWith(topology, from).map(({ name }) => name);
    const receivers = machinesWith(topology, to).map(({ name }) => name);
    for (const sender of senders) {
      for (const receiver of receivers.filter((name) => name !== sender)) {
        const arrow = `${sender} ${receiver}`;
        portsByArrow.set(arrow, (portsByArrow.get(arrow) ?? new Set()).add(port ?? protocol));
      }
    }
  }
  const arrows = [...portsByArrow].map(([arrow, ports]) => {
    const [sender, receiver] = arrow.split(" ");
    return `  ${sender} -->|${[...ports].join(", ")}| ${receiver}`;
  });
  return ["flowchart TD", "  internet((internet))", ...boxes, ...arrows, ""].join("\n");
}
