import { type ResourceValidationPolicy, type StackValidationPolicy, unknownCheckingProxy } from "@pulumi/policy";
import { type TestResource, urnOf } from "./pack";

export interface Finding {
  readonly message: string;
  readonly urn?: string;
  /** Only where it differs from the rule's own level. */
  readonly enforcementLevel?: string;
}

type Config = Record<string, unknown>;

/** What a resource rule says about one resource, called in this process. */
export function judge(rule: Partial<ResourceValidationPolicy>, resource: TestResource, config: Config = {}): Finding[] {
  const found: Finding[] = [];
  const { type, name, parent } = resource;
  const args = {
    type,
    name,
    urn: urnOf(resource),
    opts: { parent },
    props: proxied(resource),
    getConfig: () => ({ ...config }),
  };
  const validate = rule.validateResource as unknown as (given: unknown, report: (finding: Finding) => void) => void;
  validate(args, (finding) => found.push(finding));
  return found;
}

/** What a stack rule says about resources, called in this process. */
export function judgeStack(
  rule: StackValidationPolicy,
  resources: readonly TestResource[],
  config: Config = {},
): Finding[] {
  const found: Finding[] = [];
  const all = resources.map((resource) => ({
    type: resource.type,
    name: resource.name,
    urn: urnOf(resource),
    props: proxied(resource),
  }));
  const parents = resources.map(({ parent }) => all.find(({ urn }) => urn === parent));
  const args = {
    resources: all.map((resource, index) => ({ ...resource, parent: parents[index] })),
    getConfig: () => ({ ...config }),
  };
  const validate = rule.validateStack as unknown as (given: unknown, report: (finding: Finding) => void) => void;
  validate(args, (finding) => found.push(finding));
  return found;
}

// Only the SDK's own proxy throws on unknown values as a preview does.
function proxied({ properties }: TestResource): Record<string, unknown> {
  return (unknownCheckingProxy as (given: unknown) => Record<string, unknown>)(structuredClone(properties));
}
