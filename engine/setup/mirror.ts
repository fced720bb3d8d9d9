import { runCommand } from "./command";
import type { Host } from "./host";

/** Where Debian 13 can be had for this host: the same places that the host itself has its packages from. */
export interface Mirrors {
  readonly main: string;
  readonly security?: string;
}

/**
 * Derives Debian's mirror from the host's own apt sources, in both their styles, as apt itself reads them. Undefined when
 * the host isn't Debian or has no ordinary source: Debian's own default will do then. `aptOptions` are for tests.
 */
export async function debianMirrors(host: Host, aptOptions: readonly string[] = []): Promise<Mirrors | undefined> {
  if (host.distribution !== "debian" || host.codename === "") return undefined;
  const format = "$(REPO_URI) $(RELEASE) $(COMPONENT)";
  const targets = ["indextargets", "--no-release-info", "--format", format, "Created-By: Packages"];
  const { exitCode, output } = await runCommand("apt-get", [...aptOptions, ...targets]);
  if (exitCode !== 0) return undefined;
  return chooseMirrors(output, host.codename);
}

/** Lines are `URI RELEASE COMPONENT`. */
function chooseMirrors(targets: string, codename: string): Mirrors | undefined {
  const sources = targets
    .split("\n")
    .map((line) => line.trim().split(" "))
    .filter(([uri, , component]) => component === "main" && /^https?:/.test(uri ?? ""))
    .map(([uri, release]) => ({ uri: uri as string, release }));
  const of = (release: string) => sources.filter((source) => source.release === release).map(({ uri }) => uri);
  // Other people's repositories have a `main` for the release too; Debian's mirrors alone have its updates, or are
  // called as all of them are.
  const updates = of(`${codename}-updates`);
  const main = of(codename).find((uri) => updates.includes(uri) || /\/debian\/?$/.test(uri));
  if (!main) return undefined;
  const [security] = of(`${codename}-security`);
  return { main, ...(security && { security }) };
}
