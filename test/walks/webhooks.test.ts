/** Webhooks of real processes: one dies in the middle of an answer, the other goes on, and the receiver can follow where they left off. */
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { verifyWebhook } from '../../src/client/verify-webhook.ts';
import { createFrontEnd, type FrontEnd } from '../support/app.ts';
import { takeUntil } from '../support/collect.ts';
import { eventually, openBench, type Bench } from '../support/process.ts';
import { startRedis, type RedisServer } from '../support/redis-server.ts';
import { startReceiver, type Receiver } from '../support/webhooks.ts';

interface Answered {
  readonly createWebhook: { readonly secret: string; readonly webhook: { readonly id: string } };
  readonly startConversation: { readonly conversation: { readonly id: string; readonly position: string }; readonly run: { readonly id: string } };
}

describe('webhooks of two instances on one Redis', { timeout: 120_000, retry: 1 }, () => {
  let bench: Bench;
  let redis: RedisServer;
  let receiver: Receiver;
  const partners: FrontEnd[] = [];
  beforeEach(async () => {
    [bench, redis, receiver] = await Promise.all([openBench(), startRedis(), startReceiver()]);
  });
  afterEach(async () => {
    for (const one of partners.splice(0)) await one.dispose();
    await bench.close();
    await receiver.close();
    await redis.close();
  });

  async function ask<Field extends keyof Answered>(partner: FrontEnd, field: Field, query: string, input: object): Promise<Answered[Field]> {
    const { data, errors } = await partner.http(query, { input });
    if (errors) throw new Error(JSON.stringify(errors));
    return (data as unknown as Answered)[field];
  }

  it('tell of an answer once, though the process that gave it is killed, and each can be continued from', async () => {
    const env = { REDIS_URL: redis.url, OFFLINE_TOKENS_PER_S: '40' };
    const first = bench.start(env);
    const url = await first.ready();
    const { partnerKey } = (await bench.demo()) as unknown as { partnerKey: string };
    const partner = createFrontEnd(() => url, partnerKey);
    partners.push(partner);
    const { secret } = await ask(partner, 'createWebhook', 'mutation($input: CreateWebhookInput!) { createWebhook(input: $input) { secret webhook { id } } }', {
      url: `${receiver.url}/events`,
      eventTypes: ['MessagePosted', 'MessageFinished', 'RunFinished', 'RunFailed', 'RunStopped'],
    });
    const { conversation, run } = await ask(
      partner,
      'startConversation',
      'mutation($input: StartConversationInput!) { startConversation(input: $input) { conversation { id position } run { id } } }',
      { customerEmail: 'walk@partner.example', text: 'How much would the premium plan cost for 30 seats?' },
    );
    const reader = partner.follow(conversation.id, conversation.position);
    await takeUntil(reader, (item) => item.__typename === 'TextDelta');
    first.kill('SIGKILL');
    const second = bench.start(env);
    const secondUrl = await second.ready();
    const verified = () => receiver.received.map((one) => verifyWebhook(one.body, one.headers, secret));
    await eventually('the end of the run to be told', async () => verified().some(({ event }) => event.type === 'RunFinished'));
    const events = verified();
    for (const type of ['MessageFinished', 'RunFinished']) {
      const told = events.filter(({ event }) => event.type === type);
      expect(new Set(told.map(({ event }) => event.position)).size).toBe(1);
      expect(new Set(told.map(({ id }) => id)).size).toBe(1);
    }
    expect(events.filter(({ event }) => event.conversationId === conversation.id)).toHaveLength(events.length);

    // What the webhook was told and what a subscriber is told after the same position are one history.
    const question = events.find(({ event }) => event.type === 'MessagePosted')?.event;
    const end = events.find(({ event }) => event.type === 'RunFinished')?.event;
    const again = createFrontEnd(() => secondUrl, partnerKey);
    partners.push(again);
    const rest = await takeUntil(again.follow(conversation.id, question?.position), (item) => item.__typename === 'RunFinished');
    expect(rest[0]).toMatchObject({ __typename: 'StreamReady', status: 'RECOVERED' });
    expect(rest.at(-1)).toMatchObject({ position: end?.position, sequence: end?.sequence, run: { id: run.id } });
  });
});
