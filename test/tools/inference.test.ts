/** What each tool hears in a customer's words: for every utterance the whole set of tools that would be called, and with what. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { AnyTool } from '../../src/orchestration/tool.ts';
import { openToolbox, type Toolbox } from './fixtures.ts';

let box: Toolbox;
beforeAll(async () => {
  box = await openToolbox();
});
afterAll(() => box.close());

/** The tools about money and the account, for which whole tables stand here; those of other domains are tested with their agents. */
const COVERED = [
  'find_customer',
  'find_plan',
  'list_invoices',
  'summarize_invoices',
  'list_payments',
  'explain_payment_failure',
  'quote_refund',
  'find_refunds',
  'find_usage',
  'price_plan',
  'compare_plans',
  'quote_plan_change',
  'quote_discount',
  'find_sign_in',
];

function heard(text: string, earlier: readonly string[] = []): Record<string, unknown> {
  const calls = [...box.tools.values()]
    .filter((tool: AnyTool) => COVERED.includes(tool.name))
    .map((tool): [string, unknown] => [tool.name, tool.infer({ text, earlier })]);
  return Object.fromEntries(calls.filter(([, input]) => input !== null));
}

type Case = readonly [string, Readonly<Record<string, unknown>>];

function table(name: string, cases: readonly Case[]): void {
  describe(name, () => {
    it.each(cases)('hears: %s', (text, expected) => {
      expect(heard(text)).toEqual(expected);
    });
  });
}

table('prices', [
  ['what is the difference in price between monthly and annual?', { price_plan: {} }],
  ['hw much for 15 ppl on basic', { price_plan: { plan: 'basic', seats: 15 } }],
  ['prices for 30 seats', { price_plan: { seats: 30 } }],
  ['premium yearly for 12 people, how much?', { price_plan: { plan: 'premium', seats: 12, cycle: 'annual' } }],
  ['How much is Premium for thirty-five users?', { price_plan: { plan: 'premium', seats: 35 } }],
  ['What would it cost for a team of twelve?', { price_plan: { seats: 12 } }],
  ['can i get a quote for a hundred and twenty licences billed annually', { price_plan: { seats: 120, cycle: 'annual' } }],
  ['How much does basic cost per month?', { price_plan: { plan: 'basic', cycle: 'monthly' } }],
  ['is there a discount if we pay yearly?', { price_plan: { cycle: 'annual' } }],
  ['what do I pay for 5 more seats', { price_plan: { changeSeatsBy: 5 }, find_plan: {}, quote_plan_change: { changeSeatsBy: 5 } }],
  ['how much would we save if we remove 4 seats', { price_plan: { changeSeatsBy: -4 }, find_plan: {}, quote_plan_change: { changeSeatsBy: -4 } }],
  ['What is the price for 1,200 employees on enterprise?', { price_plan: { plan: 'enterprise', seats: 1200 } }],
  ['we are two dozen people, what does premium cost?', { price_plan: { plan: 'premium', seats: 24 } }],
  ['Price for 50 on premium please', { price_plan: { plan: 'premium', seats: 50 } }],
  [
    'how much to upgrade from basic to premium for 8 users',
    { price_plan: { plan: 'premium', seats: 8 }, find_plan: {}, quote_plan_change: { plan: 'premium', seats: 8 } },
  ],
  ['What are your prices?', { compare_plans: {} }],
  ['premium yearly for 12 people', { price_plan: { plan: 'premium', seats: 12, cycle: 'annual' } }],
  ['your prices for 80 users?', { price_plan: { seats: 80 } }],
  ['how much do we pay right now', { find_plan: {} }],
  ['pricing', { compare_plans: {} }],
  ['how much does Loomwork cost?', { compare_plans: {} }],
]);

table('plans beside each other', [
  ['how many projects are there on the free plan', { compare_plans: { plans: ['free'] } }],
  ['how much storage comes with each plan?', { compare_plans: {} }],
  ['do you have any discounts?', { compare_plans: {}, quote_discount: { kind: 'discretionary' } }],
  ['Compare your plans', { compare_plans: {} }],
  ['what is the difference between basic and premium?', { compare_plans: { plans: ['basic', 'premium'] } }],
  ['basic vs premium for 20 people: what does it cost', { price_plan: { seats: 20 } }],
  ['Which plans do you offer?', { compare_plans: {} }],
  ["what's included in premium?", { compare_plans: { plans: ['premium'] } }],
  ['does the free plan include guests?', { compare_plans: { plans: ['free'] } }],
  ['free vs basic', { compare_plans: { plans: ['free', 'basic'] } }],
  ['Which plan would suit a design agency?', { compare_plans: {} }],
]);

table('the own plan', [
  ['please pause our subscription over the summer', { find_plan: {} }],
  ['we want to stop paying for this plan', { find_plan: {}, quote_plan_change: { renewal: 'cancel' } }],
  ['When does my subscription renew?', { find_plan: {} }],
  ['what plan am I on', { find_plan: {} }],
  ['How many seats do we have?', { find_plan: {} }],
  ['When does my trial end?', { find_plan: {} }],
  ['I want to cancel my subscription', { find_plan: {}, quote_plan_change: { renewal: 'cancel' } }],
  ['when is the next billing date', { find_plan: {} }],
]);

table('a change of the plan', [
  [
    'we need to go down to the basic plan, premium is too much for us',
    { compare_plans: { plans: ['basic', 'premium'] }, quote_plan_change: { plan: 'basic' } },
  ],
  ['please upgrade us to premium', { quote_plan_change: { plan: 'premium' }, find_plan: {} }],
  ['we need 5 more seats', { quote_plan_change: { changeSeatsBy: 5 }, find_plan: {} }],
  ['Turn off the auto-renewal please', { quote_plan_change: { renewal: 'cancel' }, find_plan: {} }],
  ['Please resume our subscription', { quote_plan_change: { renewal: 'resume' }, find_plan: {} }],
  ['change my avatar', {}],
  ['move the card to another board', {}],
]);

table('a lower price', [
  ['We are a charity, what can you do?', { quote_discount: { kind: 'nonprofit' } }],
  ['I am a student', { quote_discount: { kind: 'student' } }],
  ['we are an early-stage startup', { quote_discount: { kind: 'startup' } }],
  ['can you do better?', { quote_discount: { kind: 'discretionary' } }],
  ['it costs too much, a competitor is cheaper and we think of leaving', { quote_discount: { kind: 'retention' }, compare_plans: {} }],
]);

table('where a refund is', [
  ['Where is my refund?', { find_refunds: {}, quote_refund: {} }],
  ['the refund you promised has not arrived yet', { find_refunds: {}, quote_refund: {} }],
]);

table('invoices', [
  ['i need a reciept', { list_invoices: { first: 1 } }],
  ['yearly statement for our accountant', { list_invoices: { first: 1 }, summarize_invoices: {} }],
  ['Can you send me my invoice for March 2026?', { list_invoices: { month: '2026-03' } }],
  ['I need the invoice from last month', { list_invoices: { month: 'last' } }],
  ['LW-2026-00447?', { list_invoices: { number: 'LW-2026-00447' } }],
  ['where is INV-2026-00417', { list_invoices: { number: 'INV-2026-00417' } }],
  ['question about invoice no. 10432', { list_invoices: { number: '10432' } }],
  ['show me my last three invoices', { list_invoices: { first: 3 } }],
  ['my invoices please', { list_invoices: {} }],
  ['Where can I download my invoice?', { list_invoices: { first: 1 } }],
  ['all receipts from 2025', { list_invoices: { year: 2025 }, summarize_invoices: { year: 2025 } }],
  ['the september bill for our team', { list_invoices: { month: '09' } }],
  ['do I have any unpaid invoices?', { list_invoices: { status: 'open' } }],
  ['in May our invoice was higher', { list_invoices: { month: '05' } }],
  ['May I get an invoice?', { list_invoices: { first: 1 } }],
  ['does Loomwork have an invoice template?', {}],
]);

table('payments', [
  ['When was my last payment?', { list_payments: { first: 1 } }],
  ['why was I charged today', { list_payments: {} }],
  ['did my payment go through?', { list_payments: {} }],
  ['show my payment history', { list_payments: {} }],
  ['Which payment methods do you accept?', {}],
]);

table('payments that failed', [
  ['your form refuses my card', { explain_payment_failure: {} }],
  ['the paymnet was declined agian', { explain_payment_failure: {} }],
  ['could you retry the charge? there is money on it now', { explain_payment_failure: {} }],
  ['our direct debit was returned by the bank', { explain_payment_failure: {} }],
  ['dragging a card to another column does not work', {}],
  ['moving the card fails on the board', {}],
  ['my payment failed', { explain_payment_failure: {} }],
  ['Why was my card declined?', { explain_payment_failure: {} }],
  ["my card isn't working", { explain_payment_failure: {} }],
  ['The renewal payment did not go through', { explain_payment_failure: {}, find_plan: {} }],
  ['it says insufficient funds', { explain_payment_failure: { failureCode: 'insufficient_funds' } }],
  ['show me all failed payments', { explain_payment_failure: {}, list_payments: { status: 'failed' } }],
  ['it says card declined', { explain_payment_failure: {} }],
  ['my bank wants me to confirm the payment with 3D Secure', { explain_payment_failure: { failureCode: 'authentication_required' } }],
  ['Payment for INV-2026-00012 was rejected', { explain_payment_failure: { invoiceNumber: 'INV-2026-00012' }, list_invoices: { number: 'INV-2026-00012' } }],
  ['error card_declined', { explain_payment_failure: { failureCode: 'card_declined' } }],
  ['My credit card has expired', { explain_payment_failure: { failureCode: 'expired_card' } }],
  ['wrong cvc', { explain_payment_failure: { failureCode: 'incorrect_cvc' } }],
  ['i have a problem with my card', { explain_payment_failure: {} }],
  ["I can't pay", { explain_payment_failure: {} }],
  ['My login failed', { find_sign_in: {} }],
  ['The CSV import failed', {}],
  ['webhook delivery fails with 500', {}],
]);

table('money back', [
  ['please pay me back', { quote_refund: {} }],
  ['I want every cent of this payment back', { quote_refund: {}, list_payments: {} }],
  ['kindly revert the debited amount', { quote_refund: {} }],
  ['I want my deleted task back', {}],
  ['can I go back to the plan view', {}],
  ['I want a refund', { quote_refund: {} }],
  ['can I get my money back?', { quote_refund: {} }],
  ['you charged me twice!!', { quote_refund: { about: 'duplicate' }, list_payments: {} }],
  ['I was billed two times this month', { quote_refund: { about: 'duplicate' }, list_payments: {} }],
  ['There is a duplicate charge on my card', { quote_refund: { about: 'duplicate' }, list_payments: {} }],
  ['Does the 30-day guarantee apply to me?', { quote_refund: {} }],
  ['please refund my latest payment', { quote_refund: { about: 'latest' }, list_payments: { first: 1 } }],
  ['refund INV-2026-00417', { quote_refund: { invoiceNumber: 'INV-2026-00417' }, list_invoices: { number: 'INV-2026-00417' } }],
  ["I don't want a refund, only an explanation", {}],
  ['Do you guarantee uptime?', {}],
]);

table('signing in', [
  ['forgot pasword', { find_sign_in: {} }],
  ['the reset mail never came', { find_sign_in: {} }],
  ["it won't let me in", { find_sign_in: {} }],
  ['my account was hacked!', { find_sign_in: {} }],
  ['one of our users is locked', { find_sign_in: {} }],
  ['I logged time on the wrong task', {}],
  ["I can't log in", { find_sign_in: {} }],
  ['forgot my password', { find_sign_in: {} }],
  ['Dana is locked out of her account', { find_sign_in: {} }],
  ['my account got locked', { find_sign_in: {} }],
  ['the 2FA code never arrives', { find_sign_in: {} }],
  ['password reset link for dana@northwind.example expired', { find_sign_in: { email: 'dana@northwind.example' } }],
  ["I can't access my account", { find_sign_in: {} }],
  ['I keep getting signed out', { find_sign_in: {} }],
  ["I can't access the API", {}],
  ['API returns 401 invalid_token', {}],
]);

table('usage', [
  ['How much storage do we have left?', { find_usage: { metric: 'storage_mb' } }],
  ['did we hit our project limit?', { find_usage: { metric: 'projects' } }],
  ['show my usage', { find_usage: {} }],
  ["I can't create more projects", { find_usage: { metric: 'projects' } }],
  ['how many api calls did we use this month', { find_usage: { metric: 'api_calls' } }],
  ['what are the limits on my plan?', { find_usage: {}, find_plan: {} }],
  ['we get 429 because of the rate limit', {}],
  ['how do I use dashboards', {}],
]);

table('the account', [
  ['What is my account status?', { find_customer: {} }],
  ['is my account still active', { find_customer: {} }],
  ['How much do I owe?', { find_customer: {} }],
  ['what data do you have about me', { find_customer: {} }],
]);

table('several things at once', [
  [
    'Hello, I am the admin of our workspace. Since Monday my colleague cannot log in, and also we need the March invoice again.',
    { find_sign_in: {}, list_invoices: { month: '03' } },
  ],
  ['My payment failed, and I want to know what 40 seats of premium would cost', { explain_payment_failure: {}, price_plan: { plan: 'premium', seats: 40 } }],
]);

table('nothing to look up', [
  ['Which integrations are there?', {}],
  ['How do I add a member to a project?', {}],
  ['Where do I change my e-mail address?', {}],
  ['Can I set a time limit on a form?', {}],
  ['My tasks are not syncing between phone and laptop', {}],
  ['How can I charge my clients for tracked time?', {}],
  ['Who signed off this task?', {}],
  ['Is there a free trial?', {}],
  ['I lost a file, can you restore it?', {}],
  ['error 500 when I open the board', {}],
  ['who are you?', {}],
  ['I want to talk to a person', {}],
  ['hi', {}],
  ['yes', {}],
  ['yes please', {}],
  ['thanks, bye!', {}],
  ['How do I create a recurring task?', {}],
  ['How do I link two tasks as dependencies?', {}],
  ['the timeline view is slow', {}],
  ['a basic question about boards', {}],
  ['Is it free to invite guests?', {}],
  ['', {}],
]);

describe('a follow-up', () => {
  it('continues a question about prices with what it changes', () => {
    const before = ['How much is premium for 30 seats?'];
    expect(heard('and yearly?', before)).toEqual({ price_plan: { plan: 'premium', seats: 30, cycle: 'annual' } });
    expect(heard('what about 50 seats?', before)).toEqual({ price_plan: { plan: 'premium', seats: 50 } });
    expect(heard('and for enterprise?', before)).toEqual({ price_plan: { plan: 'enterprise', seats: 30 } });
  });

  it('says yes without meaning any tool but the search', () => {
    const search = box.tools.get('search_knowledge');
    const earlier = ['Can I get a refund for the last payment?'];
    expect(heard('yes', earlier)).toEqual({});
    expect(search?.infer({ text: 'yes', earlier })).toEqual({ query: 'Can I get a refund for the last payment? yes' });
  });
});

describe('the search', () => {
  it('looks for the whole message, and for nothing when there is none', () => {
    const search = box.tools.get('search_knowledge');
    expect(search?.infer({ text: '  How do I   export\ntasks to CSV? ', earlier: ['hello'] })).toEqual({ query: 'How do I export tasks to CSV?' });
    expect(search?.infer({ text: ' \n ', earlier: [] })).toBeNull();
    expect(String(search?.infer({ text: 'ok', earlier: ['x '.repeat(2_000)] })?.['query']).length).toBeLessThanOrEqual(500);
  });
});

describe('hostile text', () => {
  const hostile = [
    'a'.repeat(10_000),
    'charge '.repeat(1_500),
    'card fail '.repeat(1_200),
    '1 '.repeat(5_000),
    'a hundred and '.repeat(800),
    "can't ".repeat(2_000),
    '\u0000\u202e💥'.repeat(3_000),
    '<script>alert(1)</script>',
    '\'; DROP TABLE "Customer"; --',
    '%%%___\\\\',
  ];

  it.each(hostile.map((text): [string, string] => [text.slice(0, 20), text]))('is read without harm: %s', (_start, text) => {
    for (const tool of box.tools.values()) {
      const input = tool.infer({ text, earlier: [text] });
      expect(input === null || typeof input === 'object').toBe(true);
    }
  });

  it('never names more seats than a plan may have', () => {
    expect(heard('price for 999999 seats')).not.toHaveProperty('price_plan');
    expect(heard('price for 0 seats on basic')).toEqual({ price_plan: { plan: 'basic' } });
  });
});
