/** Discounts by the rules: proof, once a year, the better one, and who decides; given on a yes and once. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { newId } from '../../src/foundation/ids.ts';
import { addCustomer, addSubscription, days, openToolbox, type Toolbox } from '../tools/fixtures.ts';
import { openTalk } from './acting.ts';

const GRANT = { kinds: ['nonprofit', 'student', 'startup', 'discretionary'], percent_max: 5, after: 'customer_yes' };
const KEEP = { kinds: ['retention'], percent_max: 0, after: 'customer_yes' };
const QUOTE = { kinds: ['nonprofit', 'student', 'startup', 'discretionary', 'retention'], percent_max: 5 };

let box: Toolbox;
beforeAll(async () => {
  box = await openToolbox();
});
afterAll(() => box.close());

async function subscribed(fields: Parameters<typeof addCustomer>[1] = {}) {
  const customer = await addCustomer(box.database, fields);
  await addSubscription(box.database, customer.id);
  return { customer, talk: await openTalk(box, customer.id) };
}

async function addProof(customerId: string, kind: 'nonprofit' | 'student' | 'startup', validUntil: Date | null = null): Promise<void> {
  await box.database.programmeProof.create({ data: { id: newId('proof'), customerId, kind, document: 'certificate', checkedAt: days(-30), validUntil } });
}

const discountsOf = (customerId: string) => box.database.discount.findMany({ where: { customerId } });

describe('a discount', () => {
  it('of a programme needs a proof that is valid, and no person', async () => {
    const { customer, talk } = await subscribed();
    expect((await talk.ask('quote_discount', { kind: 'nonprofit' })).summary).toMatch(
      /no checked proof for the nonprofit programme on file.*Settings > Billing/,
    );
    await addProof(customer.id, 'nonprofit');
    await addProof(customer.id, 'student', days(-1));
    expect((await talk.ask('quote_discount', { kind: 'student' })).facts).toMatchObject({ possible: false, rule: 'proof_over' });
    const { summary } = await talk.ask('quote_discount', { kind: 'nonprofit' }, { grant: QUOTE });
    expect(summary).toMatch(/^You can have the nonprofit discount of 50%, from your next invoice on 3 December 2026\./);
    expect((await talk.act('apply_discount', 'Yes, 50% please', { grant: GRANT })).summary).toBe(
      '50% are taken off from your next invoice on 3 December 2026.',
    );
    expect(await discountsOf(customer.id)).toMatchObject([{ kind: 'nonprofit', endsAt: null, startsAt: new Date('2026-12-03T00:00:00Z') }]);
    expect(await box.database.outboxMessage.findMany({ where: { customerId: customer.id } })).toMatchObject([{ kind: 'product', subject: 'discount' }]);
    expect((await talk.ask('quote_discount', { kind: 'discretionary' })).facts).toMatchObject({ possible: false, rule: 'has_better' });
  });

  it('for startups is for young ones', async () => {
    const young = await subscribed({ foundedAt: days(-700) });
    const old = await subscribed({ foundedAt: days(-731) });
    for (const { customer } of [young, old]) await addProof(customer.id, 'startup');
    expect((await young.talk.ask('quote_discount', { kind: 'startup' })).facts).toMatchObject({ possible: true, percent: 30 });
    expect((await old.talk.ask('quote_discount', { kind: 'startup' })).facts).toMatchObject({ possible: false, rule: 'too_old' });
  });

  it('for staying is given for six months, once a year', async () => {
    const { customer, talk } = await subscribed();
    await talk.ask('quote_discount', { kind: 'retention' }, { grant: QUOTE });
    await talk.act('apply_discount', 'ok, deal', { grant: KEEP });
    expect(await discountsOf(customer.id)).toMatchObject([
      { kind: 'retention', startsAt: new Date('2026-12-03T00:00:00Z'), endsAt: new Date('2027-06-03T00:00:00Z') },
    ]);
    for (const kind of ['retention', 'discretionary'])
      expect((await talk.ask('quote_discount', { kind })).facts).toMatchObject({ possible: false, rule: 'had_lately' });
  });

  it.each([
    [5, 'agent', null],
    [12, 'manager', 'a sales manager'],
    [20, 'director', 'a sales director'],
    [35, 'vp', 'the vice president of sales'],
  ])('of %d%% by choice is decided by the %s', async (percent, level, who) => {
    const { customer, talk } = await subscribed();
    const { facts, summary } = await talk.ask('quote_discount', { kind: 'discretionary', percent }, { grant: QUOTE });
    expect(facts).toMatchObject({ possible: true, percent, decidedBy: level, agentMayGiveIt: who === null });
    const apply = talk.act('apply_discount', 'yes', { grant: { ...GRANT, percent_max: 100 } });
    if (who === null) {
      await apply;
      expect((await discountsOf(customer.id)).length).toBe(1);
      return;
    }
    expect(summary).toContain(who);
    await expect(apply).rejects.toMatchObject({
      code: 'FORBIDDEN',
      message: expect.stringContaining(`is decided by ${who}`),
      needed: { level, people: 1 },
      terms: { kind: 'discretionary', percent },
      summary: expect.stringMatching(`^Give a discretionary discount of ${percent}% from 2026-12-03 until 2027-12-03`),
    });
    expect(await discountsOf(customer.id)).toEqual([]);
    expect(await box.database.ticket.findMany({ where: { customerId: customer.id } })).toEqual([]);
  });

  it('above what anybody gives is refused at once, and so is one where nothing is billed', async () => {
    const { talk } = await subscribed();
    expect((await talk.ask('quote_discount', { kind: 'discretionary', percent: 36 })).facts).toMatchObject({ possible: false, rule: 'too_much' });
    const customer = await addCustomer(box.database, { plan: 'free' });
    expect((await (await openTalk(box, customer.id)).ask('quote_discount', { kind: 'discretionary' })).facts).toMatchObject({
      possible: false,
      rule: 'not_billed',
    });
  });

  it('is given only for the percent that was told, of a kind within the grant', async () => {
    const { customer, talk } = await subscribed();
    const runId = newId('run');
    await talk.act('quote_discount', 'a discount please', { runId, input: { kind: 'discretionary', percent: 5 } });
    await talk.tell('I can offer you 15% off. Shall I?', runId);
    await expect(talk.act('apply_discount', 'yes', { grant: GRANT })).rejects.toThrow('was not told how many percent');
    await talk.ask('quote_discount', { kind: 'discretionary' });
    await expect(talk.act('apply_discount', 'yes', { grant: KEEP })).rejects.toMatchObject({ code: 'FORBIDDEN' });
    expect(await discountsOf(customer.id)).toEqual([]);
  });

  it('is given once when it is asked for twenty times at once', async () => {
    const { customer, talk } = await subscribed();
    await talk.ask('quote_discount', { kind: 'discretionary' });
    await Promise.allSettled(Array.from({ length: 20 }, () => talk.act('apply_discount', 'yes', { grant: GRANT })));
    expect((await discountsOf(customer.id)).length).toBe(1);
  });
});
