import { readFirewall } from "../reading/firewall";
import { readMachine } from "../reading/machine";
import { UNKNOWN } from "../reading/values";
import { resourceRule } from "../rule";

export const firewallDefaultDrop = resourceRule(
  {
    name: "firewall-default-drop",
    displayName: "Every machine has a firewall that drops by default",
    description: "A machine's user-data sets up a host firewall that drops what no rule accepts, and loads it at boot.",
    severity: "high",
    enforcementLevel: "mandatory",
    tags: ["firewall", "nftables", "defence-in-depth"],
    remediationSteps:
      "Write /etc/nftables.conf with a table of family inet whose input chain has `policy drop`, accept there what the machine " +
      "serves, and run `systemctl enable --now nftables` at first boot.",
  },
  (resource, report) => {
    const machine = readMachine(resource);
    if (!machine || machine.userData === undefined) return;
    const { name, userData } = machine;
    if (userData === UNKNOWN) {
      report.undecided(`whether ${name} has a firewall: its user-data isn't known yet.`);
      return;
    }
    const firewall = readFirewall(machine);
    if (!firewall || firewall.faults.length === 0) return;
    // What couldn't be read may hold the firewall.
    if (userData.problems.length > 0) {
      report.undecided(`whether ${name} has a firewall that drops by default: ${userData.problems.join("; ")}.`);
      return;
    }
    report.violation(
      `${name} has no host firewall that drops by default: ${firewall.faults.join("; ")}. Every service that starts to listen is ` +
        "open to the network at once.",
      "In its user-data, write /etc/nftables.conf with `table inet filter { chain input { type " +
        "filter hook input priority filter; policy drop; … } }` and run `systemctl enable --now nftables`.",
    );
  },
);
