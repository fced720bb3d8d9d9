import { type Diagnostic, Pack, type TestResource } from "./pack";

// For all tests of a run: the first load after a change compiles the rules.
before(async function () {
  this.timeout(60_000);
  await Pack.shared().rules();
});
after(() => Pack.stopShared());

/** The rule that a test is about. */
export interface Rule {
  readonly name: string;
  readonly enforcementLevel?: string;
}

/** What a rule says about one resource before it is created, in the pack as it is served. */
export async function judge(rule: Rule, resource: TestResource, config: Config = {}): Promise<Diagnostic[]> {
  const pack = await configured(rule, config);
  return only(rule, await pack.analyze(resource));
}

/** What a rule says about the resources of a stack, after the last of them. */
export async function judgeStack(
  rule: Rule,
  resources: readonly TestResource[],
  config: Config = {},
): Promise<Diagnostic[]> {
  const pack = await configured(rule, config);
  return only(rule, await pack.analyzeStack(resources));
}

/** What a rule says in a whole run: about each resource in turn, then about the stack. */
export async function judgeRun(
  rule: Rule,
  resources: readonly TestResource[],
  config: Config = {},
): Promise<Diagnostic[]> {
  const said: Diagnostic[] = [];
  for (const resource of resources) said.push(...(await judge(rule, resource, config)));
  return [...said, ...(await judgeStack(rule, resources, config))];
}

type Config = Record<string, unknown>;

async function configured(rule: Rule, config: Config): Promise<Pack> {
  const pack = Pack.shared();
  // A rule that is off unless asked is asked; the others have their own levels.
  const enforcementLevel = rule.enforcementLevel === "disabled" ? "mandatory" : rule.enforcementLevel;
  await pack.configure({ [rule.name]: { enforcementLevel, ...config } });
  return pack;
}

function only({ name }: Rule, said: readonly Diagnostic[]): Diagnostic[] {
  return said.filter(({ policy }) => policy === name);
}
