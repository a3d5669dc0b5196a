/** The tools around plans, usage, sign-in, articles and notes over real rows. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { addArticle, addContact, addCustomer, addSubscription, addUsage, days, NOW, openToolbox, type Toolbox } from './fixtures.ts';

let box: Toolbox;
beforeAll(async () => {
  box = await openToolbox();
});
afterAll(() => box.close());

describe('find_usage', () => {
  it('opens with what is close to its limit, then shows each figure with its trend', async () => {
    const customer = await addCustomer(box.database, { plan: 'basic' });
    await addUsage(box.database, customer.id, 'storage_mb', [7_168, 8_192, 9_216]);
    await addUsage(box.database, customer.id, 'members', [20, 20, 20]);
    await addUsage(box.database, customer.id, 'projects', [40, 42, 41]);
    await addUsage(box.database, customer.id, 'tasks_created', [900, 1_100, 1_250]);
    expect((await box.call('find_usage', customer.id)).summary).toBe(
      "You are close to your plan's limit on storage (9 GB of 10 GB) and members (20 of 25).\n\nYour usage on the Basic plan so far in November 2026:\n\n- Storage: 9 GB of 10 GB (90%), up from 7 GB in September 2026\n- Members: 20 of 25 (80%), unchanged since September 2026\n- Projects: 41 (no limit on your plan), up from 40 in September 2026\n- Tasks created: 1,250 (900 in September 2026 and 1,100 in October 2026)",
    );
  });

  it('says that a limit is reached, one figure when asked for one', async () => {
    const customer = await addCustomer(box.database, { plan: 'free' });
    await addUsage(box.database, customer.id, 'projects', [3]);
    await addUsage(box.database, customer.id, 'storage_mb', [12]);
    expect((await box.call('find_usage', customer.id, { metric: 'projects' })).summary).toBe(
      "You have reached your plan's limit on projects (3 of 3).\n\nYour usage on the Free plan so far in November 2026:\n\n- Projects: 3 of 3 (100%)",
    );
  });

  it('shows the last month with figures when this one has none, and leaves older ones out', async () => {
    const customer = await addCustomer(box.database);
    await addUsage(box.database, customer.id, 'api_calls', [5, 6, 700], '2026-10');
    const { summary, facts } = await box.call('find_usage', customer.id);
    expect(summary).toContain('in October 2026, the last month with figures');
    expect(facts).toMatchObject({
      month: '2026-10',
      figures: [
        {
          metric: 'api_calls',
          value: 700,
          trend: [
            { month: '2026-09', value: 6 },
            { month: '2026-10', value: 700 },
          ],
        },
      ],
    });
  });

  it('says when there is nothing, whatever others used', async () => {
    const other = await addCustomer(box.database);
    await addUsage(box.database, other.id, 'exports', [9]);
    const customer = await addCustomer(box.database);
    expect((await box.call('find_usage', customer.id)).summary).toBe('There are no usage figures for your account in the last three months yet.');
    expect((await box.call('find_usage', customer.id, { metric: 'exports' })).summary).toBe(
      'There are no figures on exports for your account in the last three months.',
    );
  });
});

describe('price_plan', () => {
  it('prices one plan with its discounts and the other cycle beside it', async () => {
    const customer = await addCustomer(box.database);
    expect((await box.call('price_plan', customer.id, { plan: 'premium', seats: 30 })).summary).toBe(
      'Premium for 30 seats, billed monthly, costs $675.00 a month, which is $22.50 per seat and month. The list price is $25.00 per seat and month; 10% for volume is taken off, which saves $75.00 a month. Billed once a year it would be $6,300.00 a year ($525.00 a month), which saves $1,800.00 a year.',
    );
    expect((await box.call('price_plan', customer.id, { plan: 'premium', seats: 12, cycle: 'annual' })).summary).toContain(
      'costs $2,520.00 a year ($210.00 a month), which is $17.50 per seat and month.',
    );
  });

  it('limits discounts that add up to more than the policy lets through', async () => {
    const customer = await addCustomer(box.database);
    const { summary, facts } = await box.call('price_plan', customer.id, { plan: 'premium', seats: 100, cycle: 'annual' });
    expect(summary).toContain('20% for volume and 20% for paying annually are taken off, limited to 35% together');
    expect(facts).toMatchObject({
      quotes: [
        { totalPercent: 35, capped: true, perPeriod: '19500.00' },
        { cycle: 'monthly', perPeriod: '2000.00' },
      ],
    });
  });

  it('prices basic and premium when no plan is named, saying where one is too small', async () => {
    const customer = await addCustomer(box.database);
    expect((await box.call('price_plan', customer.id, { seats: 20 })).summary).toBe(
      '- **Basic** for 20 seats: $180.00 a month, 10% off; $1,680.00 a year ($140.00 a month), 30% off.\n\n- **Premium** for 20 seats: $450.00 a month, 10% off; $4,200.00 a year ($350.00 a month), 30% off.\n\nEnterprise is priced by contract.',
    );
    expect((await box.call('price_plan', customer.id, { seats: 30 })).summary).toContain('Basic holds at most 25 members, so it does not fit 30 seats.');
  });

  it('never makes up a price for enterprise, and says that free costs nothing', async () => {
    const customer = await addCustomer(box.database);
    const enterprise = await box.call('price_plan', customer.id, { plan: 'enterprise', seats: 80 });
    expect(enterprise.summary).toContain('Enterprise for 80 seats is priced by contract');
    expect(JSON.stringify(enterprise)).not.toMatch(/\$|\d+\.\d\d/);
    expect((await box.call('price_plan', customer.id, { plan: 'free', seats: 4 })).summary).toBe(
      'Free costs nothing; it holds up to 5 members, so 4 seats fit.',
    );
    expect((await box.call('price_plan', customer.id, { plan: 'free', seats: 6 })).summary).toBe('Free holds at most 5 members, so it does not fit 6 seats.');
  });

  it('takes the seats the customer has when none are named, and says so', async () => {
    const customer = await addCustomer(box.database);
    await addSubscription(box.database, customer.id);
    expect((await box.call('price_plan', customer.id, { plan: 'premium', cycle: 'annual' })).summary).toMatch(
      /^Premium for 30 seats.*\n\nThis is for the 30 seats you have now\.$/s,
    );
  });

  it('prices more or fewer seats than now', async () => {
    const customer = await addCustomer(box.database);
    await addSubscription(box.database, customer.id);
    expect((await box.call('price_plan', customer.id, { changeSeatsBy: 20 })).summary).toBe(
      'You have 30 seats on the Premium plan; 20 more make 50 seats. Premium for 50 seats, billed monthly, costs $1,062.50 a month, which is $21.25 per seat and month. The list price is $25.00 per seat and month; 15% for volume is taken off, which saves $187.50 a month. At list terms that is $387.50 a month more than now. For the running period only the days left are charged or credited.',
    );
    expect((await box.call('price_plan', customer.id, { changeSeatsBy: -1 })).summary).toContain('1 fewer leave 29 seats');
    expect((await box.call('price_plan', customer.id, { changeSeatsBy: -30 })).summary).toBe(
      'You have 30 seats, so 30 seats cannot be removed; a plan keeps at least one.',
    );
    const free = await addCustomer(box.database, { plan: 'free' });
    await expect(box.call('price_plan', free.id, { changeSeatsBy: 2 })).rejects.toMatchObject({ code: 'BAD_INPUT', field: 'input.changeSeatsBy' });
  });
});

describe('compare_plans', () => {
  it('puts all plans beside each other, from the policy as it stands', async () => {
    const customer = await addCustomer(box.database);
    const { summary } = await box.call('compare_plans', customer.id);
    expect(summary).toContain(
      '|  | Free | Basic | Premium | Enterprise |\n| --- | --- | --- | --- | --- |\n| Per seat and month | $0.00 | $10.00 | $25.00 | by contract |\n| Projects | 3 | no limit | no limit | no limit |\n| Members | 5 | 25 | no limit | no limit |\n| Storage | 100 MB | 10 GB | 100 GB | no limit |\n| API access | no | no | yes | yes |',
    );
    expect(summary).toContain('| First reply within | 72 h | 8 h | 2 h | 30 min |');
    expect(summary).toContain(
      'Paying annually takes 20% off; volume takes 10% from 10 seats, 15% from 50 seats, and 20% from 100 seats; together at most 35%.',
    );
  });

  it('shows only the plans asked for', async () => {
    const customer = await addCustomer(box.database);
    const { summary } = await box.call('compare_plans', customer.id, { plans: ['premium'] });
    expect(summary).toContain('This is what the Premium plan contains:');
    expect(summary).not.toContain('Basic');
  });
});

describe('find_sign_in', () => {
  it('names who is locked out and until when, with the address masked', async () => {
    const customer = await addCustomer(box.database);
    await addContact(box.database, customer.id, { lockedAt: new Date(NOW.getTime() - 10 * 60_000), failedSignIns: 5 });
    await addContact(box.database, customer.id, { name: 'Lee Park', email: 'lee@northwind.example', failedSignIns: 2 });
    await addContact(box.database, customer.id, { name: 'Ana Lima', email: 'ana@northwind.example' });
    const { summary, facts } = await box.call('find_sign_in', customer.id);
    expect(summary).toBe(
      '- Dana Reyes (d***@northwind.example) is locked out after 5 failed tries, until 12:20 UTC on 20 November 2026.\n- Lee Park (l***@northwind.example) is not locked out, but has 2 failed tries; 5 lock the account.\n\nA lock opens by itself after 30 minutes. Nobody else on your account is locked out.',
    );
    expect(JSON.stringify(facts)).not.toMatch(/dana@|lee@|ana@/);
  });

  it('is over exactly when the lock time has passed', async () => {
    const customer = await addCustomer(box.database);
    const lockedAt = new Date(NOW.getTime() - 30 * 60_000);
    await addContact(box.database, customer.id, { lockedAt, failedSignIns: 5 });
    expect((await box.call('find_sign_in', customer.id)).summary).toContain('is not locked out.');
    expect((await box.call('find_sign_in', customer.id, {}, { now: new Date(NOW.getTime() - 1) })).summary).toContain('is locked out');
  });

  it('tells one person how they sign in', async () => {
    const customer = await addCustomer(box.database);
    await addContact(box.database, customer.id, { twoFactor: true, lastSignInAt: days(-2) });
    await addContact(box.database, customer.id, { name: 'Lee Park', email: 'Lee@northwind.example', signInMethod: 'google' });
    expect((await box.call('find_sign_in', customer.id, { email: 'dana@northwind.example' })).summary).toBe(
      'Dana Reyes (d***@northwind.example) is not locked out. Dana Reyes signs in with a password and two-factor. The last sign-in was on 18 November 2026. A reset link sent by e-mail is valid for 60 minutes.',
    );
    expect((await box.call('find_sign_in', customer.id, { email: 'LEE@northwind.example' })).summary).toContain(
      'There is no Loomwork password to reset: use "Continue with Google".',
    );
    expect((await box.call('find_sign_in', customer.id)).summary).toBe(
      'None of the 2 people on your account is locked out, and none has failed tries. They sign in as follows: 1 with a password, 1 with Google; 1 uses two-factor.',
    );
  });

  it("does not know somebody else's people", async () => {
    const other = await addCustomer(box.database);
    await addContact(box.database, other.id, { email: 'secret@elsewhere.example', name: 'Somebody Else' });
    const customer = await addCustomer(box.database);
    const { summary, facts } = await box.call('find_sign_in', customer.id, { email: 'secret@elsewhere.example' });
    expect(summary).toContain('Nobody with that e-mail address is registered on your account');
    expect(JSON.stringify(facts)).not.toContain('Somebody');
    expect((await box.call('find_sign_in', customer.id)).summary).toBe('There are no people registered on your account yet.');
  });
});

describe('search_knowledge', () => {
  it('returns passages within the granted categories and notes that they were used', async () => {
    const customer = await addCustomer(box.database);
    const webhook = await addArticle(box.database, {
      slug: 'webhook-signature',
      title: 'Verify a webhook signature',
      category: 'integration',
      body: 'Each delivery is signed.\n\n## Verify the signature\n\nCompute the HMAC of the webhook body and compare it with the signature header.',
    });
    await addArticle(box.database, {
      slug: 'webhook-billing',
      title: 'Verify a webhook signature of billing',
      category: 'billing',
      body: 'How to verify a webhook signature of billing events.',
    });
    await addArticle(box.database, {
      slug: 'webhook-account',
      title: 'Verify a webhook signature of the account',
      category: 'account',
      body: 'How to verify a webhook signature of account events.',
    });
    const query = { query: 'verify webhook signature' };
    const one = await box.call('search_knowledge', customer.id, query, { grant: { categories: ['integration'] } });
    expect(one.summary).toBe('The help article "Verify a webhook signature" covers this.');
    expect(one.passages).toEqual([expect.objectContaining({ articleId: webhook, slug: 'webhook-signature', title: 'Verify a webhook signature' })]);
    const two = await box.call('search_knowledge', customer.id, query, { grant: { categories: ['integration', 'account'] } });
    expect(two.passages?.map((passage) => passage.slug).toSorted()).toEqual(['webhook-account', 'webhook-signature']);
    expect((await box.call('search_knowledge', customer.id, query)).passages).toHaveLength(3);
    expect(await box.database.articleUse.count({ where: { articleId: webhook, kind: 'retrieved' } })).toBe(3);
  });

  it('says that there is no article', async () => {
    const customer = await addCustomer(box.database);
    for (const query of ['qwxz blorptang', "'; DROP TABLE x; -- & | ! :*", '💥\u0000']) {
      expect(await box.call('search_knowledge', customer.id, { query })).toMatchObject({ summary: 'I found no help article on this.', passages: [] });
    }
  });
});

describe('leave_note', () => {
  it('writes one note per call, of the granted kind, on this customer', async () => {
    const customer = await addCustomer(box.database);
    const options = { grant: { kind: 'billing' }, callId: 'call-1' };
    const { summary } = await box.call('leave_note', customer.id, { text: 'Agreed to the refund of INV-2026-00001.' }, options);
    await box.call('leave_note', customer.id, { text: 'Agreed to the refund of INV-2026-00001.' }, options);
    expect(summary).toBe('I have left a note for the billing team on your account.');
    expect(await box.database.customerNote.findMany({ where: { customerId: customer.id }, select: { kind: true, text: true, authorKind: true } })).toEqual([
      { kind: 'billing', text: 'Agreed to the refund of INV-2026-00001.', authorKind: 'agent' },
    ]);
    await box.call('leave_note', customer.id, { text: 'Another thing.' }, { grant: { kind: 'billing' }, callId: 'call-2' });
    expect(await box.database.customerNote.count({ where: { customerId: customer.id } })).toBe(2);
  });

  it('is never called without a language model', () => {
    expect(box.tools.get('leave_note')?.infer({ text: 'please leave a note for the billing team', earlier: [] })).toBeNull();
  });
});
