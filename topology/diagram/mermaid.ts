import type { Machine, Topology } from "../types";
import { addressesOf, isEntry, modelOf, portsOf, roleNames } from "./model";

/** The topology as a Mermaid flowchart, for Markdown: machines with their roles, and who talks to whom on which port. */
export function mermaid(topology: Topology): string {
  const { kinds, links, singlePoints } = modelOf(topology);
  const box = (machine: Machine, id: string) => {
    const isSingle = singlePoints.includes(machine.name);
    const lines = [
      `<b>${machine.name}</b>`,
      ...roleNames(topology, machine),
      ...(isSingle ? ["single point of failure"] : []),
    ];
    return `${id}["${lines.join("<br/>")}"]${isSingle ? ":::single" : ""}`;
  };
  const groups = kinds.flatMap(({ machines, among }, index) => [
    // a title of Mermaid's stands in the way of lines: what they say to each other is a box of its own
    `  subgraph kind${index}[" "]`,
    ...machines.map((machine, which) => `    ${box(machine, `machine${index}_${which}`)}`),
    ...(among.length > 0 ? [`    among${index}>"between them: ${portsOf(among)}"]`] : []),
    "  end",
  ]);
  const entries = addressesOf(topology).map(
    ([title, holders], index) => `  address${index}{{"${title}<br/>${holders}"}}`,
  );
  const arrows = links.flatMap((link) => {
    const to = `kind${kinds.indexOf(link.to)}`;
    if (link.from !== "visitors") return [`  kind${kinds.indexOf(link.from)} -->|${portsOf(link.flows)}| ${to}`];
    if (entries.length === 0 || !isEntry(link.to)) return [`  visitors -->|${portsOf(link.flows)}| ${to}`];
    return entries.flatMap((_, index) => [
      `  visitors -->|${portsOf(link.flows)}| address${index}`,
      `  address${index} --> ${to}`,
    ]);
  });
  return [
    "flowchart TB",
    "  visitors((visitors))",
    ...entries,
    ...groups,
    ...arrows,
    "  classDef single stroke:#d33,stroke-width:2px",
    "",
  ].join("\n");
}
