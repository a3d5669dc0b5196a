/**
 * Waits until the process that started it is gone, then stops the PostgreSQL in the given directory and removes it. Does nothing
 * when that was done already: it is for runs that are killed.
 */
import { existsSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { openCluster } from '../../src/store/postgres-cluster.ts';

const dataDir = process.argv[2];
process.stdin.resume();
process.stdin.once('close', () => void reap());

async function reap(): Promise<void> {
  if (!dataDir || !existsSync(dataDir)) return;
  try {
    await (await openCluster(dataDir)).stop();
  } finally {
    await rm(dataDir, { recursive: true, force: true });
  }
}
