// Loaded into a child process of the engine: ends it when the engine is gone, even after a kill -9, because then the
// engine's end of this pipe is closed. That alone must not keep the child alive (`unref`): one that fails is to end.
process.stdin.on("end", () => process.exit()).resume();
process.stdin.unref();
