/**
 * Tokens for the front-ends of customers: whoever serves a customer makes one, and it opens that customer's own things and nothing else.
 * It ends with its time, with the key or the person it was made by, and with the customer.
 */
import type { Clock } from '../foundation/clock.ts';
import { AppError, notFound } from '../foundation/errors.ts';
import type { Database } from '../store/database.ts';
import type { Viewer } from '../store/viewer.ts';
import { customersVisibleTo, requireOperator, requireStaff } from './access.ts';
import { auditEntry } from './audit.ts';

export const TTL_S = { least: 60, most: 86_400, preset: 3_600 } as const;

export interface CreateCustomerToken {
  readonly customerId: string;
  /** Seconds, 60 to 86,400; an hour when left out. */
  readonly ttlS?: number | null | undefined;
}

export interface CustomerTokenDesk {
  /**
   * A partner by an API key with `write:conversations`, for its own customers; staff with `write:customers`, since who holds it is the
   * customer.
   * @throws AppError NOT_FOUND for a customer there is not, that is somebody else's, or that was erased.
   */
  create(viewer: Viewer, input: CreateCustomerToken): Promise<{ token: string; expiresAt: Date }>;
}

export interface CustomerTokenDeskDeps {
  readonly database: Database;
  readonly clock: Clock;
  /** `madeBy`: whom it ends with. */
  readonly sign: (viewer: Viewer, options: { readonly ttlS: number; readonly madeBy: `${'key' | 'user'}:${string}` }) => Promise<string>;
}

export function createCustomerTokenDesk({ database, clock, sign }: CustomerTokenDeskDeps): CustomerTokenDesk {
  return Object.freeze<CustomerTokenDesk>({
    async create(viewer, { customerId, ttlS }) {
      const operator = viewer.kind === 'staff' ? requireStaff(viewer, 'write:customers') : requireOperator(viewer, 'write:conversations');
      if (operator.kind === 'partner' && operator.keyId === null)
        throw new AppError('FORBIDDEN', 'A partner makes customer tokens with an API key, since they end with it.');
      const visible = await database.customer.findFirst({ where: { AND: [{ id: customerId }, customersVisibleTo(viewer)] }, select: { id: true } });
      if (!visible || (await database.erasure.count({ where: { customerId } })) > 0) throw notFound('customer');
      const now = clock.now();
      const wishedS = ttlS ?? TTL_S.preset;
      const seconds = operator.kind === 'partner' ? Math.min(wishedS, await lifeLeftS(operator.keyId ?? '', now)) : wishedS;
      const madeBy = operator.kind === 'partner' ? (`key:${operator.keyId}` as const) : (`user:${operator.userId}` as const);
      await database.auditEntry.create({ data: auditEntry(viewer, 'customer_token.create', 'customer', customerId, { madeBy, ttlS: seconds }, now) });
      const token = await sign({ kind: 'customer', customerId }, { ttlS: seconds, madeBy });
      // As the token says it: in whole seconds.
      return { token, expiresAt: new Date((Math.floor(now.getTime() / 1_000) + seconds) * 1_000) };
    },
  });

  /** A token that outlived its key would end before the time it names. */
  async function lifeLeftS(keyId: string, now: Date): Promise<number> {
    const key = await database.apiKey.findUnique({ where: { id: keyId }, select: { expiresAt: true } });
    if (!key) throw new AppError('UNAUTHENTICATED', 'This API key is not valid.');
    return key.expiresAt ? Math.max(1, Math.floor((key.expiresAt.getTime() - now.getTime()) / 1_000)) : Infinity;
  }
}
