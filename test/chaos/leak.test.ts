/** Whoever comes and goes leaves nothing behind in a whole instance: no follower, group, timer, socket, Redis channel or memory. */
import { Socket } from 'node:net';
import { queryObjects } from 'node:v8';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { WebSocket } from 'ws';
import { systemClock } from '../../src/foundation/clock.ts';
import { newId } from '../../src/foundation/ids.ts';
import { openAcknowledged, openSocket, subscribe, type RawSocket } from '../gateway/raw-socket.ts';
import { openApp, type App } from '../support/app.ts';
import { eventually } from '../support/process.ts';
import { startRedis, type RedisServer } from '../support/redis-server.ts';

const CYCLES = 1_000;
const AT_ONCE = 10;
const CONVERSATIONS = 20;
/** What may stay per cycle: compiled code and caches grow a little, a leaked follower or socket holds several times as much. */
const HEAP_BYTES_PER_CYCLE_MAX = 1_500;
const COUNTED = ['controllers', 'signals', 'sockets', 'webSockets', 'timers'] as const;
/** What may be under way at the moment of counting: a renewal, a probe, a timer of the test. */
const SLACK = 10;
const FOLLOW = 'subscription Follow($id: ID!, $after: Position) { conversationEvents(id: $id, after: $after) { __typename position } }';

let redis: RedisServer;
let app: App;
let authorization = '';
const conversations: string[] = [];
const goOn = Promise.withResolvers<void>();

beforeAll(async () => {
  redis = await startRedis();
  app = await openApp({ SOCKETS_PER_VIEWER: '1000', MODEL_TOKEN_GAP_MS: '300000' }, { redisUrl: redis.url });
  const me = await app.customer();
  authorization = `Bearer ${await app.token({ kind: 'customer', customerId: me.customerId })}`;
  const now = new Date();
  const rows = Array.from({ length: CONVERSATIONS }, () => ({
    id: newId('conv'),
    customerId: me.customerId,
    channel: 'web' as const,
    subject: 'Waiting',
    createdAt: now,
    lastMessageAt: now,
  }));
  await app.database.conversation.createMany({ data: rows });
  // One of them has an answer in the making: its readers are given a snapshot and wait for heartbeats.
  const spoken = Promise.withResolvers<void>();
  app.model.script({ text: ['One ', 'two ', 'three'], gate: (token) => (token < 2 ? undefined : (spoken.resolve(), goOn.promise)) });
  const { conversationId } = await me.ask('How do I export my tasks?');
  await spoken.promise;
  conversations.push(...rows.map(({ id }) => id), conversationId);
});
beforeAll(() => {
  // The first call says that it is experimental; whoever runs the tests need not know.
  const { emitWarning } = process;
  process.emitWarning = () => undefined;
  queryObjects(WebSocket);
  process.emitWarning = emitWarning;
});
afterAll(async () => {
  goOn.resolve();
  await app.close();
  await redis.close();
});

interface Held {
  readonly controllers: number;
  readonly signals: number;
  readonly sockets: number;
  readonly webSockets: number;
  readonly timers: number;
  readonly heapBytes: number;
}

/** Counts what is alive, after a full collection of garbage. Takes a second or more, in which nothing else happens. */
function held(): Held {
  return {
    controllers: queryObjects(AbortController, { format: 'count' }),
    signals: queryObjects(AbortSignal, { format: 'count' }),
    sockets: queryObjects(Socket, { format: 'count' }),
    webSockets: queryObjects(WebSocket, { format: 'count' }),
    timers: process.getActiveResourcesInfo().filter((name) => name === 'Timeout').length,
    heapBytes: process.memoryUsage().heapUsed,
  };
}

/** What came last is let go a little later: connections linger, and a channel stays open for who comes back. */
async function calm(): Promise<void> {
  await eventually('no channel is listened to', async () => (await redis.direct.pubsub('CHANNELS', '*conversation*')).length === 0);
}

async function cycles(cycle: (n: number, worker: number) => Promise<void>, count: number): Promise<void> {
  let next = 0;
  const work = async (worker: number): Promise<void> => {
    for (let n = (next += 1); n <= count; n = next += 1) await cycle(n, worker);
  };
  await Promise.all(Array.from({ length: AT_ONCE }, (_, worker) => work(worker)));
}

const conversationOf = (n: number): string => conversations[n % conversations.length] ?? '';

/** Reads on until the first item of this subscription. */
async function acknowledged(raw: RawSocket, id: string): Promise<void> {
  for (;;) {
    const message = await raw.next();
    if (message.id === id && message.type === 'next') return;
    if (message.id === id) throw new Error(`a subscription was answered with ${JSON.stringify(message)}`);
  }
}

it(`holds nothing after ${CYCLES} subscriptions came and went and ${CYCLES} sockets were cut off`, { timeout: 150_000 }, async () => {
  const raws = await Promise.all(Array.from({ length: AT_ONCE }, () => openAcknowledged(app.parley.url, { authorization })));
  const all = async (count: number): Promise<void> => {
    await cycles(comeAndGo(raws), count);
    await cycles(cutOff, count);
    await calm();
  };
  await all(CYCLES / 4);
  const before = held();
  await all(CYCLES);
  let after = held();
  const grown = (): string[] => COUNTED.filter((name) => after[name] > before[name] + SLACK);
  // Timers of requests and connections run out in their own time.
  for (let look = 0; look < 5 && grown().length > 0; look += 1) {
    await systemClock.sleep(2_000);
    after = held();
  }
  const words = JSON.stringify({ before, after });
  expect(grown(), words).toEqual([]);
  expect((after.heapBytes - before.heapBytes) / (2 * CYCLES), words).toBeLessThan(HEAP_BYTES_PER_CYCLE_MAX);
  for (const raw of raws) raw.socket.terminate();
});

/** Each worker has a socket of its own, which stays. */
function comeAndGo(raws: readonly RawSocket[]) {
  let visits = 0;
  return async (n: number, worker: number): Promise<void> => {
    const raw = raws[worker];
    if (!raw) throw new Error('each has a socket of its own');
    const id = `s${(visits += 1)}`;
    subscribe(raw, id, FOLLOW, { id: conversationOf(n) });
    // Some leave before they were let in, the others while they wait for the next item.
    if (n % 3 > 0) await acknowledged(raw, id);
    raw.send({ id, type: 'complete' });
  };
}

async function cutOff(n: number): Promise<void> {
  if (n % 10 === 0) {
    // Never said who it is.
    const silent = await openSocket(app.parley.url);
    silent.socket.terminate();
    return void (await silent.closed);
  }
  const raw = await openAcknowledged(app.parley.url, { authorization });
  subscribe(raw, 'first', FOLLOW, { id: conversationOf(n) });
  if (n % 3 > 0) await acknowledged(raw, 'first');
  subscribe(raw, 'second', FOLLOW, { id: conversationOf(n + 1) });
  raw.socket.terminate();
  await raw.closed;
}
