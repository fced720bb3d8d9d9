/** Plain property values, as a Pulumi program passes them: secrets unwrapped, nothing unknown. */
// biome-ignore lint/suspicious/noExplicitAny: the properties of a resource are whatever its type says
export type Properties = Record<string, any>;

export interface Difference {
  /** Names of the top-level inputs that changed. Empty: nothing to do. */
  readonly changed: string[];
  /** Those of them that only a replacement can change. */
  readonly replace: string[];
}

export interface CreateContext {
  /** Shows one line of what is going on right now ("waiting: mysql is starting"). */
  progress(message: string): void;
  /** Aborts when a person presses Ctrl-C. */
  readonly signal: AbortSignal;
}

export interface Created {
  readonly id: string;
  /** All outputs of the resource, the inputs among them. */
  readonly outputs: Properties;
}

/**
 * Creates, compares and deletes one type of resource, as the Pulumi provider of that type would. Small on purpose: only
 * what the docker target uses; an input it doesn't know is refused by `check`, never ignored.
 */
export interface ResourceProvider {
  /** Fills in defaults. Throws an Error that names the property when an input is unknown to this engine or wrong. */
  check(inputs: Properties): Properties;
  /** Compares checked inputs. May look at the clock (certificates that end soon are replaced). */
  diff(oldInputs: Properties, newInputs: Properties, oldOutputs: Properties): Difference;
  create(inputs: Properties, context: CreateContext): Promise<Created>;
  /** Changes in place; only called when `diff` asked for no replacement. */
  update?(id: string, inputs: Properties, oldOutputs: Properties, context: CreateContext): Promise<Properties>;
  /** The present outputs, or undefined when the resource is gone. Absent: the resource lives in the state only. */
  read?(id: string, outputs: Properties): Promise<Properties | undefined>;
  /** What an interrupted `create` with these inputs left behind, found by name and label; undefined when nothing. */
  find?(inputs: Properties): Promise<string | undefined>;
  /**
   * Called before a replacement takes the resource away, with the ids of all others of its type: waits for the right moment.
   * Throws an Error when it doesn't come; then nothing is changed.
   */
  beforeReplace?(id: string, others: readonly string[], context: CreateContext): Promise<void>;
  /** Succeeds when the resource is gone already. */
  delete(id: string, outputs: Properties, context: CreateContext): Promise<void>;
  /** Outputs that are secret whatever the inputs were. */
  readonly secretOutputs?: readonly string[];
}
