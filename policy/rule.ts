import type {
  EnforcementLevel,
  Policy,
  ReportViolation,
  ResourceValidationArgs,
  ResourceValidationPolicy,
  StackValidationArgs,
  StackValidationPolicy,
} from "@pulumi/policy";
import type { PolicyConfigJSONSchema } from "@pulumi/policy/schema";
import { acceptedSchema, findAccepted, readAccepted } from "./accepted";
import { copyKnown, type Properties } from "./reading/values";

/** Everything about a rule but how it judges. */
export interface RuleDescription
  extends Required<Pick<Policy, "name" | "displayName" | "description" | "severity" | "remediationSteps" | "tags">>,
    Pick<Policy, "framework"> {
  readonly enforcementLevel: EnforcementLevel;
  /** What a stack can set for this rule, besides `enforcementLevel` and `accepted`. */
  readonly settings?: Record<string, Setting>;
}

interface Setting {
  readonly schema: PolicyConfigJSONSchema;
  readonly valid: (value: unknown) => boolean;
}

/** A resource as a rule sees it: plain values, with `UNKNOWN` for what a preview can't know. */
export interface Resource {
  readonly type: string;
  readonly name: string;
  readonly urn: string;
  readonly properties: Properties;
  /** URNs of the components the resource is part of, nearest first. */
  readonly ancestors: readonly string[];
}

/** Where a rule says what it found. A resource rule leaves `urn` away. */
export interface Report {
  /** What is wrong and why it matters, then what to do: both whole sentences, without any secret or user-data in them. */
  violation(problem: string, remedy: string, urn?: string): void;
  /** Part of the resource couldn't be judged: said as advisory only, whatever the rule's level. */
  undecided(message: string, urn?: string): void;
}

export type Settings = Record<string, unknown>;
export type JudgeResource = (resource: Resource, report: Report, settings: Settings) => void;
export type JudgeStack = (resources: readonly Resource[], report: Report) => void;

/** A rule about single resources, judged from their inputs before they are created. */
export function resourceRule(description: RuleDescription, judge: JudgeResource): ResourceValidationPolicy {
  return { ...policy(description), validateResource: validateResource(description, judge) };
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
    guarded(description, args.getConfig(), reportViolation, "", (report) =>
      judge(args.resources.map(stackResource), report),
    );
  };
  const early = judgeResource && { validateResource: validateResource(description, judgeResource) };
  return { ...policy(description), ...early, validateStack };
}

function policy({ settings, ...description }: RuleDescription): Omit<Policy, "name"> & { name: string } {
  const own = Object.entries(settings ?? {}).map(([key, { schema }]) => [key, schema]);
  return {
    ...description,
    url: `docs/policies.md#${description.name}`,
    configSchema: { properties: { ...Object.fromEntries(own), accepted: acceptedSchema } },
  };
}

function validateResource(description: RuleDescription, judge: JudgeResource) {
  return (args: ResourceValidationArgs, reportViolation: ReportViolation): void => {
    const configuration = args.getConfig<Settings>();
    guarded(description, configuration, reportViolation, args.urn, (report, settings) => {
      const ancestors = args.opts?.parent ? [args.opts.parent] : [];
      const { type, name, urn } = args;
      judge({ type, name, urn, ancestors, properties: copyKnown(args.props) as Properties }, report, settings);
    });
  };
}

function stackResource(resource: StackValidationArgs["resources"][number]): Resource {
  const { type, name, urn } = resource;
  const ancestors: string[] = [];
  for (let parent = resource.parent; parent && !ancestors.includes(parent.urn); parent = parent.parent) {
    ancestors.push(parent.urn);
  }
  return { type, name, urn, ancestors, properties: copyKnown(resource.props) as Properties };
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
  sayOnce(configuration, [...errors, ...settingErrors(description, configuration)], (error) =>
    say(`Wrong policy configuration: ${error}`, "mandatory", urn),
  );
  const report: Report = {
    undecided: (message, at = urn) => say(`Could not be judged: ${message}`, "advisory", at),
    violation: (problem, remedy, at = urn) => {
      const acceptance = findAccepted(accepted, at, new Date());
      const { expires, reason = "" } = acceptance?.entry ?? {};
      const why = reason.replace(/\.+$/, "");
      if (!acceptance) say(`${problem} ${remedy}`, undefined, at);
      else if (!acceptance.expired) say(`Accepted until ${expires} (${why}): ${problem}`, "advisory", at);
      else say(`${problem} This was accepted until ${expires} (${why}); that day is over. ${remedy}`, undefined, at);
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

function settingErrors({ name, settings = {} }: RuleDescription, configuration: Settings): string[] {
  const errors: string[] = [];
  for (const [key, value] of Object.entries(configuration)) {
    if (key === "accepted") continue;
    const setting = settings[key];
    const known = [...Object.keys(settings), "accepted", "enforcementLevel"];
    if (!setting) errors.push(`${name}.${key}: there is no such setting; the rule takes ${known.join(", ")}.`);
    else if (!setting.valid(value)) errors.push(`${name}.${key}: takes ${setting.schema.description}`);
  }
  return errors;
}

const saidAbout = new WeakSet<object>();

/** A wrong configuration is one mistake, not one for each resource that is judged under it. */
function sayOnce(configuration: Settings, errors: readonly string[], say: (error: string) => void): void {
  // The settings object is made anew for every call; the values in it stay the same until they are configured again.
  const same = Object.values(configuration).find((value) => typeof value === "object" && value !== null);
  if (errors.length === 0 || (same && saidAbout.has(same))) return;
  if (same) saidAbout.add(same);
  errors.forEach(say);
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
