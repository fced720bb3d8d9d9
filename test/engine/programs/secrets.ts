import * as pulumi from "@pulumi/pulumi";
import { Thing } from "./thing";

const password = new Thing("password", {}, { additionalSecretOutputs: ["token"] });
const user = new Thing("user", {
  value: pulumi.interpolate`password=${password.token}`,
  note: pulumi.secret("given-secret-note"),
});

if (new pulumi.Config().getBoolean("tell")) password.token.apply((token) => console.log(`the password is ${token}`));

export const derived = user.value;
export const known = password.token.apply((token) => `known: ${token.length > 0}`);
