import { PolicyPack } from "@pulumi/policy";
import { bucketsPrivate } from "./rules/buckets-private";
import { dataVolumesProtected } from "./rules/data-volumes-protected";
import { databaseNotPublic } from "./rules/database-not-public";
import { encryptionBuckets } from "./rules/encryption-buckets";
import { encryptionVolumes } from "./rules/encryption-volumes";
import { firewallDefaultDrop } from "./rules/firewall-default-drop";
import { firewallNetworkAcls } from "./rules/firewall-network-acls";
import { firewallPublicPorts } from "./rules/firewall-public-ports";
import { firewallRulesMixed } from "./rules/firewall-rules-mixed";
import { firewallSecurityGroup } from "./rules/firewall-security-group";
import { httpsManaged } from "./rules/https-managed";
import { httpsOnly } from "./rules/https-only";
import { imdsv2Required } from "./rules/imdsv2-required";
import { loadBalancerRedundant } from "./rules/load-balancer-redundant";
import { monitorPresent } from "./rules/monitor-present";
import { secretsNotInUserData } from "./rules/secrets-not-in-user-data";
import { singlePointOfFailure } from "./rules/single-point-of-failure";

new PolicyPack("web-infrastructure", {
  displayName: "Web infrastructure on machines of one's own",
  enforcementLevel: "mandatory",
  policies: [
    httpsOnly,
    httpsManaged,
    firewallDefaultDrop,
    firewallPublicPorts,
    firewallSecurityGroup,
    firewallRulesMixed,
    firewallNetworkAcls,
    loadBalancerRedundant,
    singlePointOfFailure,
    databaseNotPublic,
    secretsNotInUserData,
    imdsv2Required,
    encryptionVolumes,
    encryptionBuckets,
    bucketsPrivate,
    dataVolumesProtected,
    monitorPresent,
  ],
});
