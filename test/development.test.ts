/** What only development has: the secret that is made once. */
import { mkdtemp, readdir, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { keepSecret } from '../src/development.ts';

describe('the secret of a development instance', () => {
  let dataDir = '';
  beforeEach(async () => {
    dataDir = await mkdtemp(join(tmpdir(), 'parley-secret-'));
  });
  afterEach(() => rm(dataDir, { recursive: true, force: true }));

  it('is one for all that start for the first time at once, whole for each, and readable by this user alone', async () => {
    const secrets = await Promise.all(Array.from({ length: 50 }, () => keepSecret(join(dataDir, 'new'))));
    expect(new Set(secrets).size).toBe(1);
    expect(secrets[0]?.length).toBeGreaterThanOrEqual(32);
    expect(await readdir(join(dataDir, 'new'))).toEqual(['jwt-secret']);
    expect((await stat(join(dataDir, 'new', 'jwt-secret'))).mode & 0o777).toBe(0o600);
    expect(await keepSecret(join(dataDir, 'new'))).toBe(secrets[0]);
  });

  it('is another one for each purpose', async () => {
    const [tokens, webhooks] = await Promise.all([keepSecret(dataDir), keepSecret(dataDir, 'webhook-key')]);
    expect(webhooks).not.toBe(tokens);
    expect(await keepSecret(dataDir, 'webhook-key')).toBe(webhooks);
    expect((await stat(join(dataDir, 'webhook-key'))).mode & 0o777).toBe(0o600);
  });

  it('that was emptied is refused by the name of its file', async () => {
    await writeFile(join(dataDir, 'jwt-secret'), '');
    await expect(keepSecret(dataDir)).rejects.toThrow('jwt-secret');
  });
});
