import { installPackages, type Show } from "./apt";
import { runCommand } from "./command";
import { describeHost, type Host } from "./host";

interface Tool {
  /** The names it goes by. */
  readonly programs: readonly string[];
  /** An argument that it ends with exit status 0 for. @default --version */
  readonly harmless?: string;
  readonly packageName: string;
  /** Where the package really holds the program: Ubuntu's chromium is only a pointer to another package system. */
  readonly distributions: readonly string[];
  readonly without: string;
}

const tools: readonly Tool[] = [
  {
    programs: ["shellcheck"],
    packageName: "shellcheck",
    distributions: ["debian", "ubuntu"],
    without: "the shell programs are not checked",
  },
  {
    programs: ["chromium", "chromium-browser", "google-chrome"],
    packageName: "chromium",
    distributions: ["debian"],
    without: "the page is not looked at in a browser",
  },
  {
    // an ACME server for tests, by Let's Encrypt
    programs: ["pebble"],
    harmless: "-h",
    packageName: "pebble",
    distributions: ["debian", "ubuntu"],
    without: "getting certificates from an ACME directory is not tried, and those tests fail",
  },
  {
    // test/aws/lab.ts installs moto and awscli by it, below .state
    programs: ["pip3"],
    packageName: "python3-pip",
    distributions: ["debian", "ubuntu"],
    without: "what machines ask of AWS is not tried, and those tests fail",
  },
];

/**
 * Installs what the tests need besides npm's packages, where that is possible (as root on Debian). Returns a sentence for
 * each tool that is missing all the same, and what isn't tested without it. Never fails.
 */
export async function ensureTestTools(show: Show): Promise<string[]> {
  const host = describeHost();
  const missing: string[] = [];
  for (const tool of tools) {
    if (await isPresent(tool)) continue;
    const installable = canInstall(host, tool);
    const error = installable ? await tryToInstall(tool, show) : undefined;
    if (!installable || error) missing.push(missingTool(host, tool, error));
  }
  return missing;
}

async function isPresent({ programs, harmless = "--version" }: Tool): Promise<boolean> {
  for (const program of programs) {
    if ((await runCommand(program, [harmless], { timeout: 10_000 })).exitCode === 0) return true;
  }
  return false;
}

function canInstall(host: Host, { distributions }: Tool): boolean {
  return host.isRoot && distributions.includes(host.distribution);
}

async function tryToInstall({ packageName }: Tool, show: Show): Promise<string | undefined> {
  try {
    await installPackages([packageName], show);
    return undefined;
  } catch (error) {
    return (error as Error).message;
  }
}

function missingTool(host: Host, { packageName, distributions, without }: Tool, error: string | undefined): string {
  if (error) return `${packageName} is missing, so ${without}: ${error}`;
  const remedy = distributions.includes(host.distribution) ? `sudo apt-get install -y ${packageName}` : "install it";
  return `${packageName} is missing, so ${without} (${remedy}).`;
}
