/** Taking back: the rows are the truth, the bus brings the news, and a look at the rows finds what the bus lost. */
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createLogger } from '../../src/foundation/logger.ts';
import { createApiKey } from '../../src/identity/api-key.ts';
import type { Authenticated } from '../../src/identity/authenticate.ts';
import { createRevocation, type Revocation, type Watcher } from '../../src/identity/revocation.ts';
import type { Principal } from '../../src/store/principal.ts';
import type { Tokens } from '../../src/identity/token.ts';
import { createMemorySignalBus } from '../../src/jobs/memory-signal-bus.ts';
import type { SignalBus } from '../../src/jobs/signal-bus.ts';
import { scopesOf } from '../../src/store/roles.ts';
import { staffViewer, type Viewer } from '../../src/store/viewer.ts';
import { addStaff } from '../support/app.ts';
import { authenticateNowhere } from '../support/credentials.ts';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';
import { createTestTokens } from '../support/keys.ts';
import { createManualClock, type ManualClock } from '../support/manual-clock.ts';

const DANA: Viewer = { kind: 'customer', customerId: 'cus_dana' };
const SAM = staffViewer({ userId: 'usr_sam', name: 'Sam', role: 'admin' });
const refusal = expect.objectContaining({ code: 'UNAUTHENTICATED' }) as unknown;
const log = createLogger({ level: 'silent', pretty: false });

let rows: TestDatabase;
let clock: ManualClock;
let signals: SignalBus;
let revocation: Revocation;
let tokens: Tokens;
let authenticate: (credential: string) => Promise<Authenticated>;
beforeEach(async () => {
  rows = await createTestDatabase();
  clock = createManualClock();
  signals = createMemorySignalBus({ log });
  revocation = createRevocation({ database: rows.database, signals, clock, log });
  tokens = createTestTokens(clock);
  authenticate = authenticateNowhere({ tokens, database: rows.database, clock });
});
afterEach(async () => {
  revocation.close();
  await signals.close();
  await rows.close();
});

async function beginSession(id: string): Promise<void> {
  const now = clock.now();
  await rows.database.staffSession.create({
    data: { id, userId: SAM.userId, createdAt: now, lastUsedAt: now, expiresAt: new Date(now.getTime() + 3_600_000) },
  });
}

function counting(): Watcher & { readonly told: string[] } {
  const told: string[] = [];
  return { told, changed: () => void told.push('changed'), lost: () => void told.push('lost') };
}

const news = () => new Promise<Principal>((resolve) => void revocation.onRevoked(resolve));

describe('a token', () => {
  it('of a customer is refused once the customer was revoked, and a later one is good', async () => {
    const before = await tokens.sign(DANA, { ttlS: 3_600 });
    expect((await authenticate(before)).viewer).toEqual(DANA);
    clock.advance(1_000);
    await revocation.revoke('customer:cus_dana');
    await expect(authenticate(before)).rejects.toEqual(refusal);
    clock.advance(1_000);
    expect((await authenticate(await tokens.sign(DANA, { ttlS: 60 }))).viewer).toEqual(DANA);
  });

  it('of the desk takes name and role from the row, whatever it says itself', async () => {
    await addStaff(rows.database, SAM);
    const token = await tokens.sign({ ...SAM, name: 'Samantha', role: 'admin' }, { ttlS: 60 });
    expect((await authenticate(token)).viewer).toEqual(SAM);
    await rows.database.user.update({ where: { id: SAM.userId }, data: { role: 'user' } });
    expect((await authenticate(token)).viewer).toMatchObject({ role: 'user', scopes: scopesOf('user') });
  });

  it('of the desk is refused at once when its user is disabled, and when there is none', async () => {
    const token = await tokens.sign(SAM, { ttlS: 60 });
    await expect(authenticate(token)).rejects.toEqual(refusal);
    await addStaff(rows.database, SAM);
    await authenticate(token);
    await rows.database.user.update({ where: { id: SAM.userId }, data: { active: false } });
    await expect(authenticate(token)).rejects.toEqual(refusal);
  });

  it('of a log-in is refused when that has ended, has expired, is of somebody else, or never was', async () => {
    await addStaff(rows.database, SAM);
    await addStaff(rows.database, { ...SAM, userId: 'usr_kim' });
    const token = await tokens.sign({ ...SAM, sessionId: 'login_1' }, { ttlS: 7_200 });
    await expect(authenticate(token)).rejects.toEqual(refusal);
    await beginSession('login_1');
    expect((await authenticate(token)).viewer).toEqual({ ...SAM, sessionId: 'login_1' });
    await expect(authenticate(await tokens.sign({ ...SAM, userId: 'usr_kim', sessionId: 'login_1' }, { ttlS: 60 }))).rejects.toEqual(refusal);
    await rows.database.staffSession.update({ where: { id: 'login_1' }, data: { endedAt: clock.now() } });
    await expect(authenticate(token)).rejects.toEqual(refusal);
    await rows.database.staffSession.update({ where: { id: 'login_1' }, data: { endedAt: null } });
    clock.advance(3_600_000);
    await expect(authenticate(token)).rejects.toEqual(refusal);
  });

  it('ends with the key that signed it', async () => {
    const token = await tokens.sign(DANA, { ttlS: 60 });
    clock.advance(1_000);
    await revocation.revoke('signer:test');
    await expect(authenticate(token)).rejects.toEqual(refusal);
  });
});

describe('whoever watches', () => {
  it('is told at once of what their credential stands on, and of nothing else', async () => {
    await rows.database.partner.create({ data: { id: 'ptn_1', name: 'Acme' } });
    const { id, key } = await createApiKey(rows.database, { partnerId: 'ptn_1', name: 'shop', test: true });
    const { versions } = await authenticate(key);
    expect([...(versions ?? [])]).toEqual([[`key:${id}`, 0]]);
    const watcher = counting();
    const stop = revocation.watch(versions ?? new Map(), watcher);
    let heard = news();
    await revocation.revoke('key:key_other');
    await heard;
    expect(watcher.told).toEqual([]);
    heard = news();
    await revocation.revoke(`key:${id}`);
    await heard;
    await expect.poll(() => watcher.told).toEqual(['changed']);
    stop();
    heard = news();
    await revocation.revoke(`key:${id}`);
    await heard;
    expect(watcher.told).toEqual(['changed']);
  });

  it('hears what came while the credential was being checked', async () => {
    const startedMs = clock.now().getTime();
    const heard = news();
    await revocation.tell(['customer:cus_dana']);
    await heard;
    const [late, earlier] = [counting(), counting()];
    revocation.watch(new Map([['customer:cus_dana', 0]]), late, startedMs);
    revocation.watch(new Map([['customer:cus_dana', 0]]), earlier, startedMs + 1);
    expect([late.told, earlier.told]).toEqual([['changed'], []]);
  });

  it('is told by a look at the rows when the news was lost', async () => {
    const watcher = counting();
    revocation.watch(new Map([['user:usr_sam', 0]]), watcher);
    await revocation.look();
    expect(watcher.told).toEqual([]);
    await rows.database.$transaction((tx) => revocation.note(tx, ['user:usr_sam', 'session:login_1']));
    await revocation.look();
    expect(watcher.told).toEqual(['changed']);
  });

  it('is told that nobody can tell when the rows cannot be read twice in a row', async () => {
    const watcher = counting();
    revocation.watch(new Map([['user:usr_sam', 0]]), watcher);
    await rows.close();
    await revocation.look();
    expect(watcher.told).toEqual([]);
    await revocation.look();
    expect(watcher.told).toEqual(['lost']);
  });

  it('hears nothing of what is no principal', async () => {
    const heard: string[] = [];
    revocation.onRevoked((principal) => void heard.push(principal));
    for (const id of ['', 'user:', '__proto__', 'god:1']) await signals.send({ kind: 'revoke', id });
    await revocation.tell(['user:usr_1']);
    await expect.poll(() => heard).toEqual(['user:usr_1']);
  });
});

it('two changes at once of the same principals both count', async () => {
  const principals: Principal[] = ['user:usr_1', 'session:login_1'];
  const change = (order: Principal[]) => rows.database.$transaction((tx) => revocation.note(tx, order));
  await Promise.all([change(principals), change(principals.toReversed()), change(principals)]);
  expect((await rows.database.principalVersion.findMany()).map(({ version }) => version)).toEqual([3, 3]);
});
