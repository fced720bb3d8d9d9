import { readMachine } from "../reading/machine";
import { findSecrets } from "../reading/secrets";
import { UNKNOWN } from "../reading/values";
import { resourceRule } from "../rule";

export const secretsNotInUserData = resourceRule(
  {
    name: "secrets-not-in-user-data",
    displayName: "No secrets in user-data",
    description:
      "User-data holds no private key and no password: it stays readable on the machine, in the cloud's API and in state.",
    severity: "critical",
    enforcementLevel: "mandatory",
    tags: ["secrets", "user-data", "cloud-init", "cwe-312"],
    remediationSteps:
      "Deliver the secret apart from user-data (a file of mode 0600, a secrets manager the machine reads with its own identity) " +
      "and replace the one that was there: it counts as known.",
  },
  (resource, report) => {
    const machine = readMachine(resource);
    if (!machine || machine.userData === undefined) return;
    const { name, userData } = machine;
    if (userData === UNKNOWN) {
      report.undecided(`whether the user-data of ${name} holds secrets: it isn't known yet.`);
      return;
    }
    for (const problem of userData.problems) {
      report.undecided(`whether the user-data of ${name} holds secrets, in part: ${problem}.`);
    }
    const parts = [{ path: "cloud-config", content: userData.rest }, ...userData.files, ...userData.scripts];
    const found = new Map(parts.flatMap((part) => findSecrets(part)).map((secret) => [secret.fingerprint, secret]));
    // A script that is also a file is read twice: its secrets count once.
    for (const { what, where } of found.values()) {
      report.violation(
        `The user-data of ${name} holds ${what} (${where}), which everybody can read who may look at the machine, its cloud ` +
          "account or the stack's state.",
        "Deliver it as a file of its own with mode 0600 or from a secrets manager, and replace it.",
      );
    }
  },
);
