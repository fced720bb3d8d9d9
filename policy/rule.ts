import type {
  EnforcementLevel,
  Policy,
  ReportViolation,
  ResourceValidationArgs,
  ResourceValidationPolicy,
  StackValidationArgs,
  StackValidationPolicy,
} from "@pulumi/policy";
import { acceptedSchema, findAccepted, readAccepted } from "./accepted";
import { ofStack, ofValidation, type Resource } from "./reading/resource";
import { type Setting, type Settings, settingErrors } from "./settings";

export type { Resource } from "./reading/resource";
export type { Settings } from "./settings";

/** Everything about a rule but how it judges. */
export interface RuleDescription
  extends Required<Pick<Policy, "name" | "displayName" | "description" | "severity" | "remediationSteps" | "tags">>,
    Pick<Policy, "framework"> {
  readonly enforcementLevel: EnforcementLevel;
  /** What a stack can set for this rule, besides `enforcementLevel` and `accepted`. */
  readonly settings?: Record<string, Setting>;
}

/** Where a rule says what it found. A resource rule leaves `urn` away. */
export interface Report {
  /** What is wrong and why it matters, then what to do: both whole sentences, without any secret or user-data in them. */
  violation(problem: string, remedy: string, urn?: string): void;
  /** Part of the resource couldn't be judged: said as advisory only, whatever the rule's level. */
  undecided(message: string, urn?: string): void;
}

export type JudgeResource = (resource: Resource, report: Report, settings: Settings) => void;
export type JudgeStack = (resources: readonly Resource[], report: Report, settings: Settings) => void;

/** Puts the inputs of a resource right and says whether it changed them. */
// biome-ignore lint/suspicious/noExplicitAny: what a program gives a resource has any shape
export type Remediate = (resource: Resource, inputs: Record<string, any>, settings: Settings) => boolean;

/**
 * A rule about single resources, judged from their inputs before they are created. With `remediate` it can also put
 * them right, where a stack sets its level to `remediate`.
 */
export function resourceRule(
  description: RuleDescription,
  judge: JudgeResource,
  remediate?: Remediate,
): ResourceValidationPolicy {
  const repair = remediate && { remediateResource: remediateResource(description.name, remediate) };
  return { ...policy(description), ...repair, validateResource: validateResource(description, judge) };
}

/**
 * A rule about the stack as a whole, judged from outputs after all steps. With `judgeResource` it is also a resource
 * rule, to catch as early as a component's inputs what the stack would show only when all of it is deployed.
 */
export function stackRule(
  description: RuleDescription,
  judge: JudgeStack,
  judgeResource?: JudgeResource,
): StackValidationPolicy {
  const validateStack = (args: StackValidationArgs, reportViolation: ReportViolation): void => {
    guarded(description, args.getConfig(), reportViolation, "", (report, settings) =>
      judge(ofStack(args.resources), report, settings),
    );
  };
  const early = judgeResource && { validateResource: validateResource(description, judgeResource) };
  return { ...policy(description), ...early, validateStack };
}

function policy({ settings, ...description }: RuleDescription): Omit<Policy, "name"> & { name: string } {
  const own = Object.entries(settings ?? {}).map(([key, { schema }]) => [key, schema]);
  return {
    ...description,
    url: `policy/README.md#${description.name}`,
    configSchema: { properties: { ...Object.fromEntries(own), accepted: acceptedSchema } },
  };
}

function validateResource(description: RuleDescription, judge: JudgeResource) {
  return (args: ResourceValidationArgs, reportViolation: ReportViolation): void => {
    const configuration = args.getConfig<Settings>();
    guarded(description, configuration, reportViolation, args.urn, (report, settings) => {
      judge(ofValidation(args), report, settings);
    });
  };
}

function remediateResource(rule: string, remediate: Remediate) {
  return (args: ResourceValidationArgs): Record<string, unknown> | undefined => {
    const configuration = args.getConfig<Settings>();
    const acceptance = findAccepted(readAccepted(rule, configuration.accepted).accepted, args.urn, new Date());
    if (acceptance && !acceptance.expired) return undefined;
    try {
      return remediate(ofValidation(args), args.props, configuration) ? args.props : undefined;
    } catch {
      // What can't be put right is left as it is: the rule then judges it.
      return undefined;
    }
  };
}

/** Runs a judgement so that nothing it meets fails the whole preview: an exception becomes an advisory finding. */
function guarded(
  description: RuleDescription,
  configuration: Settings,
  reportViolation: ReportViolation,
  urn: string,
  judge: (report: Report, settings: Settings) => void,
): void {
  const rule = description.name;
  const say = channel(reportViolation);
  const { accepted, errors } = readAccepted(rule, configuration.accepted);
  const wrong = [...errors, ...settingErrors(rule, description.settings, configuration)];
  if (isFirst(rule, urn, wrong)) {
    for (const error of wrong) say(`Wrong policy configuration: ${error}`, "mandatory", urn);
  }
  const report: Report = {
    undecided: (message, at = urn) => say(`Could not be judged: ${message}`, "advisory", at),
    violation: (problem, remedy, at = urn) => {
      const acceptance = findAccepted(accepted, at, new Date());
      const { expires, reason = "" } = acceptance?.entry ?? {};
      const why = reason.replace(/\.+$/, "");
      if (!acceptance) say(`${problem}\n${remedy}`, undefined, at);
      else if (!acceptance.expired) say(`${problem}\nAccepted until ${expires}: ${why}.`, "advisory", at);
      else say(`${problem}\nIt was accepted until ${expires} (${why}); that day is over. ${remedy}`, undefined, at);
    },
  };
  try {
    judge(report, configuration);
  } catch (error) {
    // The message of an unexpected error may quote what the rule was reading, so only its kind is shown.
    const kind = error instanceof Error ? error.name : typeof error;
    report.undecided(`the rule ${rule} itself failed here (${kind}). Please report it; the other rules still hold.`);
  }
}

/** What was said last about the configuration of a rule, and at which resource. */
const said = new Map<string, { readonly urn: string; readonly errors: string }>();

/** A wrong configuration is one mistake, not one for each resource that is judged under it. */
function isFirst(rule: string, urn: string, wrong: readonly string[]): boolean {
  const [errors, before] = [wrong.join("\n"), said.get(rule)];
  // The same resource again is the next run.
  if (before?.errors === errors && before.urn !== urn) return false;
  said.set(rule, { urn, errors });
  return true;
}

/** The SDK (since 1.21) takes a finding with a level of its own, though its type doesn't say so yet. */
function channel(reportViolation: ReportViolation) {
  const reportFinding = reportViolation as unknown as (finding: {
    message: string;
    urn?: string;
    enforcementLevel?: EnforcementLevel;
  }) => void;
  return (message: string, enforcementLevel: EnforcementLevel | undefined, urn: string): void =>
    reportFinding({ message, enforcementLevel, ...(urn && { urn }) });
}
