// What the SDK does for those who look for its own mistakes, and everybody waits for. Imported before anything is registered.
import * as log from "@pulumi/pulumi/log";

// It notes with each of its promises where it was made, for a message about forgotten ones that shows them only if this
// variable is set. To find the lines of all these in the sources took a third of a preview's time: they have no message, so
// they get no lines. Errors do.
const inSources = Error.prepareStackTrace;
if (inSources && !process.env.PULUMI_DEBUG_PROMISE_LEAKS) {
  Error.prepareStackTrace = (error, frames) => (error.message === "" ? String(error) : inSources(error, frames));
}

// It tells the engine of each step with each resource, hundreds of times, one call after the other, and the program ends when
// the last one is answered. Only `pulumi --debug` shows them, together with this variable.
if (!process.env.PULUMI_DEBUG_MESSAGES) {
  Object.assign(log, { debug: () => Promise.resolve() });
}
