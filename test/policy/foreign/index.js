const pulumi = require("@pulumi/pulumi");

// Its machines would be made from a list, which policies see before any of them exists.
class Shop extends pulumi.ComponentResource {
  constructor(name, args) {
    super("shop:index:Shop", name, args);
  }
}

const balancers = Number(new pulumi.Config().get("balancers") ?? 1);
const edge = Array.from({ length: balancers }, (_, index) => ({ name: `edge-${index + 1}`, roles: ["load-balancer"] }));
new Shop("shop", { machines: [...edge, { name: "app-1", roles: ["application"] }] });
