import { Interrupted, messageOf, UserError } from "./errors";
import { type Action, type Plan, planChange, type Registration, wouldReplace } from "./plan";
import type { PolicyPack } from "./policies";
import type { Progress, Step as ProgressStep } from "./progress";
import type { CreateContext, Properties, ResourceProvider } from "./provider";
import { group, label, preview, type Registered } from "./registered";
import { deletionOrder, type ResourceState, type State } from "./state";
import { STACK_TYPE } from "./urn";
import { pack, secretTexts, unpack } from "./values";

/** The resource types an engine knows, by Pulumi type token. */
export type Providers = Readonly<Record<string, ResourceProvider>>;

export interface Step {
  readonly action: Action | "delete";
  readonly urn: string;
  readonly type: string;
  readonly name: string;
  readonly changed: readonly string[];
}

/**
 * One run of a program against the state: as a preview it only looks, as an "up" it acts. Resources are handled one
 * after the other in the order the program registers them, so a rolling change goes one machine at a time. Only what is
 * created for the first time lets the next ones begin meanwhile: whoever depends on it is registered when it is there.
 */
export class Deployment {
  readonly steps: Step[] = [];
  readonly registered = new Map<string, Registered>();
  outputs: Properties = {};
  private queue: Promise<void> = Promise.resolve();
  private readonly underWay = new Set<Promise<unknown>>();
  private readonly taken = new Set<string>();
  private failure: unknown;
  /** Resources that are replaced because one they were made from is: deleted before it, created again after it. */
  private readonly dragged = new Set<string>();

  constructor(
    private readonly mode: "preview" | "up",
    private readonly state: State,
    private readonly providers: Providers,
    private readonly progress: Progress,
    private readonly signal: AbortSignal,
    /** The preview of the same program, which knows before this run does what the program doesn't have any more. */
    private readonly foreseen?: Deployment,
    private readonly policies?: Pick<PolicyPack, "begin">,
  ) {}

  /** Whether an "up" would do anything, be it only to clean up after an interrupted run. */
  get changes(): boolean {
    return this.steps.some((step) => step.action !== "same") || this.state.pending.length > 0;
  }

  /** Handles one resource. After a failure every further one is refused with the same error. */
  register(registration: Registration): Promise<Registered> {
    const turn = this.queue;
    let next: () => void = () => undefined;
    this.queue = new Promise((resolve) => {
      next = resolve;
    });
    const result = turn.then(() => this.take(registration, next));
    const ended = result
      .catch((error) => {
        this.failure ??= error;
      })
      .finally(next);
    this.underWay.add(ended);
    ended.then(() => this.underWay.delete(ended));
    return result;
  }

  /** @param next lets the next resource begin; at the latest when this one is there */
  private async take(registration: Registration, next: () => void): Promise<Registered> {
    if (this.failure) throw this.failure;
    const { urn, type, name } = registration;
    if (this.taken.has(urn)) throw new UserError(`Two resources of type ${type} are named ${name}: names must differ.`);
    this.taken.add(urn);
    const done = registration.custom ? await this.handle(registration, next) : group(registration);
    this.registered.set(urn, done);
    this.policies?.begin(done);
    return done;
  }

  registerOutputs(urn: string, outputs: Properties): void {
    const registered = this.registered.get(urn);
    if (!registered) return;
    this.registered.set(urn, { ...registered, outputs });
    if (registered.registration.type === STACK_TYPE) this.outputs = outputs;
  }

  /** Resolves when no step is under way; throws what the first failed one threw. */
  async settled(): Promise<void> {
    while (this.underWay.size > 0) await Promise.all(this.underWay);
    if (this.failure) throw this.failure;
  }

  /** Removes what interrupted or failed runs left half-made. Data (`retainOnDelete`) stays and is adopted later. */
  async mend(): Promise<void> {
    for (const { operation, resource } of this.state.pending) {
      if (operation === "create" && !resource.retainOnDelete) {
        const provider = this.provider(resource.type);
        const id = await provider.find?.(unpack(resource.inputs).plain);
        if (id !== undefined) {
          this.progress.begin(`removing ${label(resource)}, which an earlier run left unfinished`);
          await this.attempt(label(resource), "removed", () => provider.delete(id, {}, this.context()));
          this.progress.done(`${label(resource)} removed (left unfinished by an earlier run)`);
        }
      }
      // An update or deletion that was under way needs nothing: the resource is in the state and is looked at again.
      this.state.finish(resource.urn, this.state.find(resource.urn));
    }
  }

  /** After the program ended well: deletes what is no longer in it and keeps its outputs. */
  async complete(): Promise<void> {
    const left = this.state.resources.filter(({ urn }) => !this.registered.has(urn));
    for (const resource of deletionOrder(left)) {
      this.steps.push({ action: "delete", urn: resource.urn, type: resource.type, name: resource.name, changed: [] });
      if (this.mode === "up") await this.delete(resource);
    }
    if (this.mode === "up") this.state.setOutputs(this.outputs);
  }

  /** Deletes one resource, or lets go of it when its data is to be kept and `withData` isn't set. */
  async delete(resource: ResourceState, withData = false): Promise<void> {
    const name = label(resource);
    if (resource.protect) throw new UserError(`${name} is protected: set protect to false in the program first.`);
    if (resource.retainOnDelete && !withData) {
      this.state.finish(resource.urn, undefined);
      this.progress.say(`  ${name} kept`);
      return;
    }
    this.progress.begin(`deleting ${name}`);
    this.state.begin("delete", resource);
    const outputs = unpack(resource.outputs).plain;
    await this.attempt(name, "deleted", () =>
      this.provider(resource.type).delete(resource.id, outputs, this.context()),
    );
    this.state.finish(resource.urn, undefined);
    this.report(`${name} deleted`, resource.type, true);
  }

  private async handle(wanted: Registration, next: () => void): Promise<Registered> {
    const provider = this.provider(wanted.type);
    this.progress.hide(secretTexts(unpack(wanted.properties)));
    const dragged = this.dragged.has(wanted.urn);
    const old = this.mode === "preview" && dragged ? undefined : await this.present(wanted.urn, provider);
    let plan: Plan;
    try {
      plan = planChange(wanted, provider, old);
    } catch (error) {
      throw new UserError(`${label(wanted)}: ${messageOf(error)}`, { cause: error });
    }
    const { changed } = plan;
    const action = plan.action === "create" && dragged ? "replace" : plan.action;
    this.steps.push({ action, urn: wanted.urn, type: wanted.type, name: wanted.name, changed });

    if (plan.action === "replace" && old) {
      if (old.protect)
        throw new UserError(`${label(old)} is protected, but this change (${changed.join(", ")}) would replace it.`);
      if (this.mode === "up") await this.rightMoment(old, provider);
      if (wanted.deleteBeforeReplace) await this.dragDependents(old);
      if (this.mode === "up") await this.delete(old);
    }
    return this.mode === "preview"
      ? preview(wanted, plan, old, provider)
      : this.apply(wanted, plan, old, provider, dragged, next);
  }

  private async apply(
    wanted: Registration,
    plan: Plan,
    old: ResourceState | undefined,
    provider: ResourceProvider,
    again: boolean,
    next: () => void,
  ): Promise<Registered> {
    const { urn, type, name, propertyDependencies, protect, retainOnDelete } = wanted;
    const dependencies = this.dependenciesOf(wanted);
    const { inputs, secrets } = plan;
    const packed = pack(inputs, secrets);
    const resource = { urn, type, name, inputs: packed, dependencies, propertyDependencies, protect, retainOnDelete };
    const finish = (id: string, outputs: Properties): Registered => {
      this.progress.hide(secretTexts({ plain: outputs, secrets: [...secrets] }));
      const present: ResourceState = { ...resource, id, outputs: pack(outputs, secrets) };
      if (JSON.stringify(present) !== JSON.stringify(old)) this.state.finish(urn, present);
      return { registration: wanted, id, inputs: packed, outputs: present.outputs };
    };

    if (plan.action === "same" && old) return finish(old.id, unpack(old.outputs).plain);
    if (plan.action === "update" && old) {
      this.progress.begin(`changing ${label(wanted)}`);
      this.state.begin("update", old);
      const update = provider.update?.bind(provider) as NonNullable<ResourceProvider["update"]>;
      const outputs = await this.attempt(label(wanted), "changed", () =>
        update(old.id, inputs, unpack(old.outputs).plain, this.context()),
      );
      this.progress.done(`${label(wanted)} changed (${plan.changed.join(", ")})`);
      return finish(old.id, outputs);
    }

    const step = this.progress.beside(`creating ${label(wanted)}`);
    if (!retainOnDelete && (await provider.find?.(inputs)) !== undefined) {
      this.progress.end(step);
      throw new UserError(
        `${label(wanted)} exists already, but this stack's state doesn't know it: the state was lost, or another engine made it. ` +
          "`npm run destroy` removes it (the data stays).",
      );
    }
    this.state.begin("create", { ...resource, id: "", outputs: {} });
    const how = plan.action === "replace" || again ? "replaced" : "created";
    if (how === "created") next();
    const create = () => provider.create(inputs, this.context(step));
    const created = await this.attempt(label(wanted), "created", create, step);
    const ready = inputs.wait === true ? " and ready" : "";
    const registered = finish(created.id, created.outputs);
    this.report(`${label(wanted)} ${how}${ready}`, type, how === "created", step);
    return registered;
  }

  /** A change must not take away the last one that works. What is to go doesn't count, and may be gone already. */
  private async rightMoment(old: ResourceState, provider: ResourceProvider): Promise<void> {
    const stays = ({ urn }: ResourceState) => this.foreseen?.registered.has(urn) ?? true;
    const others = this.state.resources
      .filter((each) => each.type === old.type && each.urn !== old.urn && stays(each))
      .map(({ id }) => id);
    this.progress.begin(`changing ${label(old)}`);
    await this.attempt(label(old), "changed", async () => provider.beforeReplace?.(old.id, others, this.context()));
  }

  /** What the state says and, where it can be looked up, still exists. */
  private async present(urn: string, provider: ResourceProvider): Promise<ResourceState | undefined> {
    const known = this.state.find(urn);
    if (!known || !provider.read) return known;
    const outputs = unpack(known.outputs);
    const present = await provider.read(known.id, outputs.plain);
    if (present) return { ...known, outputs: pack(present, outputs.secrets) };
    if (this.mode === "up") this.state.finish(urn, undefined);
    return undefined;
  }

  /** Pulumi's rule: a resource that is deleted before its replacement takes along those its value would replace. */
  private async dragDependents(resource: ResourceState): Promise<void> {
    const found: ResourceState[] = [];
    const search = (urn: string) => {
      for (const candidate of this.state.resources) {
        if (this.registered.has(candidate.urn) || found.includes(candidate)) continue;
        const keys = Object.keys(candidate.propertyDependencies).filter((key) =>
          candidate.propertyDependencies[key]?.includes(urn),
        );
        if (!keys.some((key) => wouldReplace(this.provider(candidate.type), candidate, key))) continue;
        found.push(candidate);
        search(candidate.urn);
      }
    };
    search(resource.urn);
    for (const dependent of deletionOrder(found)) {
      this.dragged.add(dependent.urn);
      if (this.mode === "up") await this.delete(dependent);
    }
  }

  /** Its own and those of the components it is part of: it waited for them all. */
  private dependenciesOf({ dependencies, parent }: Registration): string[] {
    const component = this.registered.get(parent)?.registration;
    return [...new Set([...dependencies, ...(component ? this.dependenciesOf(component) : [])])];
  }

  private provider(type: string): ResourceProvider {
    const provider = this.providers[type];
    if (provider) return provider;
    throw new UserError(
      `The built-in engine doesn't know the resource type ${type}. It knows ${Object.keys(this.providers).join(", ")}; ` +
        "for everything else install the Pulumi CLI.",
    );
  }

  /** What lives in the state only (keys, certificates, passwords) is worth a line when an existing one changes. */
  private report(message: string, type: string, routine: boolean, step?: ProgressStep): void {
    if (!routine || this.provider(type).read || this.progress.verbose) this.progress.done(message, step);
    else if (step) this.progress.end(step);
    else this.progress.stop();
  }

  private context(step?: ProgressStep): CreateContext {
    return { progress: (message) => this.progress.note(message, step), signal: this.signal };
  }

  private async attempt<T>(name: string, what: string, act: () => Promise<T>, step?: ProgressStep): Promise<T> {
    if (this.signal.aborted) throw new Interrupted();
    try {
      return await act();
    } catch (error) {
      if (this.signal.aborted) throw new Interrupted();
      this.progress.failed(`${name} could not be ${what}`, step);
      throw new UserError(`${name} could not be ${what}: ${messageOf(error)}`, { cause: error });
    }
  }
}
