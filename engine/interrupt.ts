/**
 * Turns Ctrl-C (and a request to end) into an AbortSignal, so that the step under way can stop and the state is
 * written. A second Ctrl-C ends at once: the state on disk says what was under way.
 */
export function interruptSignal(onInterrupt: () => void): AbortSignal {
  const controller = new AbortController();
  const interrupt = () => {
    if (controller.signal.aborted) process.exit(130);
    controller.abort();
    onInterrupt();
  };
  for (const name of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.on(name, interrupt);
  return controller.signal;
}
