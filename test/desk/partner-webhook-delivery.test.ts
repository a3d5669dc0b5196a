/** What webhooks are told: the very items that subscribers get, of their own customers only, signed, and once. */
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { verifyWebhook } from '../../src/client/verify-webhook.ts';
import { PARTNER_EVENT_TYPES, WEBHOOK_EVENT_TYPES } from '../../src/desk/partner-webhook-events.ts';
import { newId } from '../../src/foundation/ids.ts';
import { webhookOperation } from '../../src/schema/partner-webhook-body.ts';
import { staffViewer, type Viewer } from '../../src/store/viewer.ts';
import { contextOf, open } from '../schema/ask.ts';
import { STAFF } from '../support/house.ts';
import { bodyOf, isGenuine, openRig, type Rig } from './webhook-rig.ts';

let rig: Rig;
beforeAll(async () => {
  rig = await openRig(['Grüße, ', '東京 👩‍👩‍👧 ', 'and a line \u2028 more.']);
});
afterAll(() => rig.close());
let path = '';
beforeEach(() => {
  path = `/${newId('req')}`;
});

/** A conversation of one answered message. */
async function converse(viewer: Viewer, text = 'Hello?'): Promise<{ conversationId: string; runId: string }> {
  const { conversation, run } = await rig.house.desk.conversations.start(viewer, { text });
  await rig.house.ended(run?.id ?? '');
  return { conversationId: conversation.id, runId: run?.id ?? '' };
}

describe('a webhook', () => {
  it('is told what a subscriber of the same operation is told, item by item', async () => {
    const partner = await rig.addPartner();
    await rig.addWebhook(partner, PARTNER_EVENT_TYPES, path);
    const { viewer } = await rig.house.addCustomer(partner.partnerId);
    const { conversationId } = await converse(viewer, 'Wo bleibt Gerät № 7 — 東京?');
    await rig.house.desk.conversations.resolve(viewer, { conversationId });
    await rig.deliver();
    const bodies = rig.bodies(path);
    expect(bodies.map(({ type }) => type)).toEqual(['MessagePosted', 'RunStarted', 'MessagePosted', 'MessageFinished', 'RunFinished', 'ConversationChanged']);

    const { epoch } = await rig.house.log.head(`conversation:${conversationId}`);
    const answers = await open(contextOf(rig.house, partner), webhookOperation('conversationEvents'), { id: conversationId, after: `${epoch}.0` });
    const items: unknown[] = [];
    for await (const { data, errors } of answers) {
      expect(errors).toBeUndefined();
      const item = (data as { conversationEvents: { __typename: string } }).conversationEvents;
      if (bodies.some(({ type }) => type === item.__typename)) items.push(JSON.parse(JSON.stringify(item)));
      if (items.length === bodies.length) break;
    }
    expect(bodies.map(({ data }) => data)).toEqual(items);
    for (const { type, position, sequence, timestamp, data, conversationId: said } of bodies) {
      expect(data).toMatchObject({ __typename: type, position, sequence, at: timestamp });
      expect(said).toBe(conversationId);
    }
    expect(JSON.stringify(bodies)).toContain('東京 👩‍👩‍👧');
  });

  it('is told of runs by themselves as their subscribers are', async () => {
    const partner = await rig.addPartner();
    await rig.addWebhook(partner, ['RunStarted', 'RunFinished'], path);
    const { customerId } = await rig.house.addCustomer(partner.partnerId);
    const { run } = await rig.house.desk.agentRuns.start(STAFF, { agentId: 'first_agent', text: 'Hello', customerId });
    await rig.house.ended(run.id);
    await rig.deliver();
    expect(rig.bodies(path)).toMatchObject([
      { type: 'RunStarted', conversationId: null, runId: run.id },
      { type: 'RunFinished', conversationId: null, runId: run.id, data: { run: { id: run.id, status: 'SUCCEEDED' } } },
    ]);
  });

  it('gets requests that the reference library and ours take, and whoever holds no secret cannot make', async () => {
    const partner = await rig.addPartner();
    const { secret, webhook } = await rig.addWebhook(partner, ['MessagePosted', 'MessageFinished'], path);
    const { viewer } = await rig.house.addCustomer(partner.partnerId);
    await converse(viewer);
    await rig.deliver();
    const received = rig.receiver.received.filter((one) => one.path === path);
    expect(received).toHaveLength(3);
    for (const one of received) {
      expect(one.headers).toMatchObject({ 'content-type': 'application/json; charset=utf-8', 'user-agent': 'Parley-Webhooks/1' });
      expect(isGenuine(one, secret)).toBe(true);
      expect(verifyWebhook(one.body, one.headers, secret)).toMatchObject({ id: one.headers['webhook-id'], event: bodyOf(one) });
      expect(isGenuine(one, `whsec_${Buffer.alloc(32).toString('base64')}`)).toBe(false);
    }
    const row = await rig.house.database.partnerWebhook.findUniqueOrThrow({ where: { id: webhook.id } });
    expect(JSON.stringify(row)).not.toContain(secret.slice(6));
  });

  it('is signed with both secrets while the old one is valid, and with the new one after that', async () => {
    const partner = await rig.addPartner();
    const { webhook, secret: old } = await rig.addWebhook(partner, ['MessagePosted'], path);
    const { viewer } = await rig.house.addCustomer(partner.partnerId);
    const { secret } = await rig.house.desk.partnerWebhooks.update(partner, { webhookId: webhook.id, rotateSecret: true });
    const signedBy = async () => {
      await converse(viewer);
      await rig.deliver();
      const last = rig.receiver.received.filter((one) => one.path === path).at(-1);
      return last && [old, secret ?? ''].map((one) => isGenuineNow(last, one));
    };
    /** By the clock of the test, which may be days ahead. */
    const isGenuineNow = (one: Parameters<typeof isGenuine>[0], by: string): boolean => {
      try {
        return verifyWebhook(one.body, one.headers, by, { now: rig.clock.now() }).id !== '';
      } catch {
        return false;
      }
    };
    expect(await signedBy()).toEqual([true, true]);
    rig.advance(24 * 3_600_000 + 1_000);
    expect(await signedBy()).toEqual([false, true]);
    const { secret: third } = await rig.house.desk.partnerWebhooks.update(partner, { webhookId: webhook.id, rotateSecret: true, oldSecretHours: 0 });
    expect(await signedBy()).toEqual([false, false]);
    expect(third).not.toBe(secret);
  });

  it('hears only what it asked for, and nothing while it is switched off', async () => {
    const partner = await rig.addPartner();
    const { webhook } = await rig.addWebhook(partner, ['RunFinished'], path);
    const { viewer } = await rig.house.addCustomer(partner.partnerId);
    await converse(viewer);
    await rig.deliver();
    expect(rig.bodies(path).map(({ type }) => type)).toEqual(['RunFinished']);
    const { update, remove } = rig.house.desk.partnerWebhooks;
    await update(partner, { webhookId: webhook.id, enabled: false });
    await converse(viewer);
    await rig.deliver();
    expect(rig.bodies(path)).toHaveLength(1);
    await update(partner, { webhookId: webhook.id, enabled: true, eventTypes: ['RunStarted', 'MessageFinished'] });
    await converse(viewer);
    await rig.deliver();
    expect(rig.bodies(path).map(({ type }) => type)).toEqual(['RunFinished', 'RunStarted', 'MessageFinished']);
    await remove(partner, { webhookId: webhook.id });
    await converse(viewer);
    await rig.deliver();
    expect(rig.bodies(path)).toHaveLength(3);
  });

  it('of ten partners hears of its own customers and of no others, and that of the business of those who belong to nobody', async () => {
    const partners = await Promise.all(Array.from({ length: 10 }, () => rig.addPartner()));
    for (const [index, partner] of partners.entries()) await rig.addWebhook(partner, PARTNER_EVENT_TYPES, `${path}/${index}`);
    await rig.addWebhook(STAFF, WEBHOOK_EVENT_TYPES, `${path}/business`);
    const asked = await Promise.all(
      Array.from({ length: 55 }, async (_, index) => {
        const owner = index % 11;
        const { viewer } = await rig.house.addCustomer(partners[owner]?.partnerId);
        return { owner, ...(await converse(viewer, `Customer ${index} asks`)) };
      }),
    );
    await rig.deliver();
    for (const owner of Array.from({ length: 11 }, (_, index) => index)) {
      const bodies = rig.bodies(owner === 10 ? `${path}/business` : `${path}/${owner}`);
      const theirs = new Set(asked.filter((one) => one.owner === owner).map(({ conversationId }) => conversationId));
      expect(new Set(bodies.map(({ conversationId }) => conversationId))).toEqual(theirs);
      expect(bodies).toHaveLength(theirs.size * 5);
    }
  });

  it('of a partner is never told what is meant for the desk, and that of the business is', async () => {
    const partner = await rig.addPartner();
    await expect(rig.addWebhook(partner, ['MessagePosted', 'BudgetWarning'], path)).rejects.toMatchObject({ code: 'BAD_INPUT', field: 'input.eventTypes' });
    await rig.addWebhook(partner, PARTNER_EVENT_TYPES, `${path}/partner`);
    await rig.addWebhook(STAFF, WEBHOOK_EVENT_TYPES, `${path}/business`);
    for (const [who, partnerId] of [
      ['partner', partner.partnerId],
      ['business', undefined],
    ] as const) {
      const { viewer } = await rig.house.addCustomer(partnerId);
      const { conversationId, runId } = await converse(viewer);
      const at = rig.clock.now().toISOString();
      await rig.noted.append(`conversation:${conversationId}`, [
        { type: 'ConversationChanged', at, visibility: 'STAFF', conversationId },
        { type: 'BudgetWarning', at, visibility: 'STAFF', runId, scope: 'run', unit: 'usd', spent: '0.08', limit: '0.1', tokens: 9 },
        { type: 'ConversationChanged', at, visibility: 'DEBUG', conversationId },
      ]);
      await rig.deliver();
      const types = rig.bodies(`${path}/${who}`).map(({ type }) => type);
      expect(types.slice(5)).toEqual(who === 'partner' ? [] : ['ConversationChanged', 'BudgetWarning']);
    }
  });

  it('is told nothing any more of a customer who was erased, and what it was told is gone', async () => {
    const partner = await rig.addPartner();
    await rig.addWebhook(partner, PARTNER_EVENT_TYPES, path);
    const { viewer, customerId } = await rig.house.addCustomer(partner.partnerId);
    await converse(viewer);
    await rig.settle();
    const { database } = rig.house;
    expect(await database.partnerDelivery.count({ where: { customerId } })).toBe(5);
    const admin: Viewer = staffViewer({ userId: newId('usr'), name: 'Ada', role: 'super_admin' });
    await rig.house.desk.erasures.erase(admin, { customerId, idempotencyKey: newId('req') });
    await rig.deliver();
    expect(rig.bodies(path)).toEqual([]);
    expect(await database.partnerDelivery.count({ where: { customerId } })).toBe(0);
  });
});
