/** Who sees what: the staff everything, a partner its own customers, a customer itself. What is somebody else's looks like what is not there. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { newId } from '../../src/foundation/ids.ts';
import { createLogger } from '../../src/foundation/logger.ts';
import { seedDemo } from '../../src/store/seed/seed.ts';
import { partnerViewer, type Viewer } from '../../src/store/viewer.ts';
import { openHouse, STAFF, type House } from '../support/house.ts';
import { createFixedLlm } from '../support/scripted-llm.ts';
import { answer, ask, contextOf, refusalOf } from './ask.ts';

interface Row {
  readonly id: string;
}

describe('the schema shows each viewer their part', () => {
  let house: House;
  let partner: Viewer;
  let customer: Viewer;
  /** A row of each kind that belongs to the customer, to another customer of the partner, and to nobody's partner. */
  let own: Record<string, string>;
  let sibling: Record<string, string>;
  let stranger: Record<string, string>;

  beforeAll(async () => {
    house = await openHouse({ llm: createFixedLlm(['Hello.']), started: false });
    const { demo } = await seedDemo(house.database, { now: new Date(), log: createLogger({ level: 'silent', pretty: false }) });
    const rich = {
      subscriptions: { some: {} },
      invoices: { some: {} },
      payments: { some: {} },
      notes: { some: {} },
      usage: { some: {} },
      runs: { some: {} },
      contacts: { some: {} },
    };
    const [first, second] = await house.database.customer.findMany({ where: { partnerId: demo.partnerId, ...rich }, take: 2, orderBy: { id: 'asc' } });
    const other = await house.database.customer.findFirst({ where: { partnerId: null, ...rich } });
    if (!first || !second || !other) throw new Error('the demo data has too few customers');
    partner = partnerViewer({ partnerId: demo.partnerId, keyId: null });
    customer = { kind: 'customer', customerId: first.id };
    own = await rowsOf(first.id);
    sibling = await rowsOf(second.id);
    stranger = await rowsOf(other.id);
  });
  afterAll(() => house.close());

  async function rowsOf(customerId: string): Promise<Record<string, string>> {
    const { database } = house;
    const where = { customerId };
    const conversation = await database.conversation.findFirstOrThrow({ where: { customerId, runs: { some: { steps: { some: {} } } } } });
    const run = await database.run.findFirstOrThrow({ where: { conversationId: conversation.id, steps: { some: {} } } });
    await database.credit.create({ data: { id: newId('cred'), customerId, amount: 5, kind: 'goodwill', status: 'active', createdAt: new Date() } });
    return {
      Customer: customerId,
      Contact: (await database.contact.findFirstOrThrow({ where })).id,
      CustomerNote: (await database.customerNote.findFirstOrThrow({ where })).id,
      PlanSubscription: (await database.planSubscription.findFirstOrThrow({ where })).id,
      Invoice: (await database.invoice.findFirstOrThrow({ where })).id,
      Payment: (await database.payment.findFirstOrThrow({ where })).id,
      Credit: (await database.credit.findFirstOrThrow({ where })).id,
      UsageRecord: (await database.usageRecord.findFirstOrThrow({ where })).id,
      Conversation: conversation.id,
      Message: (await database.message.findFirstOrThrow({ where: { conversationId: conversation.id } })).id,
      Run: run.id,
      RunStep: (await database.runStep.findFirstOrThrow({ where: { runId: run.id } })).id,
    };
  }

  async function nodesSeen(viewer: Viewer, rows: Record<string, string>): Promise<string[]> {
    const seen: string[] = [];
    for (const [type, id] of Object.entries(rows)) {
      const { data, errors } = await answer(contextOf(house, viewer), 'query($id: ID!) { node(id: $id) { __typename id } }', { id });
      if (data?.['node'] === null) expect(errors?.[0]?.originalError).toMatchObject({ code: 'NOT_FOUND' });
      else expect(data).toEqual({ node: { __typename: type, id } });
      if (data?.['node']) seen.push(type);
    }
    return seen;
  }

  it('finds every kind of row by its id for the staff', async () => {
    for (const rows of [own, sibling, stranger]) expect(await nodesSeen(STAFF, rows)).toEqual(Object.keys(rows));
  });

  it('finds for a partner what hangs on its own customers, and nothing else', async () => {
    expect(await nodesSeen(partner, own)).toEqual(Object.keys(own));
    expect(await nodesSeen(partner, sibling)).toEqual(Object.keys(sibling));
    expect(await nodesSeen(partner, stranger)).toEqual([]);
  });

  it('finds for a customer what is its own, notes of the desk aside', async () => {
    expect(await nodesSeen(customer, own)).toEqual(Object.keys(own).filter((type) => type !== 'CustomerNote'));
    expect(await nodesSeen(customer, sibling)).toEqual([]);
    expect(await nodesSeen(customer, stranger)).toEqual([]);
  });

  it('answers NOT_FOUND alike for what is somebody else’s and for what does not exist', async () => {
    for (const [field, prefix, id] of [
      ['customer', 'cus', sibling['Customer']],
      ['conversation', 'conv', sibling['Conversation']],
      ['run', 'run', sibling['Run']],
    ] as const) {
      const query = `query($id: ID!) { ${field}(id: $id) { id } }`;
      const foreign = await answer(contextOf(house, customer), query, { id });
      const missing = await answer(contextOf(house, customer), query, { id: newId(prefix) });
      expect(foreign.errors?.map(({ message }) => message)).toEqual(missing.errors?.map(({ message }) => message));
      expect(await refusalOf(house, customer, query, { id })).toEqual({ code: 'NOT_FOUND', field: undefined });
    }
  });

  it.each([
    ['customers', 'customers', () => STAFF, 'all'],
    ['customers of a partner', 'customers', () => partner, 'partner'],
    ['a customer alone', 'customers', () => customer, 'own'],
    ['conversations', 'conversations', () => STAFF, 'all'],
    ['conversations of a partner', 'conversations', () => partner, 'partner'],
    ['conversations of a customer', 'conversations', () => customer, 'own'],
    ['runs of a partner', 'runs', () => partner, 'partner'],
    ['runs of a customer', 'runs', () => customer, 'own'],
  ] as const)('lists %s', async (_what, field, viewerOf, extent) => {
    const viewer = viewerOf();
    const owner = field === 'customers' ? 'id partnerId' : 'customer { id partnerId }';
    const data = await ask(house, viewer, `{ ${field}(first: 100) { edges { node { ${owner} } } } }`);
    const { edges } = data[field] as { edges: { node: { id: string; partnerId: string | null; customer?: { id: string; partnerId: string | null } } }[] };
    const owners = edges.map(({ node }) => node.customer ?? node);
    expect(owners.length).toBeGreaterThan(0);
    if (extent === 'partner') expect(new Set(owners.map(({ partnerId }) => partnerId))).toEqual(new Set([partner.kind === 'partner' ? partner.partnerId : '']));
    if (extent === 'own') expect(new Set(owners.map(({ id }) => id))).toEqual(new Set([own['Customer']]));
    if (extent === 'all') expect(new Set(owners.map(({ partnerId }) => partnerId)).size).toBeGreaterThan(1);
  });

  it('keeps a filter on somebody else’s customer empty instead of widening it', async () => {
    const data = await ask(
      house,
      customer,
      'query($id: ID!) { conversations(customerId: $id) { edges { node { id } } } runs(customerId: $id) { edges { node { id } } } }',
      { id: sibling['Customer'] },
    );
    expect(data).toEqual({ conversations: { edges: [] }, runs: { edges: [] } });
  });

  it('keeps the judgement of the desk from customers: score, risk, notes, drafts', async () => {
    const query = `query($id: ID!, $run: ID!) {
      customer(id: $id) { healthScore churnRisk notes { edges { node { text } } } invoices(first: 1) { edges { node { id } } } }
      run(id: $run) { result steps { output } }
    }`;
    const variables = { id: own['Customer'], run: own['Run'] };
    await house.database.run.update({ where: { id: own['Run'] ?? '' }, data: { result: { draft: 'inside' } } });
    const seen = await ask(house, customer, query, variables);
    expect(seen).toMatchObject({ customer: { healthScore: null, churnRisk: null, notes: null, invoices: { edges: [{}] } }, run: { result: null } });
    expect((seen['run'] as { steps: { output: unknown }[] }).steps.every(({ output }) => output === null)).toBe(true);
    for (const viewer of [STAFF, partner]) {
      const whole = await ask(house, viewer, query, variables);
      expect(whole).toMatchObject({
        customer: { healthScore: expect.any(Number), churnRisk: expect.any(Number), notes: { edges: expect.any(Array) } },
        run: { result: { draft: 'inside' } },
      });
    }
  });

  it('reads every field of every demo customer, conversation and run', async () => {
    const query = `query($after: String) { customers(first: 20, after: $after) { pageInfo { hasNextPage endCursor } edges { node {
      id mrr { amount currency } contacts { name role lockedAt } usage(months: 24) { metric quantity month } notes { edges { node { kind text authorKind } } }
      subscriptions { edges { node { plan cycle status seats seatPrice { amount } discountPercent mrr { amount } currentPeriodEnd } } }
      invoices(first: 100) { edges { node { number total { amount } lines { description quantity unitPrice { amount currency } amount { amount } } payments { status } planSubscription { id } } } }
      payments(first: 100) { edges { node { amount { amount } method failureCode invoice { number } } } }
      credits { edges { node { amount { amount } kind status } } }
      conversations { edges { node { status position activeRun { id } agent { id } messages(last: 100) { edges { node { role author text status citations { slug } agent { id } run { status usage { cost { amount } } steps { path ms } } } } } runs { edges { node { outcome finishReason answer { id } message { id } } } } } } }
    } } } }`;
    let after: string | null = null;
    let count = 0;
    do {
      const data = await ask(house, STAFF, query, { after });
      const { edges, pageInfo } = data['customers'] as { edges: { node: Row }[]; pageInfo: { hasNextPage: boolean; endCursor: string } };
      count += edges.length;
      after = pageInfo.hasNextPage ? pageInfo.endCursor : null;
    } while (after);
    expect(count).toBe(await house.database.customer.count());
  });

  it('says who is asking, and nothing without a sign-in', async () => {
    const query = '{ viewer { id kind name role customer { id } } }';
    expect(await ask(house, STAFF, query)).toEqual({ viewer: { id: 'usr_test', kind: 'STAFF', name: 'Sam', role: 'ADMIN', customer: null } });
    expect(await ask(house, customer, query)).toEqual({
      viewer: { id: own['Customer'], kind: 'CUSTOMER', name: null, role: null, customer: { id: own['Customer'] } },
    });
    expect(await ask(house, partner, query)).toMatchObject({ viewer: { kind: 'PARTNER', customer: null } });
    expect(await ask(house, null, query)).toEqual({ viewer: null });
    for (const field of [
      'agents { __typename }',
      'agent(id: "first_agent") { id }',
      'customers { __typename }',
      'conversations { __typename }',
      'runs { __typename }',
      'knowledge(search: "x") { slug }',
      'routePreview(text: "x") { domain }',
      `node(id: "${newId('cus')}") { id }`,
    ]) {
      expect(await refusalOf(house, null, `{ ${field} }`)).toMatchObject({ code: 'UNAUTHENTICATED' });
    }
  });
});
