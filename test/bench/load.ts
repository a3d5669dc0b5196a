/**
 * The customers: a process that opens sockets, asks, reads and counts. It decides nothing about what is good; bench.ts asks it for
 * one thing after another.
 */
import { Pool } from 'undici';
import { nowMs } from './clock.ts';
import { openLine, type Line, type Place, type Protocol } from './protocol.ts';
import { answer } from './remote.ts';
import { broke, createCounters, createTally, percentile, remark, type Counters, type Faults, type FirstToken, type Tally } from './tally.ts';

export interface Crowd {
  readonly protocol: Protocol;
  /** Where messages go in. */
  readonly writeUrl: string;
  /** Where answers are read; the same server in most scenarios. */
  readonly readUrl: string;
  readonly conversations: number;
  readonly readersEach: number;
  /** One credential for each conversation, used again from the start when there are fewer. */
  readonly tokens: readonly string[];
}

export interface Counted {
  readonly tokens: number;
  readonly frames: number;
  readonly atMs: number;
  /** Of the tokens since the last count. */
  readonly ageP50Ms: number;
  readonly ageP99Ms: number;
}

export interface Turns {
  readonly turns: number;
  readonly overheadP50Ms: number;
  readonly overheadP99Ms: number;
}

export interface HttpWork {
  readonly url: string;
  readonly tokens: readonly string[];
  readonly bodies: readonly string[];
  readonly connections: number;
  readonly seconds: number;
}

export interface LoadCommands {
  /** Opens the sockets, starts the conversations and follows them. */
  gather(input: Crowd): Promise<void>;
  count(input: null): Counted;
  /** Waits until every reader has this many tokens, at most `limitMs`, and says what went wrong so far. */
  finish(input: { readonly tokens: number; readonly limitMs: number }): Promise<{ readonly faults: Faults; readonly lastArrivalMs: number }>;
  /** Sockets that only follow: one for each of the given conversations. */
  idle(input: {
    readonly protocol: Protocol;
    readonly url: string;
    readonly conversations: readonly string[];
    readonly tokens: readonly string[];
  }): Promise<Faults>;
  /** The conversations that were gathered ask again and again, one question after the other in each. */
  turns(input: { readonly seconds: number; readonly tokens: number }): Promise<Turns>;
  http(input: HttpWork): Promise<{ readonly answers: number; readonly seconds: number; readonly refused: number; readonly said: string }>;
  leave(input: null): void;
  [name: string]: (input: never) => unknown;
}

interface Reader {
  readonly place: Place;
  readonly writer: Line;
  readonly tally: Tally;
  readonly question: string;
  ended: () => void;
  first: (token: FirstToken) => void;
}

/** Connections and starts on their way at once while gathering. */
const GATHER_AT_ONCE = 16;
const TURN_MS = 30_000;
const START_ATTEMPTS_MAX = 5;
const QUESTIONS = [
  'Where do I find my invoices?',
  'How do I invite a colleague to our workspace?',
  'Where do I change the card that pays for our plan?',
  'What does the premium plan cost for ten people?',
  'How do I set up single sign-on with Okta?',
  'How do I export my tasks as CSV?',
  'How do I create a webhook?',
  'How do I share a dashboard with my team?',
];

let counters: Counters = createCounters();
let lines: Line[] = [];
let readers: Reader[] = [];

answer({
  async gather(crowd: Crowd) {
    leave();
    await inParallel(crowd.conversations, (index) => gatherOne(crowd, index));
  },
  count() {
    const ages = counters.ages.splice(0);
    return { tokens: counters.tokens, frames: counters.frames, atMs: nowMs(), ageP50Ms: percentile(ages, 0.5), ageP99Ms: percentile(ages, 0.99) };
  },
  async finish({ tokens, limitMs }: { readonly tokens: number; readonly limitMs: number }) {
    const until = nowMs() + limitMs;
    const missing = (): number => readers.reduce((sum, { tally }) => sum + tally.missing(tokens), 0);
    while (missing() > 0 && nowMs() < until) await new Promise((resolve) => setTimeout(resolve, 50));
    counters.faults.lost += missing();
    return { faults: counters.faults, lastArrivalMs: counters.lastArrivalMs };
  },
  async idle({ protocol, url, conversations, tokens }: Parameters<LoadCommands['idle']>[0]) {
    await inParallel(conversations.length, async (index) => {
      const line = await openLine(protocol, url, pick(tokens, index), counters);
      lines.push(line);
      await line.follow({ conversation: pick(conversations, index), position: null }, createTally(counters));
    });
    return counters.faults;
  },
  turns: takeTurns,
  http: workHttp,
  leave,
} satisfies LoadCommands);

function leave(): void {
  for (const line of lines) line.end();
  lines = [];
  readers = [];
  counters = createCounters();
}

async function gatherOne(crowd: Crowd, index: number): Promise<void> {
  const token = pick(crowd.tokens, index);
  const open = async (url: string): Promise<Line> => {
    const line = await openLine(crowd.protocol, url, token, counters);
    lines.push(line);
    return line;
  };
  const writer = await open(crowd.writeUrl);
  const question = pick(QUESTIONS, index);
  const place = await startOne(writer, `c${index}`, question);
  await inParallel(crowd.readersEach, async (which) => {
    const line = which === 0 && crowd.readUrl === crowd.writeUrl ? writer : await open(crowd.readUrl);
    const reader: Reader = {
      place,
      writer,
      question,
      tally: createTally(counters, (received) => reader.first(received)),
      ended: () => undefined,
      first: () => undefined,
    };
    await line.follow(place, reader.tally, () => reader.ended());
    readers.push(reader);
  });
  // The relay answers nobody who is not there: it is asked once all are.
  if (crowd.protocol === 'relay') await writer.post(place.conversation, question);
}

/** As a real customer does, a start that is refused for the moment is tried again; that it was is told. */
async function startOne(writer: Line, conversation: string, question: string): Promise<Place> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await writer.start(conversation, question);
    } catch (error) {
      const text = String(error);
      if (attempt === START_ATTEMPTS_MAX || !text.includes('"retryable":true')) throw error;
      remark(counters, `while gathering, tried again: ${text}`);
      await new Promise((resolve) => setTimeout(resolve, attempt * 1_000));
    }
  }
}

/** Each conversation begins at another moment of the first second, so that the questions do not come in waves. */
async function takeTurns({ seconds, tokens }: { readonly seconds: number; readonly tokens: number }): Promise<Turns> {
  const until = nowMs() + seconds * 1_000;
  const overheads: number[] = [];
  let turns = 0;
  await Promise.all(
    readers.map(async (reader, index) => {
      await new Promise((resolve) => setTimeout(resolve, (index / readers.length) * 1_000));
      while (nowMs() < until) {
        const done = await takeTurn(reader, tokens);
        if (!done) return;
        turns += 1;
        overheads.push(done.overheadMs);
      }
    }),
  );
  return { turns, overheadP50Ms: percentile(overheads, 0.5), overheadP99Ms: percentile(overheads, 0.99) };
}

/** What the customer waited for the first token, less what the model took for it. Null when the turn came to nothing. */
async function takeTurn(reader: Reader, tokens: number): Promise<{ readonly overheadMs: number } | null> {
  reader.tally.restart();
  let overheadMs = Number.NaN;
  const ended = Promise.withResolvers<boolean>();
  reader.ended = () => ended.resolve(true);
  const sentMs = nowMs();
  reader.first = ({ emittedMs, requestArrivedMs }) => (overheadMs = nowMs() - sentMs - (emittedMs - requestArrivedMs));
  const timer = setTimeout(() => ended.resolve(false), TURN_MS);
  try {
    // Who asks and asks and is never content gets a person after the fifth message: that is another measurement.
    await reader.writer.post(reader.place.conversation, `Great, thanks! ${reader.question}`);
    const finished = await ended.promise;
    if (!finished) broke(counters, 'a turn did not end');
    counters.faults.lost += reader.tally.missing(tokens);
    return finished ? { overheadMs } : null;
  } catch (error) {
    broke(counters, String(error));
    return null;
  } finally {
    clearTimeout(timer);
  }
}

async function workHttp({ url, tokens, bodies, connections, seconds }: HttpWork) {
  const { origin, pathname } = new URL(url);
  const pool = new Pool(origin, { connections, pipelining: 1 });
  const startMs = nowMs();
  const untilMs = startMs + seconds * 1_000;
  let answers = 0;
  let refused = 0;
  let said = '';
  const work = async (which: number): Promise<void> => {
    for (let round = which; nowMs() < untilMs; round += connections) {
      const { statusCode, body } = await pool.request({
        method: 'POST',
        path: pathname,
        headers: { 'content-type': 'application/json', authorization: `Bearer ${pick(tokens, round)}` },
        body: pick(bodies, round),
      });
      const text = await body.text();
      if (statusCode === 200 && !text.includes('"errors"')) answers += 1;
      else {
        refused += 1;
        said ||= text.slice(0, 300);
      }
    }
  };
  try {
    await Promise.all(Array.from({ length: connections }, (_, index) => work(index)));
    return { answers, seconds: (nowMs() - startMs) / 1_000, refused, said };
  } finally {
    await pool.close();
  }
}

async function inParallel(count: number, work: (index: number) => Promise<void>): Promise<void> {
  let next = 0;
  const lane = async (): Promise<void> => {
    while (next < count) {
      const index = next;
      next += 1;
      await work(index);
    }
  };
  await Promise.all(Array.from({ length: Math.min(GATHER_AT_ONCE, count) }, lane));
}

function pick<T>(list: readonly T[], index: number): T {
  const one = list[index % list.length];
  if (one === undefined) throw new Error('nothing to pick from');
  return one;
}
