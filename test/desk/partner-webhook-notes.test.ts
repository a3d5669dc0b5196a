/** From a note to the log and back: whatever dies in between, webhooks are told what the log was told, once, with its place there. */
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { createNotedLog, type NotedLog } from '../../src/desk/partner-webhook-notes.ts';
import { findPlaces, UNCLEAR_MS } from '../../src/desk/partner-webhook-places.ts';
import type { Channel, EventLog } from '../../src/events/event-log.ts';
import type { ParleyEvent } from '../../src/events/event.ts';
import { createMemoryEventLog } from '../../src/events/memory-event-log.ts';
import { createRedisEventLog } from '../../src/events/redis-event-log.ts';
import { AppError } from '../../src/foundation/errors.ts';
import { newId } from '../../src/foundation/ids.ts';
import { createLogger } from '../../src/foundation/logger.ts';
import type { Database } from '../../src/store/database.ts';
import type { PartnerDelivery } from '../../src/store/generated/prisma/client.ts';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';
import { startRedis, type RedisServer } from '../support/redis-server.ts';

const logger = createLogger({ level: 'silent', pretty: false });
let offsetMs = 0;
const clock = { now: () => new Date(Date.now() + offsetMs), sleep: () => Promise.reject(new Error('nobody sleeps here')) };
const historyMs = { conversation: 600_000, run: 600_000, escalations: 600_000 };

let rows: TestDatabase;
let database: Database;
let redis: RedisServer;
beforeAll(async () => {
  [rows, redis] = await Promise.all([createTestDatabase(), startRedis()]);
  database = rows.database;
});
afterAll(async () => {
  await redis.close();
  await rows.close();
});

/** What `lose` leaves behind is a log that cannot prove anything about what was before. */
interface Made {
  readonly log: EventLog;
  lose(channel: Channel): Promise<void>;
}

const kinds = [
  [
    'in one process',
    async (): Promise<Made> => {
      const log = createMemoryEventLog({ clock, historyMs: 600_000, historyEventsMax: 1_000 });
      return { log, lose: async () => log.startOver() };
    },
  ],
  [
    'on Redis',
    async (): Promise<Made> => {
      const prefix = newId('req');
      const log = await createRedisEventLog({ url: redis.url, clock, log: logger, historyMs, historyEventsMax: 1_000, prefix });
      return {
        log,
        async lose(channel) {
          await redis.direct.del(`${prefix}:{${channel}}:s`, `${prefix}:{${channel}}:m`);
        },
      };
    },
  ],
] as const;

describe.each(kinds)('what is noted for webhooks, with the log %s', (_where, make) => {
  let made: Made;
  let noted: NotedLog;
  let told: string[];
  let conversationId: string;
  let channel: Channel;
  beforeAll(async () => {
    made = await make();
  });
  afterAll(() => made.log.close());
  beforeEach(async () => {
    const [partnerId, customerId, now] = [newId('ptn'), newId('cus'), clock.now()];
    conversationId = newId('conv');
    channel = `conversation:${conversationId}`;
    await database.partner.create({ data: { id: partnerId, name: 'Partner' } });
    await database.customer.create({ data: { id: customerId, email: `${customerId}@example.test`, name: 'Dana', partnerId } });
    await database.conversation.create({ data: { id: conversationId, customerId, channel: 'web', createdAt: now, lastMessageAt: now } });
    const eventTypes = ['ConversationChanged', 'RunStarted', 'RunFinished', 'MessagePosted'];
    const shared = { url: 'https://hooks.example.com/', eventTypes, secret: '', createdBy: '', createdAt: now, updatedAt: now };
    await database.partnerWebhook.create({ data: { id: newId('hook'), partnerId, ...shared } });
    told = [];
    noted = createNotedLog({ database, log: made.log, clock, onTold: (ids) => told.push(...ids) });
  });

  const changed = (): ParleyEvent => ({ type: 'ConversationChanged', at: clock.now().toISOString(), visibility: 'CUSTOMER', conversationId });
  const posted = (messageId: string): ParleyEvent => ({ type: 'MessagePosted', at: clock.now().toISOString(), visibility: 'CUSTOMER', messageId });
  const delta = (text: string): ParleyEvent => ({
    type: 'TextDelta',
    at: clock.now().toISOString(),
    visibility: 'CUSTOMER',
    runId: 'run_1',
    messageId: 'msg_1',
    step: 'agent',
    attempt: 1,
    offset: 0,
    text,
  });
  const settle = (ids = told.splice(0)) => findPlaces({ database, log: made.log, clock, logger }, ids, AbortSignal.timeout(10_000));
  const all = (): Promise<PartnerDelivery[]> => database.partnerDelivery.findMany({ where: { conversationId }, orderBy: { id: 'asc' } });
  const placesOf = async () => (await all()).map(({ status, type, sequence }) => [status, type, sequence]);
  /** Later than any append may still come. */
  const later = () => (offsetMs += UNCLEAR_MS + 1_000);
  /** A process that ends before the log was asked, or before it heard what the log said. */
  const dying = (when: 'before' | 'after') =>
    createNotedLog({
      database,
      clock,
      onTold: () => undefined,
      log: {
        ...made.log,
        async append(...args) {
          if (when === 'after') await made.log.append(...args);
          throw new Error('killed');
        },
      },
    });

  it('gets the place that subscribers see, each event its own, among all else that is told', async () => {
    await made.log.append(channel, [delta('a'), delta('b')]);
    await Promise.all([
      noted.append(channel, [changed(), delta('c'), posted('msg_1')]),
      noted.append(channel, [delta('d')]),
      made.log.append(channel, [delta('e'), changed()]),
      noted.append(channel, [changed(), changed()]),
    ]);
    await settle();
    const items: (readonly [string, number, string])[] = [];
    const top = Number((await made.log.head(channel)).top.split('.')[1]);
    for await (const entry of made.log.follow(channel, { startAt: 'history', signal: AbortSignal.timeout(5_000) })) {
      if (entry.kind === 'event') items.push([entry.event.type, entry.sequence, entry.position]);
      if (entry.sequence === top && entry.kind === 'event') break;
    }
    const deliveries = await all();
    expect(deliveries).toHaveLength(4);
    expect(new Set(deliveries.map(({ position }) => position)).size).toBe(4);
    for (const { type, sequence, position, status } of deliveries) {
      expect(status).toBe('pending');
      expect(items).toContainEqual([type, sequence, position]);
    }
  });

  it('stays in order with what need not be noted', async () => {
    const appends = [
      noted.append(channel, [changed()]),
      noted.append(channel, [delta('x')]),
      noted.append(channel, [posted('msg_2')]),
      noted.append(channel, [delta('y')]),
    ];
    const positions = await Promise.all(appends);
    expect(positions.map((position) => Number(position.split('.')[1]))).toEqual([1, 2, 3, 4]);
    await settle();
    expect(await placesOf()).toEqual([
      ['pending', 'ConversationChanged', 1],
      ['pending', 'MessagePosted', 3],
    ]);
  });

  it('is forgotten when the process died before the log had it, and not before that is certain', async () => {
    await expect(dying('before').append(channel, [changed()])).rejects.toThrow('killed');
    await settle();
    expect(await placesOf()).toEqual([['noted', 'ConversationChanged', null]]);
    later();
    await settle();
    expect(await placesOf()).toEqual([]);
  });

  it('is found in the log when the process died right after', async () => {
    await noted.append(channel, [delta('a')]);
    await expect(dying('after').append(channel, [delta('b'), changed()])).rejects.toThrow('killed');
    expect(await settle()).toBe(0);
    later();
    await settle();
    expect(await placesOf()).toEqual([['pending', 'ConversationChanged', 3]]);
  });

  it('is told all the same when the log that had it is gone, with a place from which to go on', async () => {
    await expect(dying('after').append(channel, [changed(), posted('msg_3')])).rejects.toThrow('killed');
    await made.lose(channel);
    later();
    await settle();
    const { top } = await made.log.head(channel);
    const deliveries = await all();
    expect(deliveries.map(({ status, type, position }) => [status, type, position])).toEqual([
      ['pending', 'ConversationChanged', top],
      ['pending', 'MessagePosted', top],
    ]);
  });

  it('is forgotten at once when the log refused it', async () => {
    await made.log.append(channel, [delta('a')], { fence: { key: 'run_1', token: 2 } });
    await expect(noted.append(channel, [changed()], { fence: { key: 'run_1', token: 1 } })).rejects.toMatchObject({ code: 'CONFLICT' });
    await settle();
    expect(await placesOf()).toEqual([]);
  });

  it('is delivered once when it is told again under the key of the first time, and with the place of the first', async () => {
    const first = posted('msg_4');
    const again = posted('msg_4');
    await noted.append(channel, [first, delta('a')], { idempotencyKey: 'posted:msg_4' });
    await noted.append(channel, [first], { idempotencyKey: 'posted:msg_4' });
    offsetMs += 5;
    await noted.append(channel, [again], { idempotencyKey: 'posted:msg_4' });
    await settle();
    expect(await placesOf()).toEqual([['pending', 'MessagePosted', 1]]);
  });

  it('is delivered once when two processes tell the same at once', async () => {
    const other = createNotedLog({ database, log: made.log, clock, onTold: (ids) => told.push(...ids) });
    const event = posted('msg_5');
    await Promise.all([noted, other].map((log) => log.append(channel, [event], { idempotencyKey: 'posted:msg_5' })));
    await Promise.all([settle(told.slice()), settle(told.slice())]);
    expect(await placesOf()).toEqual([['pending', 'MessagePosted', 1]]);
  });

  it('is not told at all when it could not be noted, so that whoever tells it tries again', async () => {
    const broken = { ...database, sql: { ...database.sql, query: () => Promise.reject(new Error('the database is away')) } } as Database;
    const log = createNotedLog({ database: broken, log: made.log, clock, onTold: () => undefined });
    const refusal = await log.append(channel, [changed()]).catch((error: unknown) => error);
    expect(refusal).toBeInstanceOf(AppError);
    expect(refusal).toMatchObject({ code: 'UNAVAILABLE' });
    await log.append(channel, [delta('a')]);
    expect((await made.log.head(channel)).top).toMatch(/\.1$/);
  });

  it('is nothing for channels that no webhook listens to, and costs them no statement', async () => {
    let statements = 0;
    const counted = new Proxy(database.sql, {
      get(target, name, receiver) {
        if (name === 'query') statements += 1;
        return Reflect.get(target, name, receiver) as unknown;
      },
    });
    const log = createNotedLog({ database: { ...database, sql: counted }, log: made.log, clock, onTold: () => undefined });
    for (let each = 0; each < 100; each += 1) await log.append(channel, [delta('a')]);
    expect(statements).toBe(0);
    const run = newId('run');
    for (let each = 0; each < 100; each += 1)
      await log.append(`run:${run}`, [{ type: 'RunQueued', at: clock.now().toISOString(), visibility: 'CUSTOMER', runId: run, place: 0 }]);
    expect(statements).toBe(0);
  });

  it('reaches a webhook within two seconds of being made on another instance, and at once on the same', async () => {
    await noted.append(channel, [changed()]);
    await database.partnerWebhook.deleteMany({ where: { deliveries: { some: { conversationId } } } });
    // Still believed to be there, and noted for nobody.
    await noted.append(channel, [changed()]);
    expect(await all()).toEqual([]);
    const { partnerId } = await database.customer.findFirstOrThrow({ where: { conversations: { some: { id: conversationId } } } });
    const shared = { url: 'https://hooks.example.com/', secret: '', createdBy: '', createdAt: clock.now(), updatedAt: clock.now() };
    await database.partnerWebhook.create({ data: { id: newId('hook'), partnerId, eventTypes: ['ConversationChanged'], ...shared } });
    offsetMs += 2_001;
    await noted.append(channel, [changed()]);
    expect(await all()).toHaveLength(1);
  });
});
