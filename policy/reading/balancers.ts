import { isEdge } from "./haproxy";
import { filesOf, hasRole, type Machine, readMachine } from "./machine";
import { type Resource, refersTo } from "./resource";
import { items, record, text, UNKNOWN, type Value } from "./values";
import { type Zones, zonesOf } from "./zones";

const SCALING_GROUP = "aws:autoscaling/group:Group";

/** What balances load on machines: one machine, or a group of machines made alike. */
export interface Balancer {
  readonly name: string;
  readonly urn: string;
  readonly kind: Machine["kind"] | "group";
  /** How many machines there are at least; `UNKNOWN` while that isn't known. */
  readonly count: number | typeof UNKNOWN;
  readonly zones: Zones;
  readonly resource: Resource;
  readonly machine: Machine;
}

/** The load balancers that people run themselves in this stack, and the machines of which that isn't known yet. */
export function findBalancers(
  stack: readonly Resource[],
  isLeftOut: (machine: Machine) => boolean,
): { balancers: Balancer[]; unsure: string[] } {
  const machines = stack.flatMap((resource) => {
    const machine = readMachine(resource);
    return machine && !isLeftOut(machine) ? [{ resource, machine, balances: balancesLoad(machine) }] : [];
  });
  const balancers = machines.flatMap(({ resource, machine, balances }): Balancer[] => {
    if (!balances) return [];
    if (machine.kind === "template") return groupsFrom(resource, stack).map((group) => ofGroup(group, machine, stack));
    const { name, urn, kind } = machine;
    return [{ name, urn, kind, count: 1, zones: zonesOf(resource, stack), resource, machine }];
  });
  const unsure = machines
    .filter(({ balances, machine }) => balances === undefined && machine.kind !== "template")
    .map(({ machine }) => machine.name);
  return { balancers, unsure };
}

/** Whether a machine is a load balancer, by its label or by the HAProxy in its user-data; undefined while unknown. */
function balancesLoad(machine: Machine): boolean | undefined {
  const labelled = hasRole(machine, "load-balancer");
  if (labelled !== undefined) return labelled;
  if (isEdge(filesOf(machine))) return true;
  return machine.roles === UNKNOWN || machine.userData === UNKNOWN ? undefined : false;
}

/** The Auto Scaling groups that make machines from a template. */
export function groupsFrom(template: Resource, stack: readonly Resource[]): Resource[] {
  const names = [text(template.properties.id), text(template.properties.name)];
  return stack.filter((group) => {
    if (group.type !== SCALING_GROUP) return false;
    const { launchTemplate, mixedInstancesPolicy, launchConfiguration } = group.properties;
    const mixed = record(record(record(mixedInstancesPolicy).launchTemplate).launchTemplateSpecification);
    const { id, name } = record(launchTemplate);
    const wanted: Value[] = [id, name, mixed.launchTemplateId, mixed.launchTemplateName, launchConfiguration];
    return (
      ["launchTemplate", "launchConfiguration", "mixedInstancesPolicy"].some((key) => refersTo(group, key, template)) ||
      wanted.some((one) => text(one) && names.includes(text(one)))
    );
  });
}

function ofGroup(group: Resource, machine: Machine, stack: readonly Resource[]): Balancer {
  const { name, urn } = group;
  return {
    name,
    urn,
    kind: "group",
    count: smallestSize(group),
    zones: zonesOf(group, stack),
    resource: group,
    machine,
  };
}

/** How many machines an Auto Scaling group keeps at least. */
export function smallestSize({ properties: { minSize } }: Resource): number | typeof UNKNOWN {
  return minSize === UNKNOWN ? UNKNOWN : Number(text(minSize) ?? 0);
}

/** The Elastic IPs that are tied to a machine. */
export function addressesOf(machine: Resource, stack: readonly Resource[]): Resource[] {
  const addresses = stack.filter(({ type }) => type === "aws:ec2/eip:Eip");
  const associations = stack.filter(({ type }) => type === "aws:ec2/eipAssociation:EipAssociation");
  return addresses.filter(
    (address) =>
      refersTo(address, "instance", machine) ||
      associations.some((one) => refersTo(one, "instanceId", machine) && refersTo(one, "allocationId", address)),
  );
}

/** Whether a machine can take over an address from another one that fails. */
export function takesOver(machine: Machine): boolean {
  const { userData } = machine;
  const scripts = userData === undefined || userData === UNKNOWN ? [] : userData.scripts;
  return [...filesOf(machine), ...scripts].some(
    ({ path, content }) =>
      /\bvrrp_instance\b/.test(content) ||
      /associate-address|AssociateAddress|associate_address/.test(content) ||
      /\/keepalived\.conf$/.test(path),
  );
}

/** Zones in which a managed load balancer of the cloud stands. */
export function managedZones(
  balancer: Resource,
  stack: readonly Resource[],
): { places: number | typeof UNKNOWN; zones: Zones } {
  const { subnets, subnetMappings, availabilityZones } = balancer.properties;
  const named: Value[] = [subnets, subnetMappings, availabilityZones];
  const given = named.filter((one) => one !== undefined && one !== null);
  if (given.includes(UNKNOWN) || given.length === 0) return { places: UNKNOWN, zones: UNKNOWN };
  return { places: Math.max(...given.map((one) => items(one).length)), zones: zonesOf(balancer, stack) };
}
