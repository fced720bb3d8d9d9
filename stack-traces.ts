// The SDK notes with each of its promises where it was made, for a message about forgotten ones that shows them only if this
// variable is set. To find the lines of all these in the sources took a third of a preview's time: they have no message, so
// they get no lines. Errors do.
const inSources = Error.prepareStackTrace;
if (inSources && !process.env.PULUMI_DEBUG_PROMISE_LEAKS) {
  Error.prepareStackTrace = (error, frames) => (error.message === "" ? String(error) : inSources(error, frames));
}

export {};
