import type { ElkExtendedEdge, ElkNode } from "elkjs";
import ELK from "elkjs";
import type { Flow, Machine, Topology } from "../types";
import { addressesOf, isEntry, type Kind, type Link, modelOf, portOf, portsOf, roleNames } from "./model";
import { style } from "./style";

// ELK (Eclipse Layout Kernel) gives everything its place; what stands there is drawn here.

/** Widths of a character in the fonts of the style, in pixels, with some room: whose font it will be, nobody knows. */
const CHARACTER = { small: 6.9, title: 8.6 };
const LINE = 18;
const CHIP = 26;
const GAP = 16;

/** What is drawn where ELK puts a node. */
type Draw = (node: Required<Pick<ElkNode, "x" | "y" | "width" | "height">>) => string;
interface Drawn extends ElkNode {
  readonly width: number;
  readonly height: number;
  readonly draw: Draw;
}

/** The topology as a picture, in light and dark: machines, roles, flows with ports, virtual IPs, single points of failure. */
export async function svg(topology: Topology): Promise<string> {
  const { kinds, links, singlePoints } = modelOf(topology);
  const entryLink = links.find(({ from, to }) => from === "visitors" && isEntry(to));
  const addresses = addressesOf(topology);
  const nodes = [
    visitors(),
    ...addresses.map(address),
    ...kinds.map((kind) => group(topology, kind, singlePoints)),
    ...links.map((link) => hub(link)),
  ];
  const edges = links.flatMap((link) =>
    link === entryLink && addresses.length > 0 ? throughAddresses(link, addresses.length) : throughHub(link),
  );
  const laidOut: ElkNode = await new ELK().layout({
    id: "root",
    layoutOptions: {
      "elk.algorithm": "layered",
      "elk.direction": "DOWN",
      "elk.edgeRouting": "ORTHOGONAL",
      "elk.layered.spacing.nodeNodeBetweenLayers": "34",
      "elk.spacing.nodeNode": "24",
      "elk.spacing.edgeNode": "16",
      "elk.layered.spacing.edgeNodeBetweenLayers": "16",
      "elk.layered.considerModelOrder.strategy": "NODES_AND_EDGES",
      "elk.layered.nodePlacement.strategy": "NETWORK_SIMPLEX",
      "elk.padding": "[top=24,left=24,bottom=24,right=24]",
    },
    children: nodes,
    edges,
  });
  const [width, height] = [Math.ceil(laidOut.width ?? 0), Math.ceil(laidOut.height ?? 0)];
  const title = `${topology.preset}: ${topology.machines.map(({ name }) => name).join(", ")}`;
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" role="img" aria-label="${title}">`,
    `<title>${title}</title>`,
    `<style>${style}</style>`,
    '<defs><marker id="arrow" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="7" markerHeight="7" orient="auto"><path class="tip" d="M0 0.5 8 4 0 7.5z"/></marker></defs>',
    `<rect class="paper" width="${width}" height="${height}" rx="14"/>`,
    ...(laidOut.edges ?? []).map(drawEdge),
    ...(laidOut.children as Drawn[]).map((node) => node.draw(placed(node))),
    "</svg>",
    "",
  ].join("\n");
}

// ---- what there is

const wide = (lines: readonly string[], character: number) =>
  Math.max(...lines.map(({ length }) => length)) * character;

function visitors(): Drawn {
  return { id: "visitors", width: 104, height: 36, draw: pill("visitors", "visitors") };
}

function address(lines: readonly string[], index: number): Drawn {
  return {
    id: `address-${index}`,
    width: wide(lines, CHARACTER.small) + 36,
    height: 52,
    draw: lined("address", lines),
  };
}

/** Machines of a kind in a row, and below them what they say to each other. */
function group(topology: Topology, { id, machines, among, watching }: Kind, singlePoints: readonly string[]): Drawn {
  const lines = [
    ...(among.length > 0 ? ["Between them", ...flowLines(among)] : []),
    ...(watching.length > 0 ? [`${portsOf(watching)}  measures, and alerts, for monitors`] : []),
  ];
  const boxes = machines.map((machine) => box(topology, machine, singlePoints.includes(machine.name)));
  const inRow = boxes.reduce((sum, { width }) => sum + width, (boxes.length - 1) * GAP);
  const top = GAP + Math.max(...boxes.map(({ height }) => height));
  const width = Math.max(inRow, lines.length > 0 ? wide(lines, CHARACTER.small) : 0) + 2 * GAP;
  return {
    id,
    width,
    height: top + (lines.length > 0 ? lines.length * LINE + 14 : 0) + GAP,
    draw: ({ x, y, height }) => {
      let left = x + (width - inRow) / 2;
      const drawn = boxes.map((each) => {
        const shown = each.draw({ ...each, x: left, y: y + GAP });
        left += each.width + GAP;
        return shown;
      });
      return [
        `<rect class="group" x="${round(x)}" y="${round(y)}" width="${round(width)}" height="${round(height)}" rx="12"/>`,
        ...drawn,
        ...lines.map((line, index) =>
          text(line, x + GAP, y + top + 26 + index * LINE, /^\d|^VRRP/.test(line) ? "note" : "note strong"),
        ),
      ].join("");
    },
  };
}

function box(topology: Topology, machine: Machine, isSingle: boolean): Drawn {
  const roles = roleNames(topology, machine);
  const details = [
    machine.instanceType ?? (machine.size.memory > 0 ? `${machine.size.memory} MiB` : ""),
    machine.zone === undefined ? "" : `zone ${machine.zone + 1}`,
    machine.weight ? `weight ${machine.weight}` : "",
    machine.backup ? "backup" : "",
  ].filter(Boolean);
  const head = [machine.name, details.join(" · ")];
  const warning = isSingle ? ["single point of failure"] : [];
  const width = Math.max(
    124,
    (head[0] as string).length * CHARACTER.title + (head[1] as string).length * CHARACTER.small + 40,
    wide([...roles, ...warning], CHARACTER.small) + 44,
  );
  const height = 40 + roles.length * (CHIP + 5) + (isSingle ? LINE + 4 : 0) + 5;
  return {
    id: machine.name,
    width,
    height,
    draw: ({ x, y }) =>
      [
        `<rect class="machine${isSingle ? " single" : ""}" x="${x}" y="${y}" width="${width}" height="${height}" rx="8"/>`,
        text(head[0] as string, x + 12, y + 25, "title"),
        text(head[1] as string, x + width - 12, y + 24, "note", "end"),
        ...roles.map(
          (role, index) =>
            `<rect class="chip ${role.split(" ")[0]}" x="${x + 10}" y="${y + 36 + index * (CHIP + 5)}" width="${width - 20}" height="${CHIP}" rx="5"/>` +
            text(role, x + 20, y + 36 + index * (CHIP + 5) + 17.5, "role"),
        ),
        ...warning.map((line) => text(line, x + width / 2, y + height - 10, "warning", "middle")),
      ].join(""),
  };
}

function hub(link: Link): Drawn {
  const lines = flowLines(link.flows);
  return {
    id: hubId(link),
    width: wide(lines, CHARACTER.small) + 28,
    height: lines.length * LINE + 12,
    draw: lined("hub", lines),
  };
}

/** Such as `8080  requests and health checks to Nginx`. */
function flowLines(flows: readonly Flow[]): string[] {
  return [...new Set(flows.map((flow) => `${portOf(flow)}  ${flow.purpose}`))];
}

const hubId = ({ from, to }: Link) => `${from === "visitors" ? from : from.id}>${to.id}`;

// ---- lines

function edge(from: string, to: string): ElkExtendedEdge {
  return { id: `${from} ${to}`, sources: [from], targets: [to] };
}

function throughHub(link: Link): ElkExtendedEdge[] {
  return [edge(link.from === "visitors" ? link.from : link.from.id, hubId(link)), edge(hubId(link), link.to.id)];
}

/** Visitors know addresses; who holds each, they don't. */
function throughAddresses(link: Link, count: number): ElkExtendedEdge[] {
  const ids = Array.from({ length: count }, (_, index) => `address-${index}`);
  return [edge("visitors", hubId(link)), ...ids.flatMap((id) => [edge(hubId(link), id), edge(id, link.to.id)])];
}

// ---- drawing

function placed({ x = 0, y = 0, width = 0, height = 0 }: ElkNode) {
  return { x, y, width, height };
}

function drawEdge({ sections = [], targets }: ElkExtendedEdge): string {
  const isEnd = !targets[0]?.includes(">");
  return sections
    .map(({ startPoint, bendPoints = [], endPoint }) => {
      const points = [startPoint, ...bendPoints, endPoint].map(({ x, y }) => `${round(x)} ${round(y)}`);
      return `<path class="flow" d="M${points.join("L")}"${isEnd ? ' marker-end="url(#arrow)"' : ""}/>`;
    })
    .join("");
}

const round = (number: number) => Math.round(number * 10) / 10;

const pill =
  (kind: string, label: string): Draw =>
  ({ x, y, width, height }) =>
    `<rect class="${kind}" x="${x}" y="${y}" width="${width}" height="${height}" rx="${height / 2}"/>` +
    text(label, x + width / 2, y + height / 2 + 5, "role", "middle");

const lined =
  (kind: string, lines: readonly string[]): Draw =>
  ({ x, y, width, height }) =>
    `<rect class="${kind}" x="${x}" y="${y}" width="${width}" height="${height}" rx="${kind === "hub" ? 8 : height / 2}"/>` +
    lines
      .map((line, index) => {
        const middle = y + (height - lines.length * LINE) / 2 + index * LINE + 13;
        return text(line, x + width / 2, middle, kind === "address" && index === 0 ? "role" : "note", "middle");
      })
      .join("");

function text(content: string, x: number, y: number, kind: string, anchor = "start"): string {
  const escaped = content.replaceAll("&", "&amp;").replaceAll("<", "&lt;");
  return `<text class="${kind}" x="${round(x)}" y="${round(y)}" text-anchor="${anchor}" xml:space="preserve">${escaped}</text>`;
}
