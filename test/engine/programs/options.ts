import * as pulumi from "@pulumi/pulumi";
import { Thing } from "./thing";

// One thing with the options that a test names as JSON.
const config = new pulumi.Config();
const options = config.getObject<pulumi.CustomResourceOptions>("options") ?? {};
const thing = new Thing("thing", config.getObject("args") ?? {}, options);

export const token = thing.token;
export const id = thing.id;
