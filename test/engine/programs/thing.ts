import * as pulumi from "@pulumi/pulumi";

export interface ThingArgs {
  /** What the thing is made of; a change of it replaces the thing. */
  readonly value?: pulumi.Input<string>;
  /** Can be changed in place. */
  readonly note?: pulumi.Input<string>;
}

/** A resource of the fake provider in `test/engine/world.ts`. */
export class Thing extends pulumi.CustomResource {
  /** Computed by the provider: unknown in a preview until the thing exists. */
  readonly token!: pulumi.Output<string>;
  readonly value!: pulumi.Output<string | undefined>;

  constructor(name: string, args: ThingArgs, opts?: pulumi.CustomResourceOptions) {
    super("test:index:Thing", name, { name, token: undefined, ...args }, opts);
  }
}

/** Groups things, as the machines of the real program do. */
export class Group extends pulumi.ComponentResource {
  constructor(name: string, build: (group: Group) => void, opts?: pulumi.ComponentResourceOptions) {
    super("test:index:Group", name, {}, opts);
    build(this);
    this.registerOutputs();
  }
}
