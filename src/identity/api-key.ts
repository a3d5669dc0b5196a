/**
 * Partners' API keys: shown once when made, kept as a SHA-256 and the start people recognise them by. Keys carry 256 random bits,
 * so a fast hash is enough and finding the row by it reveals nothing. Decides who calls, never what they may do.
 */
import { createHash, randomBytes } from 'node:crypto';
import type { Clock } from '../foundation/clock.ts';
import { AppError } from '../foundation/errors.ts';
import { newId } from '../foundation/ids.ts';
import type { Database } from '../store/database.ts';
import { partnerViewer, type Viewer } from '../store/viewer.ts';

const KEY_PATTERN = /^pk_(test|live)_[A-Za-z0-9_-]{43}$/;
/** `pk_test_` and four more characters: enough to tell keys apart in a list, far too little to guess the rest. */
const PREFIX_CHARS = 12;
/** `lastUsedAt` is for people; one write a minute keeps a busy key from writing on every request. */
const LAST_USED_MS = 60_000;

export interface NewApiKey {
  readonly partnerId: string;
  /** What people call it. */
  readonly name: string;
  readonly test: boolean;
  readonly expiresAt?: Date;
}

/** Makes a key and its row. The returned `key` exists nowhere else: show it once. */
export async function createApiKey(database: Database, input: NewApiKey): Promise<{ readonly id: string; readonly key: string }> {
  const key = `pk_${input.test ? 'test' : 'live'}_${randomBytes(32).toString('base64url')}`;
  const id = newId('key');
  await database.apiKey.create({
    data: {
      id,
      partnerId: input.partnerId,
      name: input.name,
      prefix: key.slice(0, PREFIX_CHARS),
      hash: hashOf(key),
      test: input.test,
      expiresAt: input.expiresAt ?? null,
    },
  });
  return { id, key };
}

/** The partner behind a key. @throws AppError UNAUTHENTICATED, the same for unknown, revoked and expired keys. */
export async function verifyApiKey(database: Database, key: string, clock: Clock): Promise<{ readonly viewer: Viewer; readonly expiresAt: Date | null }> {
  // The hash is computed and looked up for malformed keys too, so that the answer's time tells nothing about their form.
  const row = await database.apiKey.findUnique({ where: { hash: hashOf(key) } });
  const now = clock.now();
  if (!row || !KEY_PATTERN.test(key) || row.revokedAt || (row.expiresAt && row.expiresAt <= now)) {
    throw new AppError('UNAUTHENTICATED', 'This API key is not valid.');
  }
  const stale = new Date(now.getTime() - LAST_USED_MS);
  if (!row.lastUsedAt || row.lastUsedAt < stale) {
    await database.apiKey.updateMany({ where: { id: row.id, OR: [{ lastUsedAt: null }, { lastUsedAt: { lt: stale } }] }, data: { lastUsedAt: now } });
  }
  return { viewer: partnerViewer({ partnerId: row.partnerId, keyId: row.id }), expiresAt: row.expiresAt };
}

function hashOf(key: string): string {
  return createHash('sha256').update(key).digest('hex');
}
