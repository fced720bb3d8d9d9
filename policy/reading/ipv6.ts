import { openToInternet } from "./addresses";
import { type Resource, refersTo } from "./resource";
import { items, list, record, text, UNKNOWN, type Value } from "./values";

const SUBNET = /^aws:ec2\/(?:subnet:Subnet|defaultSubnet:DefaultSubnet)$/;
const TABLE = /^aws:ec2\/(?:routeTable:RouteTable|defaultRouteTable:DefaultRouteTable)$/;
const ASSOCIATION = "aws:ec2/routeTableAssociation:RouteTableAssociation";
const ROUTE = "aws:ec2/route:Route";
const INTERNET_GATEWAY = "aws:ec2/internetGateway:InternetGateway";

/**
 * Whether the internet reaches a machine by an IPv6 address: such an address is public by itself, unless its subnet leads to
 * the internet by an egress-only gateway, or not at all.
 */
export function hasPublicIpv6(machine: Resource, stack: readonly Resource[]): boolean {
  const subnets = stack.filter(({ type }) => SUBNET.test(type)).filter((one) => refersTo(machine, "subnetId", one));
  const { ipv6Addresses, ipv6AddressCount } = machine.properties;
  const isGiven = isSome(ipv6AddressCount) || items(ipv6Addresses).length > 0;
  return subnets.some(
    (subnet) => (isGiven || subnet.properties.assignIpv6AddressOnCreation === true) && facesInternet(subnet, stack),
  );
}

function isSome(count: Value): boolean {
  return count === UNKNOWN || Number(text(count) ?? 0) > 0;
}

/** Whether a route table of the subnet leads the internet of IPv6 through an internet gateway, which lets in as well as out. */
function facesInternet(subnet: Resource, stack: readonly Resource[]): boolean {
  const ofType = (wanted: string) => stack.filter(({ type }) => type === wanted);
  const associations = ofType(ASSOCIATION).filter((one) => refersTo(one, "subnetId", subnet));
  const tables = stack.filter(
    (one) => TABLE.test(one.type) && associations.some((association) => refersTo(association, "routeTableId", one)),
  );
  const leadsOut = (owner: Resource, property: string, range: Value, gateway: Value) =>
    openToInternet(items(range).flatMap((one) => text(one) ?? [])) &&
    (/^igw-/.test(text(gateway) ?? "") || ofType(INTERNET_GATEWAY).some((one) => refersTo(owner, property, one)));
  return tables.some((table) => {
    const inline = list(table.properties.routes).map(record);
    const standalone = ofType(ROUTE).filter((route) => refersTo(route, "routeTableId", table));
    return (
      inline.some(({ ipv6CidrBlock, gatewayId }) => gatewayId && leadsOut(table, "routes", ipv6CidrBlock, gatewayId)) ||
      standalone.some((route) => {
        const { destinationIpv6CidrBlock, gatewayId } = route.properties;
        return leadsOut(route, "gatewayId", destinationIpv6CidrBlock, gatewayId);
      })
    );
  });
}
