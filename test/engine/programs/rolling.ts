import * as pulumi from "@pulumi/pulumi";
import { Group, Thing } from "./thing";

// Three machines after one another, each in a component, on a network: what the docker target looks like.
const config = new pulumi.Config();
const names = (config.get("machines") ?? "one,two,three").split(",");
const network = new Thing("network", { value: config.get("range") ?? "172" }, { deleteBeforeReplace: true });

let previous: Group | undefined;
for (const name of names) {
  previous = new Group(
    `group-${name}`,
    (group) => {
      const data = new Thing(`${name}-data`, {}, { parent: group, retainOnDelete: true });
      new Thing(
        name,
        { value: pulumi.interpolate`${config.get("image") ?? "a"} on ${network.value}`, note: config.get("note") },
        { parent: group, deleteBeforeReplace: true, dependsOn: [data] },
      );
    },
    { dependsOn: previous && !config.getBoolean("atOnce") ? [previous] : [] },
  );
}

export const machines = names;
