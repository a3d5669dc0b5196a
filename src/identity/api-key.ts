/**
 * Partners' API keys: shown once when made, kept as a SHA-256 and the start people recognise them by. Decides who calls, from where, and
 * what the key is good for; what that opens is decided where it is asked for. Keys are made, replaced and revoked in desk/api-key.ts.
 */
import type { Clock } from '../foundation/clock.ts';
import { AppError } from '../foundation/errors.ts';
import { newId } from '../foundation/ids.ts';
import type { Database } from '../store/database.ts';
import { KEY_SCOPES, keyScopes } from '../store/key-scopes.ts';
import { isWithin } from '../store/network.ts';
import type { Scope } from '../store/roles.ts';
import type { PartnerViewer } from '../store/viewer.ts';
import { hasKeyForm, keyHashOf, mintApiKey } from './api-key-form.ts';

/** `lastUsedAt` is for people; one write a minute keeps a busy key from writing on every request. */
const LAST_USED_MS = 60_000;

export interface NewApiKey {
  readonly partnerId: string;
  /** What people call it. */
  readonly name: string;
  readonly test: boolean;
  readonly expiresAt?: Date;
  /** All that a partner's key can have when left out. */
  readonly scopes?: readonly Scope[];
  /** Networks; from anywhere when left out. */
  readonly allowList?: readonly string[];
}

/** Makes a key and its row, without asking who wants it. The returned `key` exists nowhere else: show it once. */
export async function createApiKey(database: Database, input: NewApiKey): Promise<{ readonly id: string; readonly key: string }> {
  const { partnerId, name, test, expiresAt = null, scopes = KEY_SCOPES, allowList = [] } = input;
  const { key, prefix, hash } = mintApiKey(test);
  const id = newId('key');
  await database.apiKey.create({ data: { id, partnerId, name, prefix, hash, test, expiresAt, scopes: [...scopes], allowList: [...allowList] } });
  return { id, key };
}

/**
 * The partner behind a key.
 * @param address Where the caller is; null when that is not known, and then a key with an allow-list is refused.
 * @throws AppError UNAUTHENTICATED, in the same words whether the key is unknown, misspelt, revoked, expired or used from elsewhere:
 * whoever has found one does not learn that it is good for something.
 */
export async function verifyApiKey(
  database: Database,
  key: string,
  clock: Clock,
  address: string | null = null,
): Promise<{ readonly viewer: PartnerViewer; readonly expiresAt: Date | null }> {
  // What cannot be a key costs no query. That its form is wrong is told by the time, and everybody may know the form.
  const row = hasKeyForm(key) ? await database.apiKey.findUnique({ where: { hash: keyHashOf(key) } }) : null;
  const now = clock.now();
  if (!row || row.revokedAt || (row.expiresAt && row.expiresAt <= now) || !mayComeFrom(address, row.allowList)) {
    throw new AppError('UNAUTHENTICATED', 'This API key is not valid.');
  }
  const stale = new Date(now.getTime() - LAST_USED_MS);
  if (!row.lastUsedAt || row.lastUsedAt < stale) {
    await database.apiKey.updateMany({
      where: { id: row.id, OR: [{ lastUsedAt: null }, { lastUsedAt: { lt: stale } }] },
      data: { lastUsedAt: now, lastUsedAddress: address },
    });
  }
  return { viewer: { kind: 'partner', partnerId: row.partnerId, keyId: row.id, scopes: keyScopes(row.scopes) }, expiresAt: row.expiresAt };
}

function mayComeFrom(address: string | null, allowList: readonly string[]): boolean {
  return allowList.length === 0 || (address !== null && isWithin(address, allowList));
}
