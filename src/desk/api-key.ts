/**
 * The keys of partners' systems: made, replaced and revoked by people of the desk, each with its audit entry. A key can be given no more
 * than partners may, and no more than whoever makes it may themselves. It is shown once; what it looks like and how it is checked is the
 * business of whoever mints it.
 */
import type { Clock } from '../foundation/clock.ts';
import { AppError, badInput, notFound } from '../foundation/errors.ts';
import { newId } from '../foundation/ids.ts';
import type { Database } from '../store/database.ts';
import type { ApiKey } from '../store/generated/prisma/client.ts';
import { KEY_SCOPES, keyScopes } from '../store/key-scopes.ts';
import type { Principal, PrincipalChanges } from '../store/principal.ts';
import { networkOf } from '../store/network.ts';
import { DAY_MS } from '../store/period.ts';
import { SCOPES, type Scope } from '../store/roles.ts';
import { hasScope, viewerKey, type StaffViewer, type Viewer } from '../store/viewer.ts';
import { requireStaff } from './access.ts';
import { auditEntry } from './audit.ts';

export interface CreateApiKey {
  readonly partnerId: string;
  readonly name: string;
  readonly test?: boolean | null | undefined;
  readonly scopes: readonly string[];
  /** Networks (CIDR) or addresses; none: from anywhere. */
  readonly allowList?: readonly string[] | null | undefined;
  /** 1 to 365; 90 when left out. */
  readonly expiresInDays?: number | null | undefined;
}

export interface RotateApiKey {
  readonly apiKeyId: string;
  readonly overlapHours?: number | null | undefined;
}

export interface ApiKeyDesk {
  /**
   * Staff with `write:api_keys`. The `key` exists nowhere else.
   * @throws AppError NOT_FOUND for a partner there is not, BAD_INPUT for a scope that partners have not, FORBIDDEN for one that the maker
   * has not, QUOTA_REACHED.
   */
  create(viewer: Viewer, input: CreateApiKey): Promise<{ apiKey: ApiKey; key: string }>;
  /**
   * Makes the key that takes the place of another: the same name, scopes, networks and length of life. The old one works until the overlap
   * ends, 0 to 168 hours, 24 when left out. Staff with `write:api_keys`.
   * @throws AppError NOT_FOUND, FORBIDDEN for a key that may more than who replaces it, CONFLICT for one that works no more or was replaced before.
   */
  rotate(viewer: Viewer, input: RotateApiKey): Promise<{ apiKey: ApiKey; replaced: ApiKey; key: string }>;
  /** At once, on every instance; again it tells them again. Staff with `delete:api_keys`. @throws AppError NOT_FOUND */
  revoke(viewer: Viewer, input: { readonly apiKeyId: string }): Promise<{ apiKey: ApiKey }>;
}

export interface ApiKeyDeskDeps {
  readonly database: Database;
  readonly clock: Clock;
  readonly mint: (test: boolean) => { readonly key: string; readonly prefix: string; readonly hash: string };
  readonly revocation: PrincipalChanges;
}

export const LIFE_DAYS = { least: 1, most: 365, preset: 90 } as const;
export const OVERLAP_HOURS = { least: 0, most: 168, preset: 24 } as const;
export const NETWORKS_MAX = 50;
const HOUR_MS = 3_600_000;
/** Keys of one partner that work; more of them nobody keeps an eye on. */
const KEYS_MAX = 100;

export function createApiKeyDesk({ database, clock, mint, revocation }: ApiKeyDeskDeps): ApiKeyDesk {
  async function find(id: string): Promise<ApiKey> {
    const found = await database.apiKey.findUnique({ where: { id } });
    if (!found) throw notFound('API key');
    return found;
  }

  return Object.freeze<ApiKeyDesk>({
    async create(viewer, { partnerId, name, test, expiresInDays, ...asked }) {
      const maker = requireStaff(viewer, 'write:api_keys');
      const scopes = checkScopes(maker, asked.scopes);
      const allowList = checkNetworks(asked.allowList ?? []);
      if (!(await database.partner.findUnique({ where: { id: partnerId }, select: { id: true } }))) throw notFound('partner');
      const now = clock.now();
      const working = { partnerId, revokedAt: null, OR: [{ expiresAt: null }, { expiresAt: { gt: now } }] };
      if ((await database.apiKey.count({ where: working })) >= KEYS_MAX)
        throw new AppError('QUOTA_REACHED', `This partner has ${KEYS_MAX} keys that work: revoke one that is not needed any more.`);
      const id = newId('key');
      const { key, ...kept } = mint(test ?? false);
      const expiresAt = new Date(now.getTime() + (expiresInDays ?? LIFE_DAYS.preset) * DAY_MS);
      const apiKey = await database.$transaction(async (tx) => {
        await tx.auditEntry.create({ data: auditEntry(viewer, 'api_key.create', 'api_key', id, { partnerId, scopes, allowList }, now) });
        return tx.apiKey.create({
          data: { ...kept, id, partnerId, name, test: test ?? false, scopes, allowList, createdBy: viewerKey(viewer), createdAt: now, expiresAt },
        });
      });
      return { apiKey, key };
    },

    async rotate(viewer, { apiKeyId, overlapHours }) {
      const maker = requireStaff(viewer, 'write:api_keys');
      const before = await find(apiKeyId);
      const now = clock.now();
      if (before.rotatedToId !== null) throw new AppError('CONFLICT', `This key was replaced before, by ${before.rotatedToId}.`);
      if (before.revokedAt || (before.expiresAt && before.expiresAt <= now)) throw new AppError('CONFLICT', 'This key works no more: make a new one.');
      const scopes = [...keyScopes(before.scopes)];
      refuseBeyond(maker, scopes);
      const id = newId('key');
      const { key, ...kept } = mint(before.test);
      const overlapEnds = new Date(now.getTime() + (overlapHours ?? OVERLAP_HOURS.preset) * HOUR_MS);
      const { partnerId, name, test, allowList } = before;
      const principals: Principal[] = [`key:${apiKeyId}`];
      const lifeMs = before.expiresAt && before.expiresAt.getTime() - before.createdAt.getTime();
      const { apiKey, replaced } = await database.$transaction(async (tx) => {
        const made = await tx.apiKey.create({
          data: {
            ...kept,
            id,
            partnerId,
            name,
            test,
            scopes,
            allowList,
            createdBy: viewerKey(viewer),
            createdAt: now,
            expiresAt: lifeMs === null ? null : new Date(now.getTime() + lifeMs),
          },
        });
        // Of two that replace one key at the same time, or one that revokes it, exactly one gets here.
        const [old] = await tx.apiKey.updateManyAndReturn({
          where: { id: apiKeyId, rotatedToId: null, revokedAt: null },
          data: { rotatedToId: id, expiresAt: before.expiresAt && before.expiresAt < overlapEnds ? before.expiresAt : overlapEnds },
        });
        if (!old) throw new AppError('CONFLICT', 'This key has just been replaced or revoked. Look again.');
        const ends = { rotatedToId: id, until: old.expiresAt?.toISOString() ?? null };
        // What was opened with it learns when it ends now.
        await revocation.note(tx, principals);
        await tx.auditEntry.create({ data: auditEntry(viewer, 'api_key.rotate', 'api_key', apiKeyId, ends, now) });
        return { apiKey: made, replaced: old };
      });
      await revocation.tell(principals);
      return { apiKey, replaced, key };
    },

    async revoke(viewer, { apiKeyId }) {
      requireStaff(viewer, 'delete:api_keys');
      await find(apiKeyId);
      const now = clock.now();
      const principals: Principal[] = [`key:${apiKeyId}`];
      await database.$transaction(async (tx) => {
        const { count } = await tx.apiKey.updateMany({ where: { id: apiKeyId, revokedAt: null }, data: { revokedAt: now } });
        if (count === 0) return;
        await tx.auditEntry.create({ data: auditEntry(viewer, 'api_key.revoke', 'api_key', apiKeyId, {}, now) });
        await revocation.end(tx, principals);
      });
      // Written, then told: whoever hears of it finds the row.
      await revocation.tell(principals);
      return { apiKey: await database.apiKey.findUniqueOrThrow({ where: { id: apiKeyId } }) };
    },
  });
}

/** In the order of the matrix, each once. */
function checkScopes(maker: StaffViewer, asked: readonly string[]): Scope[] {
  if (asked.length === 0) throw badInput('input.scopes', 'name at least one scope.');
  for (const scope of asked) {
    const known = SCOPES.find((one) => one === scope);
    if (!known) throw badInput('input.scopes', `there is no scope ${JSON.stringify(scope.slice(0, 50))}.`);
    if (!KEY_SCOPES.includes(known)) throw badInput('input.scopes', `"${known}" is more than a partner's key may have.`);
  }
  const scopes = [...keyScopes(asked)];
  refuseBeyond(maker, scopes);
  return scopes;
}

/** Who makes a key has it in hands: it would be a way to do what one may not. */
function refuseBeyond(maker: StaffViewer, scopes: readonly Scope[]): void {
  const beyond = scopes.filter((scope) => !hasScope(maker, scope));
  if (beyond.length > 0)
    throw new AppError('FORBIDDEN', `A key cannot be given what you may not do yourself: ${beyond.map((scope) => `"${scope}"`).join(', ')}.`);
}

function checkNetworks(asked: readonly string[]): string[] {
  if (asked.length > NETWORKS_MAX) throw badInput('input.allowList', `has ${asked.length} networks; at most ${NETWORKS_MAX} are allowed.`);
  const networks = asked.map((text) => {
    const network = networkOf(text);
    if (network === null)
      throw badInput('input.allowList', `${JSON.stringify(text.slice(0, 50))} is no address and no network like "192.0.2.0/24" or "2001:db8::/32".`);
    return network;
  });
  return [...new Set(networks)];
}
