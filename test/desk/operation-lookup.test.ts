/** What is remembered of registered operations: read once, forgotten on every instance when it changes, and read again when nobody said so. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { partnerViewer, staffViewer } from '../../src/store/viewer.ts';
import { createOperationLookup } from '../../src/desk/operation-lookup.ts';
import { hashOf } from '../../src/desk/registered-operation.ts';
import { createOperationUsage, pruneOperationUsage } from '../../src/desk/operation-usage.ts';
import { newId } from '../../src/foundation/ids.ts';
import { createLogger } from '../../src/foundation/logger.ts';
import { createMemorySignalBus } from '../../src/jobs/memory-signal-bus.ts';
import type { Database } from '../../src/store/database.ts';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';
import { createManualClock } from '../support/manual-clock.ts';

const log = createLogger({ level: 'silent', pretty: false });
const KEPT_MS = 10_000;
const DAY_MS = 86_400_000;

let rows: TestDatabase;
beforeAll(async () => {
  rows = await createTestDatabase();
});
afterAll(() => rows.close());

async function add(partnerId: string | null = null): Promise<{ readonly id: string; readonly hash: string }> {
  const id = newId('oper');
  const text = `query Q { viewer { ${id} } }`;
  const row = { partnerId, hash: hashOf(text), name: id, kind: 'query' as const, version: 1, text, cost: 1, registeredBy: 'system' };
  await rows.database.registeredOperation.create({ data: { id, ...row } });
  return { id, hash: row.hash };
}

/** The same rows, and how often registered operations were read. */
function counted(): { readonly database: Database; readonly reads: () => number } {
  let reads = 0;
  const table = new Proxy(rows.database.registeredOperation, {
    get(target, name) {
      if (name === 'findFirst') reads += 1;
      const member: unknown = Reflect.get(target, name);
      return typeof member === 'function' ? member.bind(target) : member;
    },
  });
  const database = new Proxy(rows.database, { get: (target, name) => (name === 'registeredOperation' ? table : Reflect.get(target, name)) });
  return { database, reads: () => reads };
}

describe('an operation', () => {
  it('is read once however many ask for it, also what is not there', async () => {
    const { id, hash } = await add();
    const { database, reads } = counted();
    const lookup = createOperationLookup({ database, signals: createMemorySignalBus({ log }), clock: createManualClock(), keptMs: KEPT_MS });
    const found = await Promise.all(Array.from({ length: 50 }, () => lookup.find(null, hash)));
    expect(new Set(found.map((one) => one?.id))).toEqual(new Set([id]));
    for (let times = 0; times < 50; times += 1) await lookup.find(null, 'nothing');
    expect(reads()).toBe(2);
  });

  it('that changed is forgotten by every instance that hears of it, and after its time by one that did not', async () => {
    const { id, hash } = await add();
    const signals = createMemorySignalBus({ log });
    const clock = createManualClock();
    const lookups = [signals, signals, createMemorySignalBus({ log })].map((bus) =>
      createOperationLookup({ database: rows.database, signals: bus, clock, keptMs: KEPT_MS }),
    );
    const whoFinds = () => Promise.all(lookups.map(async (lookup) => (await lookup.find(null, hash)) !== null));
    expect(await whoFinds()).toEqual([true, true, true]);
    await rows.database.registeredOperation.update({ where: { id }, data: { retiredAt: new Date() } });
    await signals.send({ kind: 'operations', id: 'own' });
    await signals.close();
    expect(await whoFinds()).toEqual([false, false, true]);
    clock.advance(KEPT_MS);
    expect(await whoFinds()).toEqual([false, false, false]);
  });

  it('is asked for again after a read that failed', async () => {
    const { hash } = await add();
    let fails = true;
    const broken = new Proxy(rows.database, {
      get: (target, name) => {
        if (name === 'registeredOperation' && fails) return { findFirst: () => Promise.reject(new Error('connect ECONNREFUSED')) };
        return Reflect.get(target, name) as unknown;
      },
    });
    const lookup = createOperationLookup({ database: broken, signals: createMemorySignalBus({ log }), clock: createManualClock(), keptMs: KEPT_MS });
    await expect(lookup.find(null, hash)).rejects.toThrow('ECONNREFUSED');
    fails = false;
    expect(await lookup.find(null, hash)).toMatchObject({ hash });
  });

  it('of a partner is found by its keys and its customers, and by nobody else', async () => {
    const [partnerId, otherId, customerId] = [newId('ptn'), newId('ptn'), newId('cus')];
    for (const id of [partnerId, otherId]) await rows.database.partner.create({ data: { id, name: 'Partner' } });
    await rows.database.customer.create({ data: { id: customerId, email: 'a@example.test', name: 'A', partnerId } });
    const { id, hash } = await add(partnerId);
    const own = await add();
    const lookup = createOperationLookup({ database: rows.database, signals: createMemorySignalBus({ log }), clock: createManualClock(), keptMs: KEPT_MS });
    const partner = partnerViewer({ partnerId, keyId: null });
    expect(await lookup.find(partner, hash)).toMatchObject({ id });
    expect(await lookup.find({ kind: 'customer', customerId }, hash)).toMatchObject({ id });
    expect(await lookup.find({ ...partner, partnerId: otherId }, hash)).toBeNull();
    expect(await lookup.find(staffViewer({ userId: 'usr_1', name: 'A', role: 'super_admin' }), hash)).toBeNull();
    expect(await lookup.find(partner, own.hash)).toBeNull();
    expect(await lookup.find({ kind: 'customer', customerId }, own.hash)).toMatchObject({ id: own.id });
  });
});

describe('calls', () => {
  it('are written together, added to those of other instances, and kept when the database is away', async () => {
    const { id } = await add();
    const clock = createManualClock();
    let fails = true;
    const away = new Proxy(rows.database, {
      get: (target, name) => (name === 'sql' && fails ? { execute: () => Promise.reject(new Error('away')) } : (Reflect.get(target, name) as unknown)),
    });
    const [here, there] = [away, rows.database].map((database) => createOperationUsage({ database, clock, log }));
    for (let calls = 0; calls < 5; calls += 1) here?.count(id);
    there?.count(id);
    clock.advance(5_000);
    clock.advance(DAY_MS);
    here?.count(id);
    await there?.close();
    fails = false;
    await here?.close();
    const days = await rows.database.operationUsage.findMany({ where: { operationId: id }, orderBy: { day: 'asc' } });
    expect(days.map(({ calls }) => Number(calls))).toEqual([6, 1]);
    expect(await pruneOperationUsage(rows.database, new Date(clock.now().getTime() + 400 * DAY_MS))).toBe(1);
    expect(await rows.database.operationUsage.count({ where: { operationId: id } })).toBe(1);
  });
});
