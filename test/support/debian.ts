/**
 * Programs that tests drive and npm does not bring. One that is missing is installed where that disturbs nobody: as root, on Debian,
 * in a container (a machine with services of its own is its owner's to change). Otherwise the run fails with the command to type.
 */
import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { promisify } from 'node:util';

const INSTALL_MS = 240_000;
const run = promisify(execFile);

/**
 * @param versionOption What makes the program print its version and end.
 * @throws with the command that installs it.
 */
export async function requireProgram(program: string, versionOption: string, debianPackage: string): Promise<void> {
  const isThere = () =>
    run(program, [versionOption]).then(
      () => true,
      () => false,
    );
  if (await isThere()) return;
  const install = ['install', '-y', '--no-install-recommends', debianPackage];
  let cause: unknown = null;
  if (process.getuid?.() === 0 && existsSync('/etc/debian_version') && !existsSync('/run/systemd/system')) {
    const options = { env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive' }, timeout: INSTALL_MS / 2 };
    try {
      await run('apt-get', ['update', '-qq'], options);
      // Others may be installing too.
      await run('apt-get', ['-o', 'DPkg::Lock::Timeout=100', ...install], options);
    } catch (error) {
      cause = error;
    }
    if (await isThere()) return;
  }
  throw new Error(`These tests need a real ${program}. Install it as root with: apt-get update && apt-get ${install.join(' ')}`, { cause });
}
