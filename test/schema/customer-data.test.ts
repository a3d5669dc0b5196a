/** A customer's data over the schema: taken out whole, erased, and what their runs cost; with the refusals of each. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { newId } from '../../src/foundation/ids.ts';
import { partnerViewer, type Viewer } from '../../src/store/viewer.ts';
import { openHouse, STAFF, SUPER, type House } from '../support/house.ts';
import { createFixedLlm } from '../support/scripted-llm.ts';
import { ask, refusalOf } from './ask.ts';

const EXPORT = 'query Export($id: ID!, $after: String) { exportCustomer(customerId: $id, after: $after) { rows { kind fields } endCursor } }';
const ERASE =
  'mutation Erase($input: EraseCustomerInput!) { eraseCustomer(input: $input) { customer { id name status } erasure { id counts createdAt requestedById } } }';
const USAGE = `query Usage($from: DateTime!, $to: DateTime!, $by: UsageGrouping) {
  usage(from: $from, to: $to, by: $by) { key runs conversations inputTokens cacheReadTokens cacheWriteTokens outputTokens cost { amount currency } costPerThousandConversations { amount } }
}`;

interface Row {
  readonly kind: string;
  readonly fields: Readonly<Record<string, unknown>>;
}

let house: House;
beforeAll(async () => {
  house = await openHouse({ llm: createFixedLlm(['Here ', 'you are.']) });
});
afterAll(() => house.close());

async function exported(viewer: Viewer, id: string): Promise<{ rows: Row[]; pages: number }> {
  const rows: Row[] = [];
  let after: string | null = null;
  for (let pages = 1; ; pages += 1) {
    const { exportCustomer } = (await ask(house, viewer, EXPORT, { id, after })) as { exportCustomer: { rows: Row[]; endCursor: string | null } };
    rows.push(...exportCustomer.rows);
    after = exportCustomer.endCursor;
    if (after === null) return { rows, pages };
  }
}

describe('exportCustomer', () => {
  it('gives everything held, each row once, over as many pages as it takes', async () => {
    const { database, desk } = house;
    const { viewer, customerId } = await house.addCustomer();
    const { conversation, run } = await desk.conversations.start(viewer, { text: 'The first' });
    await house.ended(run.id);
    await database.message.createMany({
      data: Array.from({ length: 1_234 }, (_, n) => ({
        id: newId('msg'),
        conversationId: conversation.id,
        role: 'customer' as const,
        text: `Message ${n}`,
        createdAt: new Date(),
      })),
    });
    await desk.customers.addNote(STAFF, { customerId, text: 'Seems to be in a hurry' });
    await database.credit.create({ data: { id: newId('cred'), customerId, amount: '12.50', kind: 'goodwill', status: 'active', createdAt: new Date() } });
    const whole = await exported(STAFF, customerId);
    expect(whole.pages).toBeGreaterThan(2);
    const messages = whole.rows.filter(({ kind }) => kind === 'Message');
    expect(messages).toHaveLength(1_236);
    expect(new Set(messages.map(({ fields }) => fields['id'])).size).toBe(1_236);
    expect(whole.rows.filter(({ kind }) => kind === 'Customer')).toMatchObject([{ fields: { id: customerId, name: 'Dana Reyes', healthScore: 70 } }]);
    expect(whole.rows.filter(({ kind }) => kind === 'Credit')).toMatchObject([{ fields: { amount: '12.50', used: '0.00' } }]);
    expect(whole.rows.filter(({ kind }) => kind === 'CustomerNote')).toMatchObject([{ fields: { text: 'Seems to be in a hurry' } }]);
    expect(whole.rows.filter(({ kind }) => kind === 'Run')[0]?.fields).not.toHaveProperty('leaseOwner');
    const kinds = new Set(whole.rows.map(({ kind }) => kind));
    expect(['Conversation', 'Message', 'Run', 'RunStep', 'Customer'].filter((kind) => !kinds.has(kind))).toEqual([]);
  });

  it('gives the customer all but what the desk thinks of them, and is noted once', async () => {
    const { viewer, customerId } = await house.addCustomer();
    await house.desk.customers.addNote(STAFF, { customerId, text: 'Difficult' });
    const { rows } = await exported(viewer, customerId);
    expect(rows.map(({ kind }) => kind)).toEqual(['Customer']);
    expect(rows[0]?.fields).toMatchObject({ id: customerId, email: `${customerId}@example.test` });
    expect(rows[0]?.fields).not.toHaveProperty('healthScore');
    expect(rows[0]?.fields).not.toHaveProperty('churnRisk');
    expect(await house.database.auditEntry.findMany({ where: { action: 'customer.export', subjectId: customerId } })).toMatchObject([
      { actorId: `customer:${customerId}` },
    ]);
  });

  it('gives nothing of anybody else', async () => {
    const [mine, other] = [await house.addCustomer('ptn_a'), await house.addCustomer()];
    for (const { viewer } of [mine, other]) await house.ended((await house.desk.conversations.start(viewer, { text: 'Mine' })).run.id);
    const { rows } = await exported(mine.viewer, mine.customerId);
    expect(JSON.stringify(rows)).not.toContain(other.customerId);
    expect(await refusalOf(house, mine.viewer, EXPORT, { id: other.customerId })).toMatchObject({ code: 'NOT_FOUND' });
    expect(await refusalOf(house, partnerViewer({ partnerId: 'ptn_a', keyId: null }), EXPORT, { id: mine.customerId })).toMatchObject({ code: 'FORBIDDEN' });
    expect(await refusalOf(house, null, EXPORT, { id: mine.customerId })).toMatchObject({ code: 'UNAUTHENTICATED' });
  });

  it.each([
    ['no id', { id: 'cus_1' }, 'customerId'],
    ['a cursor that is none', { after: 'xxxx' }, 'after'],
    ['a cursor beyond the end', { after: Buffer.from('999.').toString('base64url') }, 'after'],
    ['a cursor with a quote in it', { after: Buffer.from("1.'; --").toString('base64url') }, 'after'],
  ])('refuses %s', async (_what, given, field) => {
    const { customerId } = await house.addCustomer();
    expect(await refusalOf(house, STAFF, EXPORT, { id: customerId, ...given })).toEqual({ code: 'BAD_INPUT', field });
  });
});

describe('eraseCustomer', () => {
  it('answers what is left of the customer, and the record', async () => {
    const { viewer, customerId } = await house.addCustomer();
    await house.ended((await house.desk.conversations.start(viewer, { text: 'Hello' })).run.id);
    const { eraseCustomer } = (await ask(house, SUPER, ERASE, { input: { customerId, idempotencyKey: 'k1' } })) as { eraseCustomer: Record<string, unknown> };
    expect(eraseCustomer).toMatchObject({
      customer: { id: customerId, name: 'Erased customer', status: 'CLOSED' },
      erasure: { id: expect.stringMatching(/^ers_/), requestedById: 'usr_super', counts: { Message: { erased: 2 }, Conversation: { pseudonymised: 1 } } },
    });
  });

  it.each([
    ['no id', { customerId: 'cus_1', idempotencyKey: 'k' }, 'input.customerId'],
    ['a key with a blank', { customerId: newId('cus'), idempotencyKey: 'a b' }, 'input.idempotencyKey'],
    ['an empty key', { customerId: newId('cus'), idempotencyKey: '' }, 'input.idempotencyKey'],
  ])('refuses %s', async (_what, input, field) => {
    expect(await refusalOf(house, SUPER, ERASE, { input })).toEqual({ code: 'BAD_INPUT', field });
  });
});

describe('usage', () => {
  const day = (n: number): Date => new Date(Date.UTC(2025, 5, n, 12));
  const JUNE = { from: '2025-06-01T00:00:00.000Z', to: '2025-07-01T00:00:00.000Z' };
  let own: string;
  let theirs: string;

  beforeAll(async () => {
    const { database } = house;
    own = (await house.addCustomer()).customerId;
    theirs = (await house.addCustomer('ptn_usage')).customerId;
    const conversations = await database.conversation.createManyAndReturn({
      data: [own, own, theirs].map((customerId) => ({ id: newId('conv'), customerId, createdAt: day(1), lastMessageAt: day(1) })),
    });
    const run = (at: number, n: number, agentId: string | null, cost: string) => {
      const { id: conversationId, customerId } = conversations[n] ?? { id: '', customerId: '' };
      const used = { inputTokens: 2_000_000_000, cacheReadTokens: 10, cacheWriteTokens: 1, outputTokens: 5, cost };
      return {
        id: newId('run'),
        workflow: 'reply',
        status: 'succeeded' as const,
        input: {},
        conversationId,
        customerId,
        agentId,
        model: agentId && 'claude-x',
        createdAt: day(at),
        ...used,
      };
    };
    await database.run.createMany({
      data: [
        run(1, 0, 'billing_agent', '0.01'),
        run(1, 0, 'billing_agent', '0.02'),
        run(2, 1, 'api_agent', '0.1'),
        run(3, 2, 'api_agent', '0.002345'),
        run(3, 2, null, '0'),
      ],
    });
  });

  async function usage(viewer: Viewer, by: string | null) {
    const { usage: rows } = (await ask(house, viewer, USAGE, { ...JUNE, by })) as { usage: Record<string, unknown>[] };
    return rows;
  }

  it('adds up everything, with sums beyond 32 bits and the cost of a thousand conversations', async () => {
    expect(await usage(STAFF, null)).toEqual([
      {
        key: null,
        runs: 5,
        conversations: 3,
        inputTokens: 10_000_000_000,
        cacheReadTokens: 50,
        cacheWriteTokens: 5,
        outputTokens: 25,
        cost: { amount: '0.132345', currency: 'USD' },
        costPerThousandConversations: { amount: '44.115' },
      },
    ]);
  });

  it.each([
    [
      'AGENT',
      [
        ['api_agent', '0.102345'],
        ['billing_agent', '0.03'],
        [null, '0'],
      ],
    ],
    [
      'MODEL',
      [
        ['claude-x', '0.132345'],
        [null, '0'],
      ],
    ],
    [
      'DAY',
      [
        ['2025-06-01', '0.03'],
        ['2025-06-02', '0.1'],
        ['2025-06-03', '0.002345'],
      ],
    ],
    [
      'PARTNER',
      [
        [null, '0.13'],
        ['ptn_usage', '0.002345'],
      ],
    ],
  ] as const)('adds up by %s', async (by, expected) => {
    const rows = await usage(STAFF, by);
    expect(rows.map((row) => [row['key'], (row['cost'] as { amount: string }).amount])).toEqual(expected);
  });

  it('shows a partner what is theirs, and a customer nothing', async () => {
    const partner: Viewer = partnerViewer({ partnerId: 'ptn_usage', keyId: null });
    expect(await usage(partner, 'CUSTOMER')).toMatchObject([{ key: theirs, runs: 2, conversations: 1, costPerThousandConversations: { amount: '2.345' } }]);
    expect((await usage(STAFF, 'CUSTOMER')).map((row) => row['key'])).toEqual([own, theirs]);
    expect(await usage({ ...partner, partnerId: 'ptn_other' }, null)).toEqual([]);
    expect(await refusalOf(house, { kind: 'customer', customerId: own }, USAGE, JUNE)).toMatchObject({ code: 'FORBIDDEN' });
    expect(await refusalOf(house, null, USAGE, JUNE)).toMatchObject({ code: 'UNAUTHENTICATED' });
  });

  it.each([
    ['an end before the beginning', { from: JUNE.to, to: JUNE.from }],
    ['no time at all', { from: JUNE.from, to: JUNE.from }],
    ['more than a quarter', { from: '2025-01-01T00:00:00.000Z', to: '2025-06-01T00:00:00.000Z' }],
  ])('refuses %s', async (_what, given) => {
    expect(await refusalOf(house, STAFF, USAGE, given)).toEqual({ code: 'BAD_INPUT', field: 'to' });
  });

  it('reads along the index on the moment of the run', async () => {
    const plan = await house.database.$transaction(async (tx) => {
      // With a handful of rows reading all of them would be cheaper.
      await tx.$executeRaw`SET LOCAL enable_seqscan = off`;
      return tx.$queryRaw<{ 'QUERY PLAN': string }[]>`
        EXPLAIN SELECT sum("cost") FROM "Run" WHERE "createdAt" >= ${new Date(JUNE.from)} AND "createdAt" < ${new Date(JUNE.to)}`;
    });
    expect(plan.map((line) => line['QUERY PLAN']).join('\n')).toContain('Run_createdAt_id_idx');
  });
});
