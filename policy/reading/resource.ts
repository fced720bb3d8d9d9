import type { PolicyResource, ResourceValidationArgs } from "@pulumi/policy";
import { copyKnown, isRecord, type Properties, text, type Value } from "./values";

/** A resource as a rule sees it: plain values, with `UNKNOWN` for what a preview can't know. */
export interface Resource {
  readonly type: string;
  readonly name: string;
  readonly urn: string;
  readonly properties: Properties;
  /** URNs of the components the resource is part of, nearest first. */
  readonly ancestors: readonly string[];
  /** Pulumi refuses to delete it (`protect: true`). */
  readonly protect: boolean;
  /** The resources that the value of a property comes from. Only rules about stacks are told. */
  dependencies(property: string): readonly Resource[];
}

/**
 * The resource of a rule about single resources, from its inputs. They are copied when a rule asks for them: each rule is
 * asked about each resource, and most see by its type that it is none of theirs.
 */
export function ofValidation({ type, name, urn, opts, props }: ResourceValidationArgs): Resource {
  let properties: Properties | undefined;
  return {
    type,
    name,
    urn,
    get properties() {
      properties ??= copyKnown(props) as Properties;
      return properties;
    },
    ancestors: opts?.parent ? [opts.parent] : [],
    protect: opts?.protect === true,
    dependencies: () => [],
  };
}

/** The resources of a rule about stacks, from their outputs. Each is read when a rule asks for it. */
export function ofStack(given: readonly PolicyResource[]): Resource[] {
  const byUrn = new Map<string, Resource>();
  for (const resource of given) byUrn.set(resource.urn, ofOne(resource, byUrn));
  return [...byUrn.values()];
}

function ofOne(resource: PolicyResource, all: ReadonlyMap<string, Resource>): Resource {
  const { type, name, urn, opts, propertyDependencies = {} } = resource;
  let properties: Properties | undefined;
  return {
    type,
    name,
    urn,
    get properties() {
      properties ??= copyKnown(resource.props) as Properties;
      return properties;
    },
    get ancestors() {
      const ancestors: string[] = [];
      for (let parent = resource.parent; parent && !ancestors.includes(parent.urn); parent = parent.parent) {
        ancestors.push(parent.urn);
      }
      return ancestors;
    },
    protect: opts?.protect === true,
    dependencies: (property) =>
      Object.hasOwn(propertyDependencies, property)
        ? (propertyDependencies[property] ?? []).flatMap((one) => all.get(one.urn) ?? [])
        : [],
  };
}

/**
 * Whether a property of one resource names another one: by what Pulumi noted down, which a preview knows already, or by
 * its id or ARN.
 */
export function refersTo(from: Resource, property: string, to: Resource): boolean {
  if (from.dependencies(property).some(({ urn }) => urn === to.urn)) return true;
  const names = texts(from.properties[property]);
  return names.some((name) => name !== "" && [to.properties.id, to.properties.arn].includes(name));
}

function texts(value: Value): string[] {
  if (Array.isArray(value)) return value.flatMap(texts);
  if (isRecord(value)) return Object.values(value).flatMap(texts);
  const known = text(value);
  return known === undefined ? [] : [known];
}
