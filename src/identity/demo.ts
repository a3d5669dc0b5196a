/**
 * Credentials of the demo data: one staff member, one customer, one partner. They open a development database and nothing else, so
 * production refuses to make them. Where they are printed or written is main.ts's business.
 */
import type { Clock } from '../foundation/clock.ts';
import { AppError } from '../foundation/errors.ts';
import type { Database } from '../store/database.ts';
import { staffViewer, type StaffViewer, type Viewer } from '../store/viewer.ts';
import { hasChecksum } from './api-key-form.ts';
import { createApiKey, verifyApiKey } from './api-key.ts';
import type { Tokens } from './token.ts';

const DEMO_KEY_NAME = 'Demo';
/** Long enough that a bookmark from last week still works. */
const DEMO_TOKEN_S = 30 * 24 * 60 * 60;

export interface DemoDeps {
  readonly tokens: Tokens;
  readonly database: Database;
  readonly clock: Clock;
  readonly production: boolean;
}

export interface DemoRows {
  readonly staff: Pick<StaffViewer, 'userId' | 'name' | 'role'>;
  readonly customerId: string;
  readonly partnerId: string;
  /** The key an earlier start wrote down; kept while it works, since a row cannot give its key back. */
  readonly partnerKey?: string;
}

export interface DemoCredentials {
  readonly staffToken: string;
  readonly customerToken: string;
  readonly customerId: string;
  readonly partnerId: string;
  readonly partnerKey: string;
}

/** @throws AppError FORBIDDEN in production. */
export async function makeDemoCredentials(deps: DemoDeps, rows: DemoRows): Promise<DemoCredentials> {
  if (deps.production) throw new AppError('FORBIDDEN', 'Demo credentials exist only in development.');
  const sign = (viewer: Viewer) => deps.tokens.sign(viewer, { ttlS: DEMO_TOKEN_S });
  return {
    staffToken: await sign(staffViewer(rows.staff)),
    customerToken: await sign({ kind: 'customer', customerId: rows.customerId }),
    customerId: rows.customerId,
    partnerId: rows.partnerId,
    partnerKey: (await keptKey(deps, rows)) ?? (await replaceKey(deps, rows.partnerId)),
  };
}

async function keptKey({ database, clock }: DemoDeps, { partnerKey, partnerId }: DemoRows): Promise<string | null> {
  // One without a checksum is of an older kind: another is made.
  if (!partnerKey || !hasChecksum(partnerKey)) return null;
  const known = await verifyApiKey(database, partnerKey, clock).catch((error: unknown) => {
    if (error instanceof AppError && error.code === 'UNAUTHENTICATED') return null;
    throw error;
  });
  return known?.viewer.partnerId === partnerId ? partnerKey : null;
}

/** A lost key is revoked before the next is made: one demo key works at a time. */
async function replaceKey({ database, clock }: DemoDeps, partnerId: string): Promise<string> {
  await database.apiKey.updateMany({ where: { partnerId, name: DEMO_KEY_NAME, test: true, revokedAt: null }, data: { revokedAt: clock.now() } });
  const { key } = await createApiKey(database, { partnerId, name: DEMO_KEY_NAME, test: true });
  return key;
}
