/** A mistake or a situation a person can do something about: shown as its message, without a stack trace. */
export class UserError extends Error {}

/** A person pressed Ctrl-C (or the process was told to end). */
export class Interrupted extends Error {
  constructor() {
    super("interrupted");
  }
}

/** The text of anything thrown, for people. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
