const { PolicyPack } = require("@pulumi/policy");

// Plain JavaScript, which loads fastest. Each rule shows that one kind of fact arrives.
new PolicyPack("engine-test-pack", {
  policies: [
    {
      name: "no-b",
      description: "Nothing is made of b.",
      enforcementLevel: "mandatory",
      remediationSteps: "Set test:image to a.",
      configSchema: { properties: { forbidden: { type: "string", default: "b" } } },
      validateResource: ({ type, props, getConfig }, report) => {
        if (type === "test:index:Thing" && props.value?.startsWith(`${getConfig().forbidden} `))
          report("It is made of it.");
      },
    },
    {
      name: "facts",
      description: "What the pack is told.",
      enforcementLevel: "advisory",
      validateStack: ({ resources }, report) => {
        const two = resources.find(({ name }) => name === "two");
        if (!two) return;
        const facts = {
          urn: two.urn,
          parent: two.parent?.name,
          grandparent: two.parent?.parent?.type,
          deleteBeforeReplace: two.opts.deleteBeforeReplace,
          provider: two.provider?.type,
          value: two.propertyDependencies.value?.map(({ name }) => name),
          dependencies: two.dependencies.map(({ name }) => name).sort(),
        };
        report(JSON.stringify(facts), two.urn);
      },
    },
    {
      name: "secrets-in-clear",
      description: "Policies see secrets as plain values.",
      enforcementLevel: "disabled",
      validateResource: ({ name, props }, report) => {
        if (name === "user" && typeof props.note === "string") report(`note of ${props.note.length}`);
        if (name === "user" && props.value === "known") report("never");
      },
    },
  ],
});
