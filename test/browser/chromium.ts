/**
 * Where Chromium is. Installs Debian's package when it is missing and this may be done; otherwise the run fails with the command to
 * type. Starts no browser.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';

const PATHS = ['/usr/bin/chromium', '/usr/bin/chromium-browser'];
const INSTALL = 'apt-get update && apt-get install -y chromium';

/** @throws with the command that installs it. */
export function chromiumPath(): string {
  const found = PATHS.find((path) => existsSync(path));
  if (found) return found;
  throw new Error(`Browser tests need Chromium. Install it as root with: ${INSTALL}`);
}

/** Once before all browser tests. */
export async function setup(): Promise<void> {
  const mayInstall = process.getuid?.() === 0 && existsSync('/etc/debian_version');
  if (mayInstall && !PATHS.some((path) => existsSync(path))) {
    const child = spawn('sh', ['-c', INSTALL], { stdio: 'inherit', env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive' } });
    await once(child, 'exit');
  }
  chromiumPath();
}
