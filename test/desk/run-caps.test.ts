/** Runs in flight: nobody fills the queue for the others, and what has ended makes room. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { newId } from '../../src/foundation/ids.ts';
import { partnerViewer, type Viewer } from '../../src/store/viewer.ts';
import { openHouse, STAFF, type House } from '../support/house.ts';
import { createFixedLlm } from '../support/scripted-llm.ts';

describe('runs in flight', () => {
  let house: House;
  beforeAll(async () => {
    house = await openHouse({ llm: createFixedLlm(['Hello.']), started: false, runCaps: { perCustomer: 3, perPartner: 5 } });
  });
  afterAll(() => house.close());

  const start = (viewer: Viewer, customerId?: string) => house.desk.conversations.start(viewer, { text: 'A question', ...(customerId ? { customerId } : {}) });
  const refusal = { code: 'RATE_LIMITED', retryable: true, retryAfterMs: 5_000 };

  it('of one customer are bounded over all conversations, and nothing is written of what is refused', async () => {
    const { viewer, customerId } = await house.addCustomer();
    const { conversation } = await start(viewer);
    const post = (text: string) => house.desk.conversations.post(viewer, { conversationId: conversation.id, text, clientMessageId: text });
    await post('second');
    await start(viewer);
    await expect(post('fourth')).rejects.toMatchObject(refusal);
    await expect(start(viewer)).rejects.toMatchObject(refusal);
    expect(await house.database.run.count({ where: { customerId } })).toBe(3);
    expect(await house.database.message.count({ where: { conversation: { customerId } } })).toBe(3);
    // What was taken before is answered again.
    expect(await post('second')).toMatchObject({ disposition: 'duplicate' });
    // Who interrupts makes room for it.
    expect(await house.desk.conversations.post(viewer, { conversationId: conversation.id, text: 'Now!', onBusy: 'interrupt' })).toMatchObject({
      run: { status: 'queued' },
    });
  });

  it('make room when they end, or wait for a person', async () => {
    const { viewer, customerId } = await house.addCustomer();
    const runs = [await start(viewer), await start(viewer), await start(viewer)].map(({ run }) => run.id);
    await expect(start(viewer)).rejects.toMatchObject(refusal);
    await house.database.run.update({ where: { id: runs[0] ?? '' }, data: { status: 'succeeded' } });
    await start(viewer);
    await expect(start(viewer)).rejects.toMatchObject(refusal);
    await house.database.run.update({ where: { id: runs[1] ?? '' }, data: { status: 'waiting' } });
    await start(viewer);
    expect(await house.database.run.count({ where: { customerId } })).toBe(5);
  });

  it('of all customers of one partner are bounded together, whoever asks, and another partner’s are not concerned', async () => {
    const partnerId = newId('ptn');
    const partner = partnerViewer({ partnerId, keyId: null });
    const [one, two] = [await house.addCustomer(partnerId), await house.addCustomer(partnerId)];
    for (let n = 0; n < 3; n += 1) await start(partner, one.customerId);
    for (let n = 0; n < 2; n += 1) await start(two.viewer);
    await expect(start(partner, two.customerId)).rejects.toMatchObject(refusal);
    await expect(start(two.viewer)).rejects.toMatchObject(refusal);
    const other = await house.addCustomer(newId('ptn'));
    await start(other.viewer);
    await start((await house.addCustomer()).viewer);
  });

  it('are not refused to the staff', async () => {
    const { customerId } = await house.addCustomer();
    for (let n = 0; n < 5; n += 1) await start(STAFF, customerId);
  });
});
