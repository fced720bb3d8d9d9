// Runs a command of the project after making sure that its npm dependencies are there. Plain Node without any of them.
//
// Usage: node bin/run.mjs COMMAND [OPTIONS]      (what the scripts in package.json call)
import { spawn } from "node:child_process";
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";

const signals = ["SIGINT", "SIGTERM", "SIGHUP"];
const root = join(dirname(fileURLToPath(import.meta.url)), "..");

/** Whether a version such as "20.19.1" satisfies a range such as ">=20.19"; no other kind of range is understood. */
export function satisfies(version, range) {
  const wanted = range.replace(">=", "").trim().split(".").map(Number);
  const present = version.split(".").map(Number);
  for (const [index, number] of wanted.entries()) {
    if (present[index] !== number) return present[index] > number;
  }
  return true;
}

/**
 * Why the dependencies in a project's node_modules have to be installed; undefined when they are as package-lock.json says.
 * Packages for other platforms (optional ones) may be absent.
 */
export function whyStale(project) {
  const modules = join(project, "node_modules");
  if (existsSync(guardFile(project))) return "an earlier installation was interrupted";
  if (!existsSync(modules)) return "they are missing";
  const wanted = packagesIn(join(project, "package-lock.json"));
  if (!wanted) return "package-lock.json can't be read";
  const installed = packagesIn(join(modules, ".package-lock.json"));
  if (!installed) return "npm didn't finish installing them";
  for (const [path, entry] of Object.entries(wanted)) {
    if (path === "") continue;
    const present = installed[path];
    if (!present && !entry.optional && !entry.devOptional) return `${path} is missing`;
    if (present && present.version !== entry.version) return `${path} has another version`;
    if (present && present.integrity !== entry.integrity) return `${path} has another content`;
  }
  return undefined;
}

function packagesIn(lockFile) {
  try {
    return JSON.parse(readFileSync(lockFile, "utf8")).packages;
  } catch {
    return undefined;
  }
}

/** Is there while `npm ci` runs, with its process number: whoever finds it later knows that it was interrupted. */
function guardFile(project) {
  return join(project, ".state", ".npm-ci");
}

async function installDependencies(reason) {
  const since = Date.now();
  console.log(`Installing npm dependencies (${reason}) …`);
  const npm = spawn("npm", ["ci", "--include=dev", "--no-audit", "--no-fund", "--loglevel=error"], {
    cwd: root,
    // Nothing of it is of interest unless it fails.
    stdio: ["ignore", "pipe", "pipe"],
    shell: process.platform === "win32",
  });
  let output = "";
  for (const stream of [npm.stdout, npm.stderr]) stream.on("data", (chunk) => (output += chunk));
  npm.once("error", (error) => (output += error.message));
  mkdirSync(dirname(guardFile(root)), { recursive: true, mode: 0o700 });
  writeFileSync(guardFile(root), `${npm.pid ?? ""}`);

  let interrupted = false;
  const stop = () => {
    interrupted = true;
    npm.kill("SIGTERM");
  };
  for (const signal of signals) process.on(signal, stop);
  const code = await new Promise((resolve) => npm.once("close", resolve));
  for (const signal of signals) process.off(signal, stop);

  if (interrupted) process.exit(130);
  if (code !== 0) fail(`\`npm ci\` failed:\n${output.trim()}`);
  rmSync(guardFile(root), { force: true });
  console.log(`  ✔ npm dependencies  ${((Date.now() - since) / 1000).toFixed(1)} s`);
}

/** Two at once would destroy each other's work: one that is at work, even without the run that started it, is waited for. */
async function waitForOtherInstallation() {
  let told = false;
  while (isAlive(Number(readIfThere(guardFile(root))))) {
    if (!told) console.log("Waiting for another `npm ci` in this directory …");
    told = true;
    await new Promise((resolve) => setTimeout(resolve, 500));
  }
}

function readIfThere(path) {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return "";
  }
}

function isAlive(processId) {
  if (!processId) return false;
  // A number is soon given to another program; where that can be seen, it is looked at.
  const commandLine = readIfThere(`/proc/${processId}/cmdline`);
  if (existsSync("/proc/self/cmdline")) return commandLine.includes("npm");
  try {
    process.kill(processId, 0);
    return true;
  } catch {
    return false;
  }
}

function fail(message) {
  console.error(message);
  process.exit(1);
}

function runEngine(args) {
  const engine = spawn(process.execPath, ["--import", "tsx", join(root, "engine", "main.ts"), ...args], {
    cwd: root,
    stdio: "inherit",
  });
  // A terminal sends Ctrl-C to the engine as well as to us: we only have to survive it. Other signals come to us alone.
  const terminal = [process.stdin, process.stdout, process.stderr].some((stream) => stream.isTTY);
  process.on("SIGINT", () => {
    if (!terminal) engine.kill("SIGINT");
  });
  for (const signal of signals.slice(1)) process.on(signal, () => engine.kill(signal));
  engine.once("error", (error) => fail(`Node could not be started again: ${error.message}`));
  engine.once("close", (code, signal) => process.exit(code ?? (signal === "SIGINT" ? 130 : 1)));
}

async function main() {
  const { engines } = JSON.parse(readFileSync(join(root, "package.json"), "utf8"));
  if (!satisfies(process.versions.node, engines.node)) {
    fail(
      `Node ${engines.node.replace(">=", "")} or newer is needed; this is ${process.versions.node}. ` +
        "Install a newer one (https://nodejs.org), then try again.",
    );
  }
  await waitForOtherInstallation();
  const reason = whyStale(root);
  if (reason) await installDependencies(reason);
  runEngine(process.argv.slice(2));
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? "").href) await main();
