// Loaded into a child process of the engine: ends it when the engine is gone, even after a kill -9, because then the
// engine's end of this pipe is closed.
process.stdin.on("end", () => process.exit()).resume();
