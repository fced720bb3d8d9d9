import { hasRole, type Machine, readMachine } from "../reading/machine";
import { type Report, type Resource, stackRule } from "../rule";

const REMEDY =
  "Give the role to a second machine; a database to two more, because two can't tell which of them is left.";

export const singlePointOfFailure = stackRule(
  {
    name: "single-point-of-failure",
    displayName: "No machine that everything depends on",
    description: "Names each machine whose failure stops what only it does, as far as labels tell.",
    severity: "medium",
    enforcementLevel: "advisory",
    tags: ["high-availability", "single-point-of-failure"],
    remediationSteps: REMEDY,
  },
  (resources: readonly Resource[], report: Report) => {
    const machines = resources.flatMap((resource) => readMachine(resource) ?? []);
    const withRole = (role: string): Machine[] => machines.filter((machine) => hasRole(machine, role));
    for (const [role, consequence] of Object.entries(CONSEQUENCES)) {
      const [only, another] = withRole(role);
      if (only && !another)
        report.violation(
          `${only.name} is the only machine with the role ${role}: when it fails, ${consequence}.`,
          REMEDY,
          only.urn,
        );
    }
    const [first, second, third] = withRole("database");
    if (first && second && !third) {
      report.violation(
        `${first.name} and ${second.name} are the only two database machines: one of them is the primary, and when it fails nothing ` +
          "can be written until somebody promotes the other.",
        "With a third machine the role `database` could move by itself.",
        first.urn,
      );
    }
  },
);

/** The load balancer is missing here because it has a rule of its own. */
const CONSEQUENCES = {
  web: "nothing serves the site",
  application: "the application is down",
  database: "all data is out of reach, and gone with its disk",
} as const;
