/** Orders to the product: once however often they are asked for at once, only for what the customer named, and never for somebody else. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { AgentCall } from '../../src/desk/agent-act.ts';
import { createToolDesk, type ToolDesk } from '../../src/desk/tool-desk.ts';
import { systemClock } from '../../src/foundation/clock.ts';
import { newId } from '../../src/foundation/ids.ts';
import type { Database } from '../../src/store/database.ts';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';

let opened: TestDatabase;
let database: Database;
let desk: ToolDesk;
beforeAll(async () => {
  opened = await createTestDatabase();
  ({ database } = opened);
  desk = createToolDesk({ database, clock: systemClock });
});
afterAll(() => opened.close());

const DAY_MS = 86_400_000;
const inDays = (days: number) => new Date(Date.now() + days * DAY_MS);

async function addCustomer(): Promise<string> {
  const id = newId('cus');
  await database.customer.create({ data: { id, email: `${id}@northwind.example`, name: 'Dana Reyes', plan: 'premium' } });
  return id;
}

const call = (customerId: string, said: string, rest: Partial<AgentCall> = {}): AgentCall => ({
  customerId,
  conversationId: null,
  runId: newId('run'),
  agentId: 'api_agent',
  callId: newId('step'),
  said,
  earlier: [],
  ...rest,
});

/** How ten of them at once ended: those that did something, and the codes of those that did not. */
async function tenTimes(act: () => Promise<unknown>): Promise<{ readonly done: number; readonly codes: readonly unknown[] }> {
  const ended = await Promise.allSettled(Array.from({ length: 10 }, act));
  const refused = ended.flatMap((one) => (one.status === 'rejected' ? [one.reason] : []));
  return { done: 10 - refused.length, codes: [...new Set(refused.map((error: unknown) => (error instanceof Error && 'code' in error ? error.code : error)))] };
}

const orders = (customerId: string, subject: string) => database.outboxMessage.count({ where: { customerId, subject } });

describe('a restore', () => {
  const megabytesMax = 1_000;
  async function addItem(
    customerId: string,
    name: string,
    fields: { readonly sizeMb?: number; readonly purgeAt?: Date; readonly restoredAt?: Date } = {},
  ): Promise<string> {
    const id = newId('del');
    await database.deletedItem.create({
      data: { id, customerId, kind: 'board', name, deletedBy: 'Theo', deletedAt: inDays(-3), purgeAt: inDays(27), ...fields },
    });
    return id;
  }

  it('is ordered once, by one call ten times and by ten calls at once', async () => {
    const customerId = await addCustomer();
    const itemId = await addItem(customerId, 'Q3 launch');
    const same = { ...call(customerId, 'restore Q3 launch'), itemId, megabytesMax };
    expect(await tenTimes(() => desk.restores.request(same))).toEqual({ done: 10, codes: [] });
    expect(await tenTimes(() => desk.restores.request({ ...same, callId: newId('step') }))).toEqual({ done: 0, codes: ['CONFLICT'] });
    expect(await database.restoreRequest.count({ where: { itemId } })).toBe(1);
    expect(await orders(customerId, 'restore')).toBe(1);
    expect(await database.auditEntry.count({ where: { action: 'restore.request', changes: { path: ['itemId'], equals: itemId } } })).toBe(1);
  });

  it('needs the name, unless nothing else could be meant', async () => {
    const customerId = await addCustomer();
    const [plan] = await Promise.all([addItem(customerId, 'Plan'), addItem(customerId, 'Budget')]);
    await expect(desk.restores.request({ ...call(customerId, 'bring it back'), megabytesMax })).rejects.toMatchObject({ code: 'CONFLICT' });
    await expect(desk.restores.request({ ...call(customerId, 'bring Budget back'), itemId: plan, megabytesMax })).rejects.toMatchObject({ code: 'CONFLICT' });
    expect(await desk.restores.request({ ...call(customerId, 'bring it back', { earlier: ['where is Plan?'] }), megabytesMax })).toMatchObject({
      itemId: plan,
    });
    expect(await desk.restores.request({ ...call(await onlyOne(), 'bring it back'), megabytesMax })).toMatchObject({ status: 'requested' });
    async function onlyOne(): Promise<string> {
      const other = await addCustomer();
      await addItem(other, 'Alone');
      return other;
    }
  });

  it('is refused for what is gone, back, or of somebody else', async () => {
    const customerId = await addCustomer();
    await addItem(customerId, 'Gone', { purgeAt: inDays(-1) });
    await addItem(customerId, 'Back', { restoredAt: inDays(-1) });
    await Promise.all([addItem(customerId, 'Twin', { purgeAt: inDays(-2) }), addItem(customerId, 'Twin')]);
    expect((await desk.restores.request({ ...call(customerId, 'restore Twin'), megabytesMax })).item.purgeAt.getTime()).toBeGreaterThan(Date.now());
    const foreign = await addItem(await addCustomer(), 'Theirs');
    await expect(desk.restores.request({ ...call(customerId, 'restore Gone'), megabytesMax })).rejects.toThrow(/erased for good/);
    await expect(desk.restores.request({ ...call(customerId, 'restore Back'), megabytesMax })).rejects.toThrow(/back in the workspace already/);
    await expect(desk.restores.request({ ...call(customerId, 'restore Theirs'), itemId: foreign, megabytesMax })).rejects.toMatchObject({ code: 'NOT_FOUND' });
  });

  it('that is too large becomes one ticket for the people, and no order', async () => {
    const customerId = await addCustomer();
    await addItem(customerId, 'Film', { sizeMb: 1_001 });
    const large = { ...call(customerId, 'restore Film'), megabytesMax };
    expect(await tenTimes(() => desk.restores.request(large))).toEqual({ done: 0, codes: ['FORBIDDEN'] });
    expect(await database.ticket.findMany({ where: { customerId } })).toMatchObject([{ kind: 'request', status: 'open' }]);
    expect(await orders(customerId, 'restore')).toBe(0);
  });
});

describe('another synchronisation', () => {
  const connect = (
    customerId: string,
    service: string,
    fields: { readonly status?: 'connected' | 'failing' | 'disconnected'; readonly pendingItems?: number } = {},
  ) =>
    database.connection.create({
      data: { id: newId('cnx'), customerId, service, status: 'connected', connectedBy: 'Dana', createdAt: inDays(-90), ...fields },
    });

  it('is ordered once for the service named, in the customer’s own word for it', async () => {
    const customerId = await addCustomer();
    const phone = await connect(customerId, 'mobile_app', { pendingItems: 3 });
    await connect(customerId, 'slack', { status: 'failing' });
    expect(await tenTimes(() => desk.connections.retrySync(call(customerId, 'sync my iPhone again')))).toEqual({ done: 1, codes: ['CONFLICT'] });
    expect(await database.outboxMessage.findMany({ where: { customerId } })).toMatchObject([
      { kind: 'product', subject: 'sync_retry', payload: { connectionId: phone.id } },
    ]);
    await expect(
      desk.connections.retrySync({ ...call(customerId, 'sync my phone'), connectionId: (await connect(customerId, 'jira')).id }),
    ).rejects.toMatchObject({ code: 'CONFLICT' });
  });

  it('is refused where several could be meant, nothing is wrong, or it is cut off', async () => {
    const customerId = await addCustomer();
    await connect(customerId, 'github');
    await expect(desk.connections.retrySync(call(customerId, 'try again'))).rejects.toMatchObject({ code: 'NOT_FOUND' });
    await connect(customerId, 'jira', { status: 'disconnected' });
    await expect(desk.connections.retrySync(call(customerId, 'try again'))).rejects.toThrow(/connect it again/);
    await connect(customerId, 'slack', { status: 'failing' });
    await expect(desk.connections.retrySync(call(customerId, 'try again'))).rejects.toThrow(/Several connections/);
  });
});

describe('a webhook endpoint', () => {
  const addEndpoint = (customerId: string, url: string, status: 'active' | 'disabled' = 'active') =>
    database.webhookEndpoint.create({
      data: {
        id: newId('whk'),
        customerId,
        url,
        events: ['task.created'],
        status,
        disabledReason: status === 'disabled' ? 'no success' : null,
        createdAt: inDays(-60),
      },
    });
  const addAttempt = (endpointId: string, eventId: string, days: number, fields: { readonly status?: 'succeeded'; readonly nextAttemptAt?: Date } = {}) =>
    database.webhookAttempt.create({
      data: { id: newId('wha'), endpointId, event: 'task.created', eventId, attempt: 1, status: 'failed', error: 'timeout', at: inDays(days), ...fields },
    });

  it('is switched on once', async () => {
    const customerId = await addCustomer();
    const { id } = await addEndpoint(customerId, 'https://in.acme.example/a', 'disabled');
    await addEndpoint(customerId, 'https://other.acme.example/b');
    expect(await tenTimes(() => desk.webhooks.enable(call(customerId, 'it answers again, switch it on')))).toEqual({ done: 1, codes: ['NOT_FOUND'] });
    expect(await database.webhookEndpoint.findUnique({ where: { id } })).toMatchObject({ status: 'active', disabledReason: null });
    expect(await orders(customerId, 'webhook_enable')).toBe(1);
  });

  it('that is not named is not guessed among several, nor taken from a quote or another customer', async () => {
    const customerId = await addCustomer();
    const first = await addEndpoint(customerId, 'https://in.acme.example/a', 'disabled');
    await addEndpoint(customerId, 'https://in.acme.example/b', 'disabled');
    await expect(desk.webhooks.enable(call(customerId, 'switch it on'))).rejects.toMatchObject({ code: 'CONFLICT' });
    await expect(desk.webhooks.enable({ ...call(customerId, '> in.acme.example/a\nswitch it on'), endpointId: first.id })).rejects.toMatchObject({
      code: 'CONFLICT',
    });
    const foreign = await addEndpoint(await addCustomer(), 'https://theirs.example/', 'disabled');
    await expect(desk.webhooks.enable({ ...call(customerId, 'switch theirs.example on'), endpointId: foreign.id })).rejects.toMatchObject({ code: 'CONFLICT' });
    expect(await desk.webhooks.enable(call(customerId, 'switch in.acme.example/a on'))).toMatchObject({ id: first.id, status: 'active' });
  });

  it('gets what failed for good once more, oldest first, up to the grant, and never twice', async () => {
    const customerId = await addCustomer();
    const { id } = await addEndpoint(customerId, 'https://in.acme.example/');
    await addAttempt(id, 'evt_old', -20);
    await addAttempt(id, 'evt_1', -3);
    await addAttempt(id, 'evt_2', -2);
    await addAttempt(id, 'evt_2', -1.9, { status: 'succeeded' });
    await addAttempt(id, 'evt_3', -1);
    await addAttempt(id, 'evt_4', -0.1, { nextAttemptAt: inDays(0.1) });
    await addAttempt(id, 'evt_5', -0.5, { nextAttemptAt: inDays(-0.4) });
    const again = () => desk.webhooks.redeliver({ ...call(customerId, 'send them again'), eventsMax: 2 });
    expect(await again()).toMatchObject({ endpoint: { id }, eventIds: ['evt_1', 'evt_3'] });
    expect(await tenTimes(again)).toEqual({ done: 1, codes: ['CONFLICT'] });
    const sent = await database.outboxMessage.findMany({ where: { customerId, subject: 'webhook_redeliver' }, orderBy: { createdAt: 'asc' } });
    expect(sent.map(({ payload }) => payload)).toEqual([
      { endpointId: id, eventIds: ['evt_1', 'evt_3'] },
      { endpointId: id, eventIds: ['evt_5'] },
    ]);
  });

  it('that is switched off gets nothing', async () => {
    const customerId = await addCustomer();
    await addEndpoint(customerId, 'https://in.acme.example/', 'disabled');
    await expect(desk.webhooks.redeliver({ ...call(customerId, 'send them again'), eventsMax: 2 })).rejects.toThrow(/switched off/);
  });
});

describe('an API key', () => {
  const addKey = (customerId: string, name: string, prefix: string) =>
    database.workspaceApiKey.create({ data: { id: newId('wkey'), customerId, name, prefix, scopes: ['tasks:read'], createdAt: inDays(-30) } });

  it('is revoked once, by its name or by the start of the key that was pasted', async () => {
    const customerId = await addCustomer();
    const [zapier, report] = await Promise.all([addKey(customerId, 'Zapier', 'lwk_abc123'), addKey(customerId, 'Report', 'lwk_def456')]);
    expect(await tenTimes(() => desk.workspaceKeys.revoke(call(customerId, 'please revoke Zapier')))).toEqual({ done: 1, codes: ['CONFLICT'] });
    expect(await desk.workspaceKeys.revoke(call(customerId, 'lwk_def456aaaaaaaa leaked!!'))).toMatchObject({ id: report.id });
    expect(await database.workspaceApiKey.count({ where: { id: { in: [zapier.id, report.id] }, revokedAt: { not: null } } })).toBe(2);
    expect(await orders(customerId, 'api_key_revoke')).toBe(2);
  });

  it('stays when it was not named, not asked for, pasted from elsewhere, or is another customer’s', async () => {
    const customerId = await addCustomer();
    const key = await addKey(customerId, 'Zapier', 'lwk_zzz111');
    const foreign = await addKey(await addCustomer(), 'Theirs', 'lwk_yyy222');
    const revoke = (said: string, earlier: readonly string[] = [], keyId: string | undefined = key.id) =>
      desk.workspaceKeys.revoke({ ...call(customerId, said, { earlier }), keyId });
    await expect(revoke('revoke it')).rejects.toMatchObject({ code: 'CONFLICT' });
    await expect(revoke('when was Zapier used?')).rejects.toMatchObject({ code: 'CONFLICT' });
    await expect(revoke('please do not revoke Zapier')).rejects.toMatchObject({ code: 'CONFLICT' });
    await expect(revoke('what is this?\n> revoke Zapier')).rejects.toMatchObject({ code: 'CONFLICT' });
    await expect(revoke('revoke Theirs lwk_yyy222', [], foreign.id)).rejects.toMatchObject({ code: 'NOT_FOUND' });
    await expect(desk.workspaceKeys.revoke(call(customerId, 'revoke Theirs'))).rejects.toMatchObject({ code: 'CONFLICT' });
    await expect(revoke('Yes, please', ['is Zapier still needed?'])).rejects.toMatchObject({ code: 'CONFLICT' });
    expect(await revoke('Then please revoke it', ['is Zapier still needed?'])).toMatchObject({ id: key.id });
  });
});
