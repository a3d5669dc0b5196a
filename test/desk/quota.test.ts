/** Conversations per day: the plan's number and no more, whoever begins them and however many ask at once. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { newId } from '../../src/foundation/ids.ts';
import { partnerViewer, type Viewer } from '../../src/store/viewer.ts';
import { openHouse, STAFF, type House } from '../support/house.ts';
import { createFixedLlm } from '../support/scripted-llm.ts';

describe('the daily quota', () => {
  let house: House;
  beforeAll(async () => {
    house = await openHouse({ llm: createFixedLlm(['Hello.']), started: false });
  });
  afterAll(() => house.close());

  async function codesOf(starts: readonly Promise<unknown>[]) {
    const settled = await Promise.allSettled(starts);
    return settled.map((one) => (one.status === 'fulfilled' ? 'started' : (one.reason as { code?: string }).code));
  }

  it('lets ten of fifty through at once on the free plan, and says how long to wait', async () => {
    const { viewer, customerId } = await house.addCustomer();
    const codes = await codesOf(Array.from({ length: 50 }, (_, at) => house.desk.conversations.start(viewer, { text: `Question ${at}` })));
    expect(codes.filter((code) => code === 'started')).toHaveLength(10);
    expect(codes.filter((code) => code === 'QUOTA_REACHED')).toHaveLength(40);
    expect(await house.database.conversation.count({ where: { customerId } })).toBe(10);
    const refusal: unknown = await house.desk.conversations.start(viewer, { text: 'One more' }).catch((error: unknown) => error);
    expect(refusal).toMatchObject({ code: 'QUOTA_REACHED', retryable: false });
    const { retryAfterMs = 0 } = refusal as { retryAfterMs?: number };
    const midnight = Date.UTC(new Date().getUTCFullYear(), new Date().getUTCMonth(), new Date().getUTCDate() + 1);
    expect(retryAfterMs).toBeGreaterThan(0);
    expect(Math.abs(Date.now() + retryAfterMs - midnight) % 86_400_000).toBeLessThan(60_000);
  });

  it('counts what the staff and a partner begin for the customer', async () => {
    const partnerId = newId('ptn');
    const { viewer, customerId } = await house.addCustomer(partnerId);
    const partner: Viewer = partnerViewer({ partnerId, keyId: null });
    for (const who of [viewer, STAFF, partner]) for (let n = 0; n < 3; n += 1) await house.desk.conversations.start(who, { customerId, text: 'Hello' });
    await house.desk.conversations.start(STAFF, { customerId, text: 'The tenth' });
    for (const who of [viewer, STAFF, partner]) {
      await expect(house.desk.conversations.start(who, { customerId, text: 'The eleventh' })).rejects.toMatchObject({ code: 'QUOTA_REACHED' });
    }
  });

  it('answers the last conversation of the day again to who asks with the same key', async () => {
    const { viewer, customerId } = await house.addCustomer();
    for (let n = 0; n < 9; n += 1) await house.desk.conversations.start(viewer, { text: 'Hello' });
    const last = await Promise.all(Array.from({ length: 8 }, () => house.desk.conversations.start(viewer, { text: 'The tenth', idempotencyKey: 'tenth' })));
    expect(new Set(last.map(({ conversation }) => conversation.id)).size).toBe(1);
    expect(await house.database.conversation.count({ where: { customerId } })).toBe(10);
  });

  it('begins anew at midnight, does not count what is gone on with, and knows plans without one', async () => {
    const { viewer, customerId } = await house.addCustomer();
    const { conversation } = await house.desk.conversations.start(viewer, { text: 'Hello' });
    for (let n = 0; n < 12; n += 1) await house.desk.conversations.post(viewer, { conversationId: conversation.id, text: 'More' });
    for (let n = 1; n < 10; n += 1) await house.desk.conversations.start(viewer, { text: 'Hello' });
    await expect(house.desk.conversations.start(viewer, { text: 'Too many' })).rejects.toMatchObject({ code: 'QUOTA_REACHED' });
    await house.database.conversation.updateMany({ where: { customerId }, data: { createdAt: new Date(Date.now() - 86_400_000) } });
    await house.desk.conversations.start(viewer, { text: 'The next day' });
    await house.database.customer.update({ where: { id: customerId }, data: { plan: 'premium' } });
    expect(await codesOf(Array.from({ length: 20 }, () => house.desk.conversations.start(viewer, { text: 'Hello' })))).toEqual(Array(20).fill('started'));
  });
});
