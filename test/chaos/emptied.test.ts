/** What Redis forgets in the middle of an answer is said again: nobody has to wait for the end to read the beginning. */
import { afterAll, beforeAll, expect, it } from 'vitest';
import { isTerminal, isText, openApp, textOf, type App } from '../support/app.ts';
import { takeUntil } from '../support/collect.ts';
import { eventually } from '../support/process.ts';
import { startRedis, type RedisServer } from '../support/redis-server.ts';

let redis: RedisServer;
let app: App;
beforeAll(async () => {
  redis = await startRedis();
  app = await openApp({}, { redisUrl: redis.url });
});
afterAll(async () => {
  await app.close();
  await redis.close();
});

it('tells a reader that the history began anew, and a newcomer the whole text, while the same attempt goes on', async () => {
  const spoken = Promise.withResolvers<void>();
  const emptied = Promise.withResolvers<void>();
  const known = Promise.withResolvers<void>();
  app.model.script({
    text: ['One ', 'two ', 'three ', 'four ', 'five.'],
    gate(token) {
      if (token === 2) spoken.resolve();
      return token < 2 ? undefined : token < 4 ? emptied.promise : known.promise;
    },
  });
  const me = await app.customer();
  const { conversationId, position } = await me.ask('How do I export my tasks?');
  const reader = me.follow(conversationId, position);
  await spoken.promise;
  expect(textOf(await takeUntil(reader, (item) => item.text?.endsWith('two ') ?? false))).toBe('One two ');

  await redis.restartEmpty();
  emptied.resolve();
  const broken = await takeUntil(reader, (item) => item.__typename === 'StreamReset');
  expect(broken.at(-1)).toMatchObject({ reason: 'EPOCH' });
  const text = await eventually('a newcomer reads it from its beginning', async () => {
    const newcomer = me.follow(conversationId);
    const items = await takeUntil(newcomer, isText);
    await newcomer.return?.();
    const first = items.at(-1);
    return first?.__typename === 'TextSnapshot' || first?.offset === 0 ? first.text : null;
  });
  expect(text).toBe('One two three four ');

  known.resolve();
  const rest = await takeUntil(reader, isTerminal);
  expect(rest.at(-1)).toMatchObject({ __typename: 'RunFinished' });
  expect(rest.find((item) => item.__typename === 'MessageFinished')?.message?.text).toBe('One two three four five.');
  expect(rest.some((item) => item.__typename === 'MessageReset')).toBe(false);
  await reader.return?.();
});
