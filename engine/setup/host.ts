import { readFileSync } from "node:fs";

/** What the set-up needs to know about the computer it runs on. */
export interface Host {
  readonly platform: NodeJS.Platform;
  /** True when this process may install packages and start services. */
  readonly isRoot: boolean;
  /** `debian`, `ubuntu` …, empty where there is no /etc/os-release. */
  readonly distribution: string;
  /** Code name of the release, such as `bookworm`; may be empty. */
  readonly codename: string;
}

export function describeHost(): Host {
  const release = osRelease();
  return {
    platform: process.platform,
    isRoot: process.getuid?.() === 0,
    distribution: release.ID ?? "",
    codename: release.VERSION_CODENAME ?? "",
  };
}

/** True where we can install packages ourselves. */
export function canInstallPackages(host: Host): boolean {
  return host.isRoot && usesApt(host);
}

export function usesApt(host: Host): boolean {
  return host.platform === "linux" && ["debian", "ubuntu"].includes(host.distribution);
}

/** The lines `NAME=value` or `NAME="value"` of /etc/os-release. */
function osRelease(): Record<string, string | undefined> {
  let text = "";
  try {
    text = readFileSync("/etc/os-release", "utf8");
  } catch {
    // No Linux, or a very bare one: nothing is known about it.
  }
  return Object.fromEntries(
    [...text.matchAll(/^([A-Z_]+)="?([^"\n]*)"?$/gm)].map(([, name, value]) => [name as string, value]),
  );
}
