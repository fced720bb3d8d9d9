// What the SDK does for those who look for its own mistakes, and everybody waits for. Imported before anything is registered.
import * as pulumi from "@pulumi/pulumi";
import * as log from "@pulumi/pulumi/log";

const debuggable = require("@pulumi/pulumi/runtime/debuggable") as {
  debuggablePromise<T>(promise: Promise<T>, context: unknown): Promise<T>;
};

// It notes with each of its promises, dozens for each resource, where it was made, for a message about forgotten ones that
// shows it only if this variable is set. It still finds the forgotten ones.
if (!process.env.PULUMI_DEBUG_PROMISE_LEAKS) {
  const { debuggablePromise } = debuggable;
  debuggable.debuggablePromise = (promise, context) => {
    const { stackTraceLimit } = Error;
    Error.stackTraceLimit = 0;
    try {
      return debuggablePromise(promise, context);
    } finally {
      Error.stackTraceLimit = stackTraceLimit;
    }
  };
}

// It looks up for each resource in source maps which lines made it, all the way down. Errors say so themselves.
Object.assign(pulumi.Resource, { stackTrace: () => [] });

// It tells the engine of each step with each resource, hundreds of times, one call after the other, and the program ends when
// the last one is answered. Only `pulumi --debug` shows them, together with this variable.
if (!process.env.PULUMI_DEBUG_MESSAGES) {
  Object.assign(log, { debug: () => Promise.resolve() });
}
