import { fixedFile, type MachineFile } from "./file";

/** A service that is configured here: its unit, or what is added to Debian's. */
const CONFIGURED = /^\/etc\/systemd\/system\/([^/]+\.service)(\.d\/machine\.conf)?$/;

/**
 * Takes away from every service that these files configure what it has no use for. One that has a sandbox of its own, which
 * begins with ProtectSystem, keeps that.
 */
export function sandboxed(files: readonly MachineFile[]): MachineFile[] {
  const sandbox = fixedFile("/usr/local/share/machine/sandbox.conf");
  const units = files.flatMap(({ path, content }) => {
    const [, unit] = CONFIGURED.exec(path) ?? [];
    return unit && !/^ProtectSystem=/m.test(content) ? [unit] : [];
  });
  // before machine.conf, so that exceptions can stand there
  return [...files, ...units.map((unit) => ({ ...sandbox, path: `/etc/systemd/system/${unit}.d/10-sandbox.conf` }))];
}
