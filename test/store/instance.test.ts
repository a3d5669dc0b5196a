/** One home per database, on real connections that are cut by the server. */
import pg from 'pg';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Clock } from '../../src/foundation/clock.ts';
import { createLogger } from '../../src/foundation/logger.ts';
import { holdHome, type Home } from '../../src/store/instance-lock.ts';
import { createEmptyDatabase } from '../support/database.ts';

const log = createLogger({ level: 'silent', pretty: false });

describe('the home of a database', () => {
  let empty: { url: string; close(): Promise<void> };
  let homes: Home[];
  beforeEach(async () => {
    empty = await createEmptyDatabase();
    homes = [];
  });
  afterEach(async () => {
    await Promise.all(homes.map((home) => home.close()));
    await empty.close();
  });
  const join = async (clock: Clock): Promise<Home> => {
    const home = await holdHome({ url: empty.url, log, clock });
    homes.push(home);
    return home;
  };

  it('is the first of several instances', async () => {
    const clock = steppedClock();
    const [first, second, third] = [await join(clock), await join(clock), await join(clock)];
    expect([first, second, third].map((each) => each.isHome())).toEqual([true, false, false]);
  });

  it('is exactly one of several that start at once', async () => {
    const clock = steppedClock();
    const all = await Promise.all([join(clock), join(clock), join(clock), join(clock)]);
    expect(all.filter((each) => each.isHome())).toHaveLength(1);
  });

  it('passes to an instance that stands by when the first leaves, and the first says so before', async () => {
    const clock = steppedClock();
    const [first, second] = [await join(clock), await join(clock)];
    const told: string[] = [];
    first.onChange((home) => told.push(`first ${home}`));
    const taken = changed(second, true, () => told.push('second true'));
    await first.close();
    expect(first.isHome()).toBe(false);
    await clock.until(taken);
    expect(second.isHome()).toBe(true);
    expect(told).toEqual(['first false', 'second true']);
  });

  it('is lost at once when its connection is cut, and found again', async () => {
    const clock = steppedClock();
    const home = await join(clock);
    const lost = changed(home, false);
    await cutConnections(empty.url);
    await lost;
    expect(home.isHome()).toBe(false);
    await clock.until(changed(home, true));
    expect(home.isHome()).toBe(true);
  });

  it('passes on when the connection of the first is cut, and the first stands by from then on', async () => {
    const firstClock = steppedClock();
    const secondClock = steppedClock();
    const [first, second] = [await join(firstClock), await join(secondClock)];
    const lost = changed(first, false);
    const taken = changed(second, true);
    await cutConnections(empty.url);
    await lost;
    await secondClock.until(taken);
    await firstClock.step();
    expect([first.isHome(), second.isHome()]).toEqual([false, true]);
  });

  it('is nobody while the database cannot be reached, without an end to trying', async () => {
    const clock = steppedClock();
    const home = await holdHome({ url: 'postgres://nobody:x@127.0.0.1:9/none', log, clock });
    homes.push(home);
    expect(home.isHome()).toBe(false);
    await clock.step();
    expect(home.isHome()).toBe(false);
    await home.close();
    await home.close();
  });

  it('says nothing more to a listener that stopped listening', async () => {
    const home = await join(steppedClock());
    let told = 0;
    home.onChange(() => (told += 1))();
    await home.close();
    expect(told).toBe(0);
  });
});

interface SteppedClock extends Clock {
  /** Ends all sleeps and resolves when somebody sleeps again. */
  step(): Promise<void>;
  /** Steps until the promise resolves. */
  until(promise: Promise<void>): Promise<void>;
}

function steppedClock(): SteppedClock {
  const sleepers = new Set<() => void>();
  let asleep = Promise.withResolvers<void>();
  const sleep = async (_ms: number, signal?: AbortSignal): Promise<void> => {
    signal?.throwIfAborted();
    const woken = Promise.withResolvers<void>();
    const onAbort = (): void => woken.reject(signal?.reason);
    signal?.addEventListener('abort', onAbort, { once: true });
    sleepers.add(woken.resolve);
    asleep.resolve();
    try {
      await woken.promise;
    } finally {
      sleepers.delete(woken.resolve);
      signal?.removeEventListener('abort', onAbort);
    }
  };
  const step = async (): Promise<void> => {
    await asleep.promise;
    asleep = Promise.withResolvers<void>();
    for (const wake of sleepers) wake();
    await asleep.promise;
  };
  const until = async (promise: Promise<void>): Promise<void> => {
    let done = false;
    const seen = promise.then(() => (done = true));
    while (!done) await Promise.race([seen, step()]);
  };
  return { now: () => new Date(), sleep, step, until };
}

function changed(home: Home, to: boolean, then: () => void = () => {}): Promise<void> {
  return new Promise((resolve) => {
    const stop = home.onChange((now) => {
      if (now !== to) return;
      stop();
      then();
      resolve();
    });
  });
}

/** As a server does that is told to let a client go. */
async function cutConnections(url: string): Promise<void> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    // The home only: the others would have to come back first, and who comes first is not the point here.
    await client.query(
      `SELECT pg_terminate_backend(l.pid) FROM pg_locks l JOIN pg_stat_activity a USING (pid) WHERE locktype = 'advisory' AND a.datname = current_database()`,
    );
  } finally {
    await client.end();
  }
}
