/** The storm of chaos.ts in short: everything breaks at least once, and the reckoning is the same. */
import { expect, it } from 'vitest';
import { linesOf, verdict } from './report.ts';
import { storm } from './storm.ts';

const DELIVERIES_MIN = 2_000;

it('loses, doubles and disorders nothing on three instances while sockets, Redis and instances are killed', { timeout: 240_000 }, async () => {
  const outcome = await storm({
    gateways: 3,
    customers: 5,
    conversationsEach: 2,
    socketsEach: 5,
    tokensPerAnswer: 50,
    tokenMs: 30,
    harmEveryMs: 500,
    gatewayEveryMs: 2_500,
    emptyEveryMs: 6_000,
    deliveries: Number.MAX_SAFE_INTEGER,
    seconds: 11,
    seed: 5,
  });
  const { failed } = verdict(outcome, DELIVERIES_MIN);
  expect(failed, linesOf(outcome).join('\n')).toEqual([]);
});
