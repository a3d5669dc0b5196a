/** Webhooks that do not take what they are sent: tried again for a day, left alone when they say so, and in nobody else's way. */
import type { ServerResponse } from 'node:http';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { removeDeliveries } from '../../src/desk/deliver-partner-webhooks.ts';
import { newId } from '../../src/foundation/ids.ts';
import type { PartnerDelivery, PartnerWebhook } from '../../src/store/generated/prisma/client.ts';
import type { Viewer } from '../../src/store/viewer.ts';
import { HOUR, isGenuine, openRig, SECOND, type Rig } from './webhook-rig.ts';
import type { Received } from '../support/webhooks.ts';

const DAY = 24 * HOUR;

let rig: Rig;
let partner: Viewer & { kind: 'partner' };
let webhook: PartnerWebhook;
let secret: string;
let viewer: Viewer;
beforeAll(async () => {
  rig = await openRig();
});
afterAll(() => rig.close());
let path = '';
beforeEach(async () => {
  partner = await rig.addPartner();
  path = `/${partner.partnerId}`;
  ({ webhook, secret } = await rig.addWebhook(partner, ['MessagePosted', 'ConversationChanged'], path));
  ({ viewer } = await rig.house.addCustomer(partner.partnerId));
  rig.receiver.answer((_request, response) => void response.writeHead(204).end());
});

const received = (): readonly Received[] => rig.receiver.received.filter((one) => one.path === path);
const respond = (status: number, headers: Readonly<Record<string, string>> = {}, body = '') => {
  rig.receiver.answer((request, response) => void response.writeHead(request.path === path ? status : 204, headers).end(body));
};

/** One event: a conversation is reopened that was not closed for long. */
async function happen(of: Viewer = viewer): Promise<PartnerDelivery> {
  const conversationId = await conversationOf(of);
  await rig.noted.append(`conversation:${conversationId}`, [changed(conversationId)]);
  await rig.settle();
  return rig.house.database.partnerDelivery.findFirstOrThrow({ where: { conversationId, type: 'ConversationChanged' }, orderBy: { id: 'desc' } });
}

const changed = (conversationId: string) =>
  ({ type: 'ConversationChanged', at: rig.clock.now().toISOString(), visibility: 'CUSTOMER', conversationId }) as const;

/** A conversation that nothing is told of by itself. */
async function conversationOf(of: Viewer): Promise<string> {
  if (of.kind !== 'customer') throw new Error('only customers converse');
  const [id, now] = [newId('conv'), rig.clock.now()];
  await rig.house.database.conversation.create({ data: { id, customerId: of.customerId, channel: 'web', createdAt: now, lastMessageAt: now } });
  return id;
}

const rowOf = (id: string) => rig.house.database.partnerDelivery.findUniqueOrThrow({ where: { id }, include: { log: { orderBy: { id: 'asc' } } } });
const hookOf = (id: string) => rig.house.database.partnerWebhook.findUniqueOrThrow({ where: { id } });

describe('a delivery that is not taken', () => {
  it('is tried eight times within a day, with the same id and the same bytes, signed anew each time, and then given up', async () => {
    respond(500, {}, 'not\0 today 東京');
    const { id } = await happen();
    const waited: number[] = [];
    for (let tries = 0; tries < 20; tries += 1) {
      await rig.deliver();
      const row = await rowOf(id);
      if (row.status === 'failed') break;
      const ms = row.nextAttemptAt.getTime() - rig.clock.now().getTime();
      waited.push(Math.round(ms / SECOND));
      rig.advance(ms);
    }
    expect(waited).toEqual([5, 300, 1_800, 7_200, 18_000, 28_800, 28_800]);
    expect(waited.reduce((sum, one) => sum + one, 0) * SECOND).toBeLessThan(DAY);
    const [first, ...others] = received();
    expect(others).toHaveLength(7);
    for (const one of others) {
      expect(one.body).toBe(first?.body);
      expect(one.headers['webhook-id']).toBe(id);
    }
    expect(new Set(received().map(({ headers }) => headers['webhook-timestamp'])).size).toBe(8);
    const row = await rowOf(id);
    expect(row.log).toHaveLength(8);
    expect(row.log[0]).toMatchObject({ responseStatus: 500, responseBody: 'not\uFFFD today 東京', error: null });
    expect(await rig.deliver()).toBe(0);
  });

  it('waits as long as the receiver asks, in seconds or until a moment', async () => {
    respond(429, { 'retry-after': '1200' });
    const seconds = await happen();
    await rig.deliver();
    expect((await rowOf(seconds.id)).nextAttemptAt.getTime() - rig.clock.now().getTime()).toBeGreaterThan(1_190 * SECOND);
    respond(503, { 'retry-after': new Date(rig.clock.now().getTime() + HOUR).toUTCString() });
    const moment = await happen();
    await rig.deliver();
    expect((await rowOf(moment.id)).nextAttemptAt.getTime() - rig.clock.now().getTime()).toBeGreaterThan(0.99 * HOUR);
    respond(503, { 'retry-after': '999999999' });
    const never = await happen();
    await rig.deliver();
    expect((await rowOf(never.id)).nextAttemptAt.getTime() - rig.clock.now().getTime()).toBeLessThanOrEqual(8 * HOUR);
  });

  it('is taken at a later try, and the webhook fails no more', async () => {
    respond(500);
    const { id } = await happen();
    await rig.deliver();
    expect((await hookOf(webhook.id)).failingSince).not.toBeNull();
    respond(200, {}, 'x'.repeat(10_000));
    rig.advance(6 * SECOND);
    await rig.deliver();
    const row = await rowOf(id);
    expect(row).toMatchObject({ status: 'delivered', attempts: 2, log: [{ responseStatus: 500 }, { responseStatus: 200 }] });
    expect(row.log[1]?.responseBody).toHaveLength(2_048);
    expect((await hookOf(webhook.id)).failingSince).toBeNull();
  });

  it('is not taken elsewhere: a redirect is a failure, also to an address that would be allowed', async () => {
    respond(302, { location: `${rig.receiver.url}/elsewhere` });
    const { id } = await happen();
    await rig.deliver();
    expect(await rowOf(id)).toMatchObject({ status: 'pending', log: [{ responseStatus: 302 }] });
    expect(rig.receiver.received.filter((one) => one.path === '/elsewhere')).toEqual([]);
  });

  it('says why nothing came back', async () => {
    const { database } = rig.house;
    rig.receiver.answer((request, response) => void (request.path === path ? response.destroy() : response.end()));
    const closed = await happen();
    await rig.deliver();
    await database.partnerWebhook.update({ where: { id: webhook.id }, data: { url: 'http://127.0.0.1:1/' } });
    const refused = await happen();
    await rig.deliver();
    await database.partnerWebhook.update({ where: { id: webhook.id }, data: { url: rig.receiver.url.replace('http:', 'https:') } });
    const plain = await happen();
    await rig.deliver();
    const said = async ({ id }: PartnerDelivery) => (await rowOf(id)).log[0]?.error;
    expect([await said(closed), await said(refused), await said(plain)]).toEqual(['closed', 'connect', 'tls']);
  });

  it('is not sent where the address has come to lie inside, whatever it was when it was given', async () => {
    const { database } = rig.house;
    const told = async (url: string, resolve: (hostname: string) => Promise<readonly string[]>) => {
      await database.partnerWebhook.update({ where: { id: webhook.id }, data: { url, failingSince: null } });
      const { id } = await happen();
      await rig.deliver(rig.another({ resolve }));
      return (await rowOf(id)).log[0]?.error;
    };
    const { port } = new URL(rig.receiver.url);
    // The name that was public when it was given now points to this very receiver.
    for (const addresses of [['127.0.0.1'], ['93.184.215.14', '127.0.0.1'], ['::ffff:127.0.0.1'], ['169.254.169.254'], []]) {
      expect(await told(`https://rebound.example.com:${port}/`, async () => addresses)).toBe('address');
    }
    expect(await told('http://10.0.0.1/', async () => [])).toBe('address');
    expect(await told('http://[::ffff:10.0.0.1]/', async () => [])).toBe('address');
    expect(received()).toEqual([]);
  });

  it('is cut off when the answer takes too long, and counts when only the rest of the answer does', async () => {
    rig.receiver.answer((request, response) => void (request.path === path ? undefined : response.end()));
    const silent = await happen();
    await rig.deliver(rig.another({ timeLimitMs: 200 }));
    expect((await rowOf(silent.id)).log[0]).toMatchObject({ responseStatus: null, error: 'timeout' });
    rig.receiver.answer((_request, response) => void response.writeHead(200).write('so far'));
    const slow = await happen();
    await rig.deliver(rig.another({ timeLimitMs: 200 }));
    expect(await rowOf(slow.id)).toMatchObject({ status: 'delivered', log: [{ responseStatus: 200, responseBody: 'so far' }] });
  });

  it('that nobody could try in its time is given up', async () => {
    await rig.house.desk.partnerWebhooks.update(partner, { webhookId: webhook.id, enabled: true });
    const { id } = await happen();
    await rig.house.desk.partnerWebhooks.update(partner, { webhookId: webhook.id, enabled: false });
    expect(await rig.deliver()).toBe(0);
    rig.advance(DAY + SECOND);
    await rig.deliver();
    expect((await rowOf(id)).status).toBe('failed');
  });
});

describe('what was told', () => {
  it('is taken away with its log once it was kept long enough, and what is on its way is not', async () => {
    const done = await happen();
    await rig.deliver();
    const old = rig.clock.now();
    rig.advance(HOUR);
    respond(500);
    const waiting = await happen();
    await rig.deliver();
    const { database } = rig.house;
    await database.partnerDelivery.update({ where: { id: waiting.id }, data: { createdAt: new Date(old.getTime() - HOUR) } });
    rig.advance(HOUR);
    const fresh = await happen();
    respond(204);
    await rig.deliver();
    await removeDeliveries(database, new Date(old.getTime() + SECOND), new AbortController().signal);
    const left = await database.partnerDelivery.findMany({ where: { webhookId: webhook.id }, orderBy: { id: 'asc' }, include: { log: true } });
    expect(left.map(({ id }) => id)).not.toContain(done.id);
    expect(left.map(({ id }) => id)).toContain(fresh.id);
    expect(await database.partnerDeliveryAttempt.count({ where: { deliveryId: done.id } })).toBe(0);
  });
});

describe('a webhook that does not work', () => {
  it('is disabled at once when it says that it is gone, and nothing is sent to it any more', async () => {
    respond(410);
    const { id } = await happen();
    const waiting = await happen();
    await rig.deliver();
    expect(await hookOf(webhook.id)).toMatchObject({ status: 'disabled', disabledReason: 'gone' });
    expect((await rowOf(id)).status).toBe('failed');
    rig.advance(HOUR);
    const before = received().length;
    await rig.deliver();
    expect(received()).toHaveLength(before);
    await expect(rig.house.desk.partnerWebhooks.replay(partner, { deliveryId: waiting.id })).rejects.toMatchObject({ code: 'CONFLICT' });
  });

  it('is disabled after three days without a success, with an entry in the audit and a mail to who asked for one', async () => {
    const { database, desk } = rig.house;
    await desk.partnerWebhooks.update(partner, { webhookId: webhook.id, contactEmail: 'ops@partner.example' });
    respond(500);
    for (let hours = 0; hours < 6 * 24 && (await hookOf(webhook.id)).status === 'enabled'; hours += 2) {
      if (hours % 8 === 0) await happen();
      await rig.deliver();
      rig.advance(2 * HOUR);
    }
    expect(await hookOf(webhook.id)).toMatchObject({ status: 'disabled', disabledReason: 'failing' });
    const since = (await hookOf(webhook.id)).failingSince?.getTime() ?? 0;
    expect(rig.clock.now().getTime() - since).toBeGreaterThan(3 * DAY);
    const entries = await database.auditEntry.findMany({ where: { subjectId: webhook.id, action: 'webhook.disable' } });
    expect(entries).toMatchObject([{ actorKind: 'system', changes: { reason: 'failing' } }]);
    const mails = await database.outboxMessage.findMany({ where: { recipient: 'ops@partner.example' } });
    expect(mails).toMatchObject([{ kind: 'email', subject: 'webhook_disabled', customerId: null, payload: { webhookId: webhook.id, reason: 'failing' } }]);
    const { webhook: again } = await desk.partnerWebhooks.update(partner, { webhookId: webhook.id, enabled: true });
    expect(again).toMatchObject({ status: 'enabled', disabledReason: null, failingSince: null });
  });

  it('holds up nobody else, and has no more than four requests waiting', async () => {
    const other = await rig.addPartner();
    await rig.addWebhook(other, ['ConversationChanged'], '/quick');
    const customer = (await rig.house.addCustomer(other.partnerId)).viewer;
    const held: ServerResponse[] = [];
    rig.receiver.answer((request, response) => void (request.path === path ? held.push(response) : response.writeHead(204).end()));
    for (let each = 0; each < 12; each += 1) await happen();
    for (let each = 0; each < 12; each += 1) await happen(customer);
    const slow = rig.another();
    slow.start();
    await expect.poll(() => rig.receiver.received.filter((one) => one.path === '/quick').length, { timeout: 10_000 }).toBe(12);
    expect(received()).toHaveLength(4);
    rig.receiver.answer((_request, response) => void response.writeHead(204).end());
    for (const response of held) response.writeHead(204).end();
    await expect.poll(() => received().length, { timeout: 10_000 }).toBe(12);
    await slow.close(5_000);
    expect(await rig.house.database.partnerDelivery.count({ where: { webhookId: webhook.id, status: 'delivered' } })).toBe(12);
  });

  it('that fails is tried one at a time', async () => {
    respond(500);
    await happen();
    await rig.deliver();
    const held: ServerResponse[] = [];
    rig.receiver.answer((_request, response) => void held.push(response));
    for (let each = 0; each < 5; each += 1) await happen();
    const one = rig.another();
    one.start();
    await expect.poll(() => held.length, { timeout: 10_000 }).toBe(1);
    held[0]?.writeHead(204).end();
    // It has taken one: it is trusted again.
    await expect.poll(() => held.length, { timeout: 10_000 }).toBe(5);
    for (const response of held) if (!response.writableEnded) response.writeHead(204).end();
    await one.close(5_000);
  });
});

describe('several processes', () => {
  it('deliver each event once between them', async () => {
    const ids = [];
    for (let each = 0; each < 30; each += 1) ids.push((await happen()).id);
    const processes = [rig.another(), rig.another(), rig.another()];
    await Promise.all(processes.map((one) => rig.deliver(one)));
    expect(received()).toHaveLength(ids.length);
    expect(new Set(received().map(({ headers }) => headers['webhook-id']))).toEqual(new Set(ids));
  });

  it('take over what one that died was sending, under the same id', async () => {
    const held: ServerResponse[] = [];
    rig.receiver.answer((_request, response) => void held.push(response));
    const { id } = await happen();
    const dying = new AbortController();
    const first = rig.another().deliverDue(dying.signal);
    await expect.poll(() => held.length, { timeout: 10_000 }).toBe(1);
    // As for a process that is killed: nothing is noted any more.
    dying.abort();
    await first;
    rig.receiver.answer((_request, response) => void response.writeHead(204).end());
    await rig.deliver(rig.another());
    expect(received()).toHaveLength(1);
    rig.advance(61 * SECOND);
    await rig.deliver(rig.another());
    expect(received().map(({ headers }) => headers['webhook-id'])).toEqual([id, id]);
    expect(await rowOf(id)).toMatchObject({ status: 'delivered', log: [{ responseStatus: 204 }] });
  });

  it('keep the order of a conversation while everything is taken at the first try', async () => {
    const conversationId = await conversationOf(viewer);
    for (let each = 0; each < 20; each += 1) await rig.noted.append(`conversation:${conversationId}`, [changed(conversationId), changed(conversationId)]);
    await rig.settle();
    await Promise.all([rig.another(), rig.another()].map((one) => rig.deliver(one)));
    const sequences = rig.bodies(path).map(({ sequence }) => sequence);
    expect(sequences).toEqual(Array.from({ length: 40 }, (_, index) => index + 1));
  });
});

describe('a delivery that is asked for again', () => {
  it('is sent with the same id and the same bytes, signed anew, and is tried for another day', async () => {
    const { id } = await happen();
    await rig.deliver();
    rig.advance(2 * DAY);
    respond(500);
    const { delivery } = await rig.house.desk.partnerWebhooks.replay(partner, { deliveryId: id });
    expect(delivery).toMatchObject({ id, status: 'pending', attempts: 0 });
    await rig.deliver();
    expect((await rowOf(id)).nextAttemptAt.getTime()).toBeGreaterThan(rig.clock.now().getTime());
    respond(204);
    await rig.house.desk.partnerWebhooks.replay(partner, { deliveryId: id });
    await rig.deliver();
    const [first, second, third] = received();
    expect([second?.body, third?.body]).toEqual([first?.body, first?.body]);
    expect(new Set(received().map(({ headers }) => headers['webhook-id']))).toEqual(new Set([id]));
    expect(third?.headers['webhook-signature']).not.toBe(first?.headers['webhook-signature']);
    expect(first && isGenuine({ ...first, headers: { ...first.headers, 'webhook-timestamp': third?.headers['webhook-timestamp'] } }, secret)).toBe(false);
    expect(await rowOf(id)).toMatchObject({ status: 'delivered', log: [{}, { responseStatus: 500 }, { responseStatus: 204 }] });
    expect(await rig.house.database.auditEntry.count({ where: { subjectId: id, action: 'webhook.replay' } })).toBe(2);
  });

  it('is left to whoever is sending it at this moment', async () => {
    const held: ServerResponse[] = [];
    rig.receiver.answer((_request, response) => void held.push(response));
    const { id } = await happen();
    const sending = rig.deliver(rig.another());
    await expect.poll(() => held.length, { timeout: 10_000 }).toBe(1);
    const { delivery } = await rig.house.desk.partnerWebhooks.replay(partner, { deliveryId: id });
    expect(delivery.attempts).toBe(1);
    held[0]?.writeHead(204).end();
    await sending;
    expect(received()).toHaveLength(1);
    expect((await rowOf(id)).status).toBe('delivered');
  });
});
