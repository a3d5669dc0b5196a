/**
 * Many readers of many conversations on several gateways while everything around them breaks, and the reckoning afterwards: what
 * every reader holds against the rows, and the rows against what was asked. Bounded in deliveries and in time.
 */
import { setTimeout as delay } from 'node:timers/promises';
import { harm } from './harm.ts';
import { openPlace, type Place } from './place.ts';
import { createReader, type Reader } from './reader.ts';
import { reckon } from './reckoning.ts';
import { blame, createTally, type Tally } from './tally.ts';
import { createChronicle, createWitness } from './witness.ts';
import { askOn, startConversation, type Asked } from './writer.ts';

export interface StormOptions {
  readonly gateways: number;
  readonly customers: number;
  readonly conversationsEach: number;
  /** Sockets of each customer; each follows all conversations of theirs. */
  readonly socketsEach: number;
  readonly tokensPerAnswer: number;
  readonly tokenMs: number;
  readonly harmEveryMs: number;
  readonly gatewayEveryMs: number;
  readonly emptyEveryMs: number;
  /** The weather clears after so many deliveries or seconds, whichever comes first. */
  readonly deliveries: number;
  readonly seconds: number;
  readonly seed: number;
  /** Hears how it goes, once in a while. */
  readonly onProgress?: (tally: Tally) => void;
}

export interface Outcome {
  readonly tally: Tally;
  readonly subscriptions: number;
  readonly answers: number;
  readonly attempts: number;
  readonly seconds: number;
  readonly complaints: string;
}

const LOOK_MS = 250;
const PROGRESS_MS = 5_000;

export async function storm(options: StormOptions): Promise<Outcome> {
  const place = await openPlace({ gateways: options.gateways, tokensPerAnswer: options.tokensPerAnswer, tokenMs: options.tokenMs });
  const readers: Reader[] = [];
  const ending = new AbortController();
  const tally = createTally();
  const started = performance.now();
  const progress = setInterval(() => options.onProgress?.(tally), PROGRESS_MS);
  try {
    const { conversations, witnesses } = await open(place, options, tally, readers, ending.signal);
    const clear = new AbortController();
    const work = [askOn(place, tally, conversations, clear.signal), harm(place, readers, tally, { ...options, everyMs: options.harmEveryMs }, clear.signal)];
    const broken = Promise.all(work);
    broken.catch(() => clear.abort());
    const until = performance.now() + options.seconds * 1_000;
    while (!clear.signal.aborted && tally.deliveries < options.deliveries && performance.now() < until) await delay(LOOK_MS);
    clear.abort();
    await broken;
    await reckon(place, tally, conversations, witnesses, options.tokensPerAnswer);
    const wipes = tally.harms.get('Redis restarted empty') ?? 0;
    for (const { conversationId, epochs } of new Set(witnesses.map(({ chronicle }) => chronicle))) {
      if (epochs.size > wipes + 1) blame(tally, 'unannounced', `${conversationId} began anew ${epochs.size - 1} times, and Redis ${wipes} times`);
    }
    const attempts = await place.database.run.aggregate({ _sum: { attempt: true }, _count: true });
    return {
      tally,
      subscriptions: witnesses.length,
      answers: attempts._count,
      attempts: attempts._sum.attempt ?? 0,
      seconds: (performance.now() - started) / 1_000,
      complaints: place.complaints(),
    };
  } finally {
    clearInterval(progress);
    ending.abort();
    for (const reader of readers) reader.close();
    await place.close();
  }
}

async function open(place: Place, options: StormOptions, tally: Tally, readers: Reader[], signal: AbortSignal) {
  const conversations: Asked[] = [];
  for (const customer of await place.customers(options.customers)) {
    const asking = Array.from({ length: options.conversationsEach }, (_, n) => startConversation(place, tally, customer, conversations.length + n));
    const own = await Promise.all(asking);
    conversations.push(...own);
    const chronicles = own.map(({ conversationId }) => createChronicle(conversationId));
    for (let n = 0; n < options.socketsEach; n += 1) {
      const witnesses = own.map(({ position }, index) => createWitness(chronicles[index] ?? createChronicle(''), position, tally));
      readers.push(createReader({ gateways: place.gateways, token: customer.token, tally, signal }, witnesses));
    }
  }
  return { conversations, witnesses: readers.flatMap((reader) => reader.witnesses) };
}
