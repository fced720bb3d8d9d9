import { databaseNotPublic } from "../../policy/rules/database-not-public";
import { type TestResource, UNKNOWN } from "./pack";
import { ec2, egressOnlyGateway, internetGateway, route, routeTable, routeTableAssociation, subnet } from "./resources";
import { checkPrograms, type Program, passes, refuses } from "./table";

const gateway = internetGateway("gateway");
const egressOnly = egressOnlyGateway("egress");
const inside = subnet("inside", { ipv6CidrBlock: UNKNOWN });
const table = routeTable("table");
const association = routeTableAssociation(
  "inside",
  { subnetId: UNKNOWN, routeTableId: UNKNOWN },
  { subnetId: [inside], routeTableId: [table] },
);
const to = (destination: string, through: "gatewayId" | "egressOnlyGatewayId", by: TestResource) =>
  route(
    "out",
    { destinationIpv6CidrBlock: destination, [through]: UNKNOWN, routeTableId: UNKNOWN },
    { routeTableId: [table], [through]: [by] },
  );
const database = (properties: Record<string, unknown> = { ipv6Addresses: [UNKNOWN] }, roles = "database") =>
  ec2(
    "db-1",
    { subnetId: UNKNOWN, tags: { "web-infrastructure.roles": roles }, ...properties },
    { subnetId: [inside] },
  );
const network = [gateway, egressOnly, inside, table, association];
const open = to("::/0", "gatewayId", gateway);
const isPublic = refuses(
  /db-1 keeps the database and has an IPv6 address in a subnet that an internet gateway leads to/,
);

const programs: Program[] = [
  ["an address whose subnet an internet gateway leads to", [...network, open, database()], isPublic],
  ["an address of AWS's choice", [...network, open, database({ ipv6AddressCount: 1 })], isPublic],
  [
    "an address that the subnet gives everybody",
    [
      ...network,
      open,
      { ...inside, properties: { assignIpv6AddressOnCreation: true } },
      { ...database({}), from: { subnetId: [inside] } },
    ],
    isPublic,
  ],
  ["the internet by halves", [...network, to("2000::/4", "gatewayId", gateway), database()], isPublic],
  [
    "a route written into its table",
    [
      ...network.filter((one) => one !== table),
      {
        ...table,
        properties: { routes: [{ ipv6CidrBlock: "::/0", gatewayId: UNKNOWN }] },
        from: { routes: [gateway] },
      },
      database(),
    ],
    isPublic,
  ],
  ["no IPv6 address", [...network, open, database({})], passes],
  ["an egress-only gateway", [...network, to("::/0", "egressOnlyGatewayId", egressOnly), database()], passes],
  ["no route for IPv6", [...network, database()], passes],
  ["a route to a partner", [...network, to("2001:db8::/32", "gatewayId", gateway), database()], passes],
  ["a machine that also balances load", [...network, open, database(undefined, "load-balancer,database")], passes],
  ["a web server", [...network, open, database(undefined, "web")], passes],
];

describe("policy database-not-public, over IPv6", () => checkPrograms(databaseNotPublic, programs));
