import * as pulumi from "@pulumi/pulumi";
import { Thing } from "./thing";

class ConfigurationError extends Error {}
class Strange extends pulumi.CustomResource {}

new Thing("first", {});
switch (new pulumi.Config().require("mistake")) {
  case "configuration":
    throw new ConfigurationError("domain: not a domain name. Set test:domain to something like www.foobar.com.");
  case "bug":
    (undefined as unknown as { nothing(): void }).nothing();
    break;
  case "type":
    new Strange("test:index:Unheard", "strange", {});
    break;
  case "invoke":
    pulumi.runtime.invoke("test:index:lookUp", {});
    break;
  case "twice":
    new Thing("first", {});
    break;
  case "input":
    new Thing("second", { nonsense: true } as object);
    break;
}
