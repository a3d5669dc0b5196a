/** What the desk does in the background: the waits between rounds, one that fails, and the end of it. */
import { setImmediate } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { createLogger } from '../../src/foundation/logger.ts';
import { startRounds } from '../../src/desk/rounds.ts';
import { createManualClock, type ManualClock } from '../support/manual-clock.ts';

const log = createLogger({ level: 'silent', pretty: false });

/** Whoever was woken has gone on. */
async function pass(clock: ManualClock, ms: number): Promise<void> {
  clock.advance(ms);
  await setImmediate();
}

test('makes the first round after its own wait, and goes on after one that failed', async () => {
  const clock = createManualClock();
  let rounds = 0;
  const made = startRounds({
    clock,
    log,
    firstMs: 10,
    everyMs: 100,
    failed: 'failed',
    async round() {
      rounds += 1;
      if (rounds === 1) throw new Error('the first one fails');
    },
  });
  await pass(clock, 9);
  expect(rounds).toBe(0);
  await pass(clock, 1);
  expect(rounds).toBe(1);
  await pass(clock, 99);
  expect(rounds).toBe(1);
  await pass(clock, 1);
  expect(rounds).toBe(2);
  await made.close();
  await pass(clock, 1_000);
  expect(rounds).toBe(2);
});

test('waits on closing for the round under way, which is told', async () => {
  const clock = createManualClock();
  const { promise: told, resolve } = Promise.withResolvers<void>();
  let left = false;
  const made = startRounds({
    clock,
    log,
    everyMs: 10,
    failed: 'failed',
    async round(signal) {
      signal.addEventListener('abort', () => resolve(), { once: true });
      await told;
      left = true;
      throw signal.reason;
    },
  });
  await pass(clock, 10);
  await made.close();
  expect(left).toBe(true);
});
