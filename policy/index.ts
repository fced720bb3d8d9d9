import { PolicyPack } from "@pulumi/policy";
import { firewallDefaultDrop } from "./rules/firewall-default-drop";
import { firewallPublicPorts } from "./rules/firewall-public-ports";
import { httpsOnly } from "./rules/https-only";
import { loadBalancerRedundant } from "./rules/load-balancer-redundant";
import { secretsNotInUserData } from "./rules/secrets-not-in-user-data";
import { singlePointOfFailure } from "./rules/single-point-of-failure";

new PolicyPack("web-infrastructure", {
  displayName: "Web infrastructure on machines of one's own",
  enforcementLevel: "mandatory",
  policies: [
    httpsOnly,
    firewallDefaultDrop,
    firewallPublicPorts,
    loadBalancerRedundant,
    singlePointOfFailure,
    secretsNotInUserData,
  ],
});
