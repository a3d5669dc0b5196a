/**
 * Both logs against an oracle that is a plain array: whatever is appended, followed, read, left and lost in whatever order, a reader
 * gets exactly what the array says, or is told that it cannot.
 */
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { ParleyEvent } from '../../src/events/event.ts';
import type { Channel, Entry, EventLog } from '../../src/events/event-log.ts';
import { createMemoryEventLog } from '../../src/events/memory-event-log.ts';
import type { Position } from '../../src/events/position.ts';
import { createRedisEventLog } from '../../src/events/redis-event-log.ts';
import { systemClock } from '../../src/foundation/clock.ts';
import { createLogger } from '../../src/foundation/logger.ts';
import { take } from '../support/collect.ts';
import { startRedis, type RedisServer } from '../support/redis-server.ts';

const CHANNEL: Channel = 'conversation:conv_test';
const LIMITS = { historyEventsMax: 10_000, historyMs: 600_000 };

/** What the log is, as a plain array. */
interface Oracle {
  /** Number of times all was lost. */
  life: number;
  /** What was appended in this life, in order. */
  events: number[];
  appended: number;
  /** Positions readers were given, and what they mean. */
  readonly places: { readonly life: number; readonly offset: number; readonly position: Position }[];
  readonly readers: { readonly id: number; life: number; offset: number }[];
  begun: number;
}

interface Real {
  readonly logs: readonly EventLog[];
  lose(): Promise<void>;
  readonly readers: Map<number, AsyncIterableIterator<Entry>>;
  close(): Promise<void>;
}

type Command = fc.AsyncCommand<Oracle, Real>;

function note(n: number): ParleyEvent {
  return { type: 'ConversationChanged', at: '2026-01-01T00:00:00.000Z', visibility: 'CUSTOMER', conversationId: `conv_${n}` };
}

function logOf(real: Real, at: number): EventLog {
  const log = real.logs[at % real.logs.length];
  if (!log) throw new Error('no log');
  return log;
}

function appendCommand(at: number, count: number, key: number | null): Command {
  return {
    check: () => true,
    toString: () => `append(${at}, ${count}, ${key})`,
    async run(oracle, real) {
      const numbers = Array.from({ length: count }, () => (oracle.appended += 1));
      oracle.events.push(...numbers);
      const options = key === null ? {} : { idempotencyKey: `${oracle.life}.${key}.${numbers[0]}` };
      const answers = [await logOf(real, at).append(CHANNEL, numbers.map(note), options)];
      if (key !== null) answers.push(await logOf(real, at + 1).append(CHANNEL, numbers.map(note), options));
      expect(new Set(answers).size).toBe(1);
      oracle.places.push({ life: oracle.life, offset: oracle.events.length, position: answers[0] ?? '' });
    },
  };
}

function followCommand(at: number, from: number | null): Command {
  return {
    check: (oracle) => oracle.readers.length < 6 && (from === null || oracle.places.length > 0),
    toString: () => `follow(${at}, ${from})`,
    async run(oracle, real) {
      const place = from === null ? undefined : oracle.places[from % oracle.places.length];
      const startAt = place ? ('live' as const) : ('history' as const);
      const options = { startAt, signal: new AbortController().signal };
      const reader = logOf(real, at).follow(CHANNEL, place ? { ...options, after: place.position } : options);
      oracle.begun += 1;
      real.readers.set(oracle.begun, reader);
      const [ready] = await take(reader, 1);
      const known = !place || place.life === oracle.life;
      expect(ready).toMatchObject({ kind: 'ready', status: place ? (known ? 'RECOVERED' : 'RESET') : 'LIVE' });
      let offset = place?.offset ?? 0;
      if (!known) {
        const [reset] = await take(reader, 1);
        expect(reset).toMatchObject({ kind: 'reset', reason: 'EPOCH' });
        offset = reset?.sequence ?? -1;
      }
      oracle.readers.push({ id: oracle.begun, life: oracle.life, offset });
    },
  };
}

/** Reads what there is, at most `count`; a reader of an earlier life is told first. */
function readCommand(which: number, count: number): Command {
  return {
    check: (oracle) => oracle.readers.length > 0,
    toString: () => `read(${which}, ${count})`,
    async run(oracle, real) {
      const known = oracle.readers[which % oracle.readers.length];
      const reader = known && real.readers.get(known.id);
      if (!known || !reader) throw new Error('no reader');
      if (known.life !== oracle.life) {
        const [reset] = await take(reader, 1);
        expect(reset).toMatchObject({ kind: 'reset', reason: 'EPOCH' });
        known.life = oracle.life;
        known.offset = reset?.sequence ?? -1;
      }
      const expected = oracle.events.slice(known.offset, known.offset + count);
      const entries = await take(reader, expected.length);
      expect(entries.map((entry) => entry.kind === 'event' && entry.event)).toEqual(expected.map(note));
      expect(entries.map((entry) => entry.sequence)).toEqual(expected.map((_, index) => known.offset + index + 1));
      known.offset += expected.length;
      const last = entries.at(-1);
      if (last) oracle.places.push({ life: oracle.life, offset: known.offset, position: last.position });
    },
  };
}

function leaveCommand(which: number): Command {
  return {
    check: (oracle) => oracle.readers.length > 0,
    toString: () => `leave(${which})`,
    async run(oracle, real) {
      const [left] = oracle.readers.splice(which % oracle.readers.length, 1);
      const reader = left && real.readers.get(left.id);
      await reader?.return?.();
      expect(await reader?.next()).toEqual({ done: true, value: undefined });
    },
  };
}

function loseCommand(): Command {
  return {
    check: () => true,
    toString: () => 'lose()',
    async run(oracle, real) {
      oracle.life += 1;
      oracle.events = [];
      await real.lose();
    },
  };
}

const small = fc.nat({ max: 20 });
const COMMANDS = [
  fc.tuple(small, fc.integer({ min: 1, max: 8 }), fc.option(small)).map(([at, count, key]) => appendCommand(at, count, key)),
  fc.tuple(small, fc.option(small)).map(([at, from]) => followCommand(at, from)),
  fc.tuple(small, fc.integer({ min: 1, max: 30 })).map(([which, count]) => readCommand(which, count)),
  fc.tuple(small, fc.integer({ min: 1, max: 30 })).map(([which, count]) => readCommand(which, count)),
  small.map(leaveCommand),
  fc.constant(loseCommand()),
];

async function runModel(make: () => Promise<Real>): Promise<void> {
  await fc.assert(
    fc.asyncProperty(fc.commands(COMMANDS, { maxCommands: 60, size: 'max' }), async (commands) => {
      const real = await make();
      const oracle: Oracle = { life: 0, events: [], appended: 0, places: [], readers: [], begun: 0 };
      try {
        await fc.asyncModelRun(() => ({ model: oracle, real }), commands);
        for (const at of oracle.readers.keys()) await readCommand(at, Infinity).run(oracle, real);
      } finally {
        for (const reader of real.readers.values()) await reader.return?.();
        await real.close();
      }
    }),
    { numRuns: 60 },
  );
}

describe('an event log is what a plain array says', () => {
  let redis: RedisServer;
  beforeAll(async () => {
    redis = await startRedis();
  });
  afterAll(() => redis.close());

  it('in memory', async () => {
    await runModel(async () => {
      const log = createMemoryEventLog({ clock: systemClock, ...LIMITS });
      return { logs: [log], lose: async () => log.startOver(), readers: new Map(), close: () => log.close() };
    });
  });

  it('on Redis, over three instances that hold less than their readers need', async () => {
    let made = 0;
    await runModel(async () => {
      const historyMs = { conversation: LIMITS.historyMs, run: LIMITS.historyMs, escalations: LIMITS.historyMs };
      const log = createLogger({ level: 'silent', pretty: false });
      const options = { url: redis.url, clock: systemClock, log, prefix: `m${(made += 1)}`, windowEventsMax: 5, graceMs: 5 };
      const logs = await Promise.all([1, 2, 3].map(() => createRedisEventLog({ ...options, historyMs, historyEventsMax: LIMITS.historyEventsMax })));
      return {
        logs,
        readers: new Map(),
        async lose() {
          await redis.direct.flushall();
          await Promise.all(logs.map((each) => each.check()));
        },
        async close() {
          await Promise.all(logs.map((each) => each.close()));
        },
      };
    });
  });
});
