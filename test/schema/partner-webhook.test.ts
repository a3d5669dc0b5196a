/** Webhooks through GraphQL: who may do what with whose, what is refused, and that a secret is seen once. */
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { parse, validate } from 'graphql';
import { newId } from '../../src/foundation/ids.ts';
import { webhookOperation } from '../../src/schema/partner-webhook-body.ts';
import { schema } from '../../src/schema/schema.ts';
import { PARTNER_EVENT_TYPES } from '../../src/desk/partner-webhook-events.ts';
import { staffViewer, type Viewer } from '../../src/store/viewer.ts';
import { openRig, type Rig } from '../desk/webhook-rig.ts';
import { STAFF } from '../support/house.ts';
import { ask, refusalOf } from './ask.ts';

const WEBHOOK = `id partnerId url description eventTypes status disabledReason contactEmail failingSince oldSecretUntil`;
const CREATE = `mutation($input: CreateWebhookInput!) { createWebhook(input: $input) { secret webhook { ${WEBHOOK} } } }`;
const UPDATE = `mutation($input: UpdateWebhookInput!) { updateWebhook(input: $input) { secret webhook { ${WEBHOOK} } } }`;
const DELETE = 'mutation($input: DeleteWebhookInput!) { deleteWebhook(input: $input) { webhookId } }';
const REPLAY = 'mutation($input: ReplayDeliveryInput!) { replayDelivery(input: $input) { delivery { id status attempts } } }';
const LIST = `{ webhooks(first: 100) { edges { node { ${WEBHOOK} } } } }`;
const DELIVERIES = `query($webhookId: ID, $status: DeliveryStatus, $eventType: WebhookEventType, $conversationId: ID) {
  deliveries(webhookId: $webhookId, status: $status, eventType: $eventType, conversationId: $conversationId, first: 100) { edges { node {
    id eventType conversationId runId position body status attempts nextAttemptAt deliveredAt webhook { id } log { ms responseStatus responseBody error }
  } } } }`;
const NODE = 'query($id: ID!) { node(id: $id) { __typename id } }';

const LEAD: Viewer = STAFF;
const ADMIN: Viewer = staffViewer({ userId: newId('usr'), name: 'Ada', role: 'super_admin' });
const AGENT: Viewer = staffViewer({ userId: newId('usr'), name: 'Alan', role: 'user' });

interface Hook {
  readonly id: string;
  readonly url: string;
}

let rig: Rig;
let partner: Viewer & { kind: 'partner' };
let other: Viewer & { kind: 'partner' };
let customer: Viewer;
beforeAll(async () => {
  rig = await openRig();
});
beforeEach(async () => {
  partner = await rig.addPartner();
  other = await rig.addPartner();
  customer = (await rig.house.addCustomer(partner.partnerId)).viewer;
});
afterAll(() => rig.close());

async function create(viewer: Viewer, input: Readonly<Record<string, unknown>> = {}): Promise<{ secret: string; webhook: Hook }> {
  const given = { url: `${rig.receiver.url}/${newId('req')}`, eventTypes: ['MessagePosted', 'RunFinished'], ...input };
  return (await ask(rig.house, viewer, CREATE, { input: given }))['createWebhook'] as { secret: string; webhook: Hook };
}
const refused = (viewer: Viewer | null, source: string, input: Readonly<Record<string, unknown>>) => refusalOf(rig.house, viewer, source, { input });
const nodesOf = (list: unknown) => (list as { edges: { node: Readonly<Record<string, unknown>> }[] }).edges.map(({ node }) => node);

describe('webhooks', () => {
  it('are made with a secret that is shown once, listed newest first, and found by their id', async () => {
    const first = await create(partner, { description: 'Billing', contactEmail: 'ops@partner.example' });
    const second = await create(partner);
    expect(first.secret).toMatch(/^whsec_[A-Za-z0-9+/]{43}=$/);
    expect(first.webhook).toMatchObject({
      partnerId: partner.partnerId,
      description: 'Billing',
      status: 'ENABLED',
      eventTypes: ['MessagePosted', 'RunFinished'],
    });
    const listed = await ask(rig.house, partner, LIST);
    expect(nodesOf(listed['webhooks']).map(({ id }) => id)).toEqual([second.webhook.id, first.webhook.id]);
    expect(await ask(rig.house, partner, `query($id: ID!) { webhook(id: $id) { ${WEBHOOK} } }`, { id: first.webhook.id })).toEqual({ webhook: first.webhook });
    expect(await ask(rig.house, partner, NODE, { id: first.webhook.id })).toEqual({ node: { __typename: 'Webhook', id: first.webhook.id } });
    const entries = await rig.house.database.auditEntry.findMany({ where: { subjectId: first.webhook.id } });
    expect(entries).toMatchObject([{ action: 'webhook.create', actorId: `partner:${partner.partnerId}` }]);
    const kept = JSON.stringify([await rig.house.database.partnerWebhook.findMany(), entries]);
    for (const { secret } of [first, second]) expect(kept).not.toContain(secret.slice('whsec_'.length));
  });

  it('belong to a partner, or to the business: nobody else sees, changes, deletes or replays them', async () => {
    const own = await create(partner);
    await create(other);
    const business = await create(LEAD);
    const given = await create(LEAD, { partnerId: partner.partnerId });
    expect(new Set(nodesOf((await ask(rig.house, partner, LIST))['webhooks']).map(({ id }) => id))).toEqual(new Set([own.webhook.id, given.webhook.id]));
    const { run } = await rig.house.desk.conversations.start(customer, { text: 'Hello' });
    await rig.house.ended(run.id);
    await rig.deliver();
    const [delivery] = nodesOf((await ask(rig.house, partner, DELIVERIES, { webhookId: own.webhook.id }))['deliveries']);
    const [webhookId, deliveryId] = [own.webhook.id, String(delivery?.['id'])];
    const missing = { code: 'NOT_FOUND', field: undefined };
    expect(await refused(other, UPDATE, { webhookId, enabled: false })).toEqual(missing);
    expect(await refused(other, DELETE, { webhookId })).toEqual(missing);
    expect(await refused(other, REPLAY, { deliveryId })).toEqual(missing);
    expect(await refusalOf(rig.house, other, 'query($id: ID!) { webhook(id: $id) { id } }', { id: webhookId })).toEqual(missing);
    for (const id of [webhookId, deliveryId]) expect(await refusalOf(rig.house, other, NODE, { id })).toEqual(missing);
    expect(nodesOf((await ask(rig.house, other, DELIVERIES, { webhookId }))['deliveries'])).toEqual([]);
    expect(await refused(other, CREATE, { url: rig.receiver.url, eventTypes: ['RunFailed'], partnerId: partner.partnerId })).toEqual(missing);
    expect(await refusalOf(rig.house, partner, 'query($id: ID!) { webhook(id: $id) { id } }', { id: business.webhook.id })).toMatchObject({
      code: 'NOT_FOUND',
    });
    expect(await refused(LEAD, CREATE, { url: rig.receiver.url, eventTypes: ['RunFailed'], partnerId: newId('ptn') })).toMatchObject({ code: 'NOT_FOUND' });
  });

  it('are nothing to customers, to people without the right role, and to nobody', async () => {
    const { webhook } = await create(partner);
    const input = { url: rig.receiver.url, eventTypes: ['RunFailed'] };
    for (const [viewer, code] of [
      [customer, 'FORBIDDEN'],
      [AGENT, 'FORBIDDEN'],
      [null, 'UNAUTHENTICATED'],
    ] as const) {
      expect(await refused(viewer, CREATE, input)).toMatchObject({ code });
      expect(await refused(viewer, UPDATE, { webhookId: webhook.id, enabled: false })).toMatchObject({ code });
      expect(await refused(viewer, DELETE, { webhookId: webhook.id })).toMatchObject({ code });
      expect(await refused(viewer, REPLAY, { deliveryId: newId('dlv') })).toMatchObject({ code });
      for (const query of [LIST, '{ deliveries { edges { node { id } } } }']) expect(await refusalOf(rig.house, viewer, query)).toMatchObject({ code });
    }
    expect(await refusalOf(rig.house, customer, NODE, { id: webhook.id })).toMatchObject({ code: 'NOT_FOUND' });
    expect(await refused(LEAD, DELETE, { webhookId: webhook.id })).toMatchObject({ code: 'FORBIDDEN' });
    expect(await ask(rig.house, ADMIN, DELETE, { input: { webhookId: webhook.id } })).toEqual({ deleteWebhook: { webhookId: webhook.id } });
    expect(await refused(ADMIN, DELETE, { webhookId: webhook.id })).toMatchObject({ code: 'NOT_FOUND' });
  });

  it('are refused for addresses of the inside, naming the field, when they are made and when they are changed', async () => {
    const { webhook } = await create(partner);
    const urls = ['http://10.0.0.1/', 'https://169.254.169.254/', 'https://db.inside.example/', 'https://u:p@hooks.example.com/', 'nonsense'];
    for (const url of [...urls, 'https://0x0a000001/', 'https://[::ffff:10.0.0.1]/']) {
      expect(await refused(partner, CREATE, { url, eventTypes: ['RunFailed'] })).toEqual({ code: 'BAD_INPUT', field: 'input.url' });
      expect(await refused(partner, UPDATE, { webhookId: webhook.id, url })).toEqual({ code: 'BAD_INPUT', field: 'input.url' });
    }
    expect((await create(partner, { url: 'https://hooks.example.com:8443/parley?a=b#c' })).webhook.url).toBe('https://hooks.example.com:8443/parley?a=b');
    for (const [field, value] of [
      ['eventTypes', []],
      ['eventTypes', ['ApprovalRequested']],
      ['contactEmail', 'nobody'],
      ['description', 'two\nlines'],
    ] as const) {
      expect(await refused(partner, CREATE, { url: rig.receiver.url, eventTypes: ['RunFailed'], [field]: value })).toEqual({
        code: 'BAD_INPUT',
        field: `input.${field}`,
      });
    }
    expect(await refused(partner, UPDATE, { webhookId: webhook.id, rotateSecret: true, oldSecretHours: 169 })).toEqual({
      code: 'BAD_INPUT',
      field: 'input.oldSecretHours',
    });
  });

  it('change only in what is named, and get another secret when that is asked for', async () => {
    const { webhook, secret } = await create(partner, { description: 'First', contactEmail: 'ops@partner.example' });
    const update = async (input: Readonly<Record<string, unknown>>) =>
      (await ask(rig.house, partner, UPDATE, { input: { webhookId: webhook.id, ...input } }))['updateWebhook'] as { secret: string | null; webhook: object };
    expect(await update({ description: null })).toEqual({ secret: null, webhook: { ...webhook, description: null } });
    expect(await update({ eventTypes: ['RunFailed', 'RunFailed'] })).toMatchObject({
      webhook: { eventTypes: ['RunFailed'], contactEmail: 'ops@partner.example' },
    });
    expect(await update({ enabled: false })).toMatchObject({ webhook: { status: 'DISABLED', disabledReason: 'switched_off' } });
    expect(await update({ enabled: true })).toMatchObject({ webhook: { status: 'ENABLED', disabledReason: null } });
    const rotated = await update({ rotateSecret: true });
    expect(rotated.secret).toMatch(/^whsec_/);
    expect(rotated.secret).not.toBe(secret);
    expect(rotated.webhook).toMatchObject({ oldSecretUntil: expect.stringMatching(/^20/) });
    expect(await update({ rotateSecret: true, oldSecretHours: 0 })).toMatchObject({ webhook: { oldSecretUntil: null } });
    const entries = await rig.house.database.auditEntry.findMany({ where: { subjectId: webhook.id }, orderBy: { id: 'asc' } });
    expect(entries.map(({ action }) => action)).toEqual([
      'webhook.create',
      ...Array.from({ length: 4 }, () => 'webhook.update'),
      'webhook.rotate_secret',
      'webhook.rotate_secret',
    ]);
  });

  it('are at most twenty for each partner, also when many are made at once', async () => {
    const made = await Promise.allSettled(Array.from({ length: 30 }, () => create(partner)));
    expect(made.filter(({ status }) => status === 'fulfilled')).toHaveLength(20);
    expect(await refused(partner, CREATE, { url: rig.receiver.url, eventTypes: ['RunFailed'] })).toMatchObject({ code: 'QUOTA_REACHED' });
    await create(other);
  });

  it('show what they were sent and what came back, and send it again', async () => {
    const { webhook } = await create(partner);
    rig.receiver.answer((_request, response) => void response.writeHead(500).end('not today'));
    const { conversation, run } = await rig.house.desk.conversations.start(customer, { text: 'Hello' });
    await rig.house.ended(run.id);
    await rig.deliver();
    const list = async (more: Readonly<Record<string, unknown>> = {}) =>
      nodesOf((await ask(rig.house, partner, DELIVERIES, { webhookId: webhook.id, ...more }))['deliveries']);
    const [last, ...others] = await list();
    expect(others).toHaveLength(2);
    expect(last).toMatchObject({
      eventType: 'RunFinished',
      conversationId: conversation.id,
      runId: run.id,
      status: 'PENDING',
      attempts: 1,
      deliveredAt: null,
      webhook: { id: webhook.id },
      log: [{ responseStatus: 500, responseBody: 'not today', error: null }],
    });
    expect(JSON.parse(String(last?.['body']))).toMatchObject({ type: 'RunFinished', position: last?.['position'] });
    rig.receiver.answer((_request, response) => void response.writeHead(200).end('thanks'));
    expect(await ask(rig.house, partner, REPLAY, { input: { deliveryId: last?.['id'] } })).toMatchObject({
      replayDelivery: { delivery: { status: 'PENDING', attempts: 0 } },
    });
    await rig.deliver();
    expect((await list({ status: 'DELIVERED' })).map(({ id, log }) => [id, log])).toMatchObject([
      [last?.['id'], [{ responseStatus: 200, responseBody: 'thanks' }, { responseStatus: 500 }]],
    ]);
    expect(await list({ eventType: 'MessagePosted', conversationId: conversation.id })).toHaveLength(2);
    expect(await list({ conversationId: newId('conv') })).toEqual([]);
  });
});

describe('the operation whose items webhooks are sent', () => {
  it('is one that anybody may subscribe with, also a partner who may not select what the desk is told', () => {
    for (const field of ['conversationEvents', 'runEvents'] as const) {
      for (const types of [undefined, PARTNER_EVENT_TYPES]) expect(validate(schema, parse(webhookOperation(field, types)))).toEqual([]);
    }
  });
});
