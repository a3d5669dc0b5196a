/** What every tool promises to the floor below it: schemas, refusals, aborts. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { z } from 'zod';
import type { Tool, ToolContext } from '../../src/orchestration/tool.ts';
import { defineTool } from '../../src/tools/define-tool.ts';
import { addCustomer, NOW, openToolbox, type Toolbox } from './fixtures.ts';

let box: Toolbox;
beforeAll(async () => {
  box = await openToolbox();
});
afterAll(() => box.close());

const CONTEXT: ToolContext = {
  customerId: 'cus_1',
  conversationId: null,
  runId: 'run_1',
  agentId: 'billing_agent',
  said: '',
  earlier: [],
  callId: 'call',
  now: NOW,
};

function echo(run: Tool<{ word: string }, { max: number }>['run'], effect: 'read' | 'write' = 'read') {
  return defineTool({
    name: 'echo',
    description: 'Echoes.',
    input: z.strictObject({ word: z.string().min(1) }),
    grant: z.strictObject({ max: z.int() }),
    effect,
    infer: ({ text }) => ({ word: text }),
    run,
  });
}

describe('every tool', () => {
  it('has a name agents may grant, a description, and an input schema a model accepts', () => {
    expect(box.tools.size).toBeGreaterThan(60);
    for (const tool of box.tools.values()) {
      expect(tool.description).toMatch(/^[A-Z].{60,}\.$/s);
      expect(tool.inputSchema).toMatchObject({ type: 'object', additionalProperties: false });
      expect(tool.inputSchema).not.toHaveProperty('$schema');
    }
    const money = [...box.tools.values()].filter((tool) => tool.effect === 'money').map((tool) => tool.name);
    expect(money.toSorted()).toEqual(['apply_discount', 'change_plan', 'issue_refund']);
  });

  it('refuses unknown keys, wrong types and hostile values as BAD_INPUT naming the field', async () => {
    const customer = await addCustomer(box.database);
    const cases: readonly (readonly [string, unknown, string])[] = [
      ['find_customer', { customerId: 'cus_other' }, 'input'],
      ['find_plan', null, 'input'],
      ['list_invoices', { number: "%' OR 1=1" }, 'input.number'],
      ['list_invoices', { number: 'INV\u0000' }, 'input.number'],
      ['list_invoices', { number: '%%' }, 'input.number'],
      ['list_invoices', { month: '2026-13' }, 'input.month'],
      ['list_invoices', { first: 1_000 }, 'input.first'],
      ['list_payments', { first: -1 }, 'input.first'],
      ['quote_refund', { paymentId: { not: '' } }, 'input.paymentId'],
      ['price_plan', { seats: 1.5 }, 'input.seats'],
      ['price_plan', { plan: 'platinum' }, 'input.plan'],
      ['price_plan', { seats: '30' }, 'input.seats'],
      ['compare_plans', { plans: [] }, 'input.plans'],
      ['find_sign_in', { email: 'x'.repeat(300) }, 'input.email'],
      ['search_knowledge', { query: '  ' }, 'input.query'],
    ];
    for (const [name, input, field] of cases)
      await expect(box.call(name, customer.id, input), `${name} ${JSON.stringify(input)}`).rejects.toMatchObject({ code: 'BAD_INPUT', field });
    await expect(box.call('leave_note', customer.id, { text: 'x' }, { grant: { kind: 'billing' } })).rejects.toMatchObject({
      code: 'BAD_INPUT',
      field: 'input.text',
    });
  });

  it('finds nothing for ids that are no ids', async () => {
    const customer = await addCustomer(box.database);
    for (const paymentId of ['\u0000', "' OR ''='", '../../etc/passwd', '💥'])
      await expect(box.call('quote_refund', customer.id, { paymentId })).rejects.toMatchObject({ code: 'NOT_FOUND' });
  });

  it('checks grants with its own schema', () => {
    expect(() => box.tools.get('find_customer')?.parseGrant({ max: 1 })).toThrow(z.ZodError);
    expect(() => box.tools.get('leave_note')?.parseGrant({})).toThrow(z.ZodError);
    expect(() => box.tools.get('leave_note')?.parseGrant({ kind: 'love' })).toThrow(z.ZodError);
    expect(() => box.tools.get('search_knowledge')?.parseGrant({ categories: [] })).toThrow(z.ZodError);
    expect(box.tools.get('search_knowledge')?.parseGrant({ categories: ['billing'] })).toEqual({ categories: ['billing'] });
  });

  it('infers only what its own input schema accepts', async () => {
    const customer = await addCustomer(box.database);
    const texts = [
      'invoice INV-2026-00417',
      'my last 99 invoices',
      'bill for may 2026',
      'add 5 seats: price?',
      'premium yearly for 12 people',
      'locked out: a.b+c@northwind.example',
      'how much storage is used',
      'charged twice',
      'insufficient funds',
      'compare basic and premium',
    ];
    for (const text of texts) {
      for (const tool of box.tools.values()) {
        const input = tool.infer({ text, earlier: [] });
        if (input === null) continue;
        const outcome = await box.call(tool.name, customer.id, input).catch((error: unknown) => error);
        if (outcome instanceof Error) expect(outcome.message).not.toContain('input that does not fit');
      }
    }
  });
});

describe('an abort', () => {
  it('is honoured before anything starts', async () => {
    const customer = await addCustomer(box.database);
    const gone = new Error('the customer left');
    await expect(box.call('find_customer', customer.id, {}, { signal: AbortSignal.abort(gone) })).rejects.toBe(gone);
    await expect(box.call('leave_note', customer.id, { text: 'never written' }, { grant: { kind: 'general' }, signal: AbortSignal.abort(gone) })).rejects.toBe(
      gone,
    );
    expect(await box.database.customerNote.count({ where: { customerId: customer.id } })).toBe(0);
  });

  it('leaves a read at once', async () => {
    const controller = new AbortController();
    const call = echo(() => new Promise(() => {})).call({ word: 'hi' }, { max: 1 }, CONTEXT, controller.signal);
    controller.abort(new Error('stop'));
    await expect(call).rejects.toThrow('stop');
  });

  it('waits for a write that has begun, so that its outcome is known', async () => {
    const controller = new AbortController();
    const written = Promise.withResolvers<{ summary: string }>();
    const call = echo(() => written.promise, 'write').call({ word: 'hi' }, { max: 1 }, CONTEXT, controller.signal);
    controller.abort(new Error('stop'));
    written.resolve({ summary: 'done' });
    await expect(call).resolves.toEqual({ summary: 'done' });
  });
});

describe('a tool with its types closed over', () => {
  it('hands its own types parsed values', async () => {
    const tool = echo(async ({ word }, { max }) => ({ summary: word.slice(0, max) }));
    expect(await tool.call({ word: 'hello' }, { max: 2 }, CONTEXT, AbortSignal.timeout(1_000))).toEqual({ summary: 'he' });
  });

  it('looks at the start of a long message only', () => {
    expect(String(echo(async () => ({ summary: '' })).infer({ text: 'x'.repeat(10_000), earlier: [] })?.['word'])).toHaveLength(2_000);
  });

  it('refuses to exist with an input that lets unknown keys through', () => {
    expect(() =>
      defineTool({
        name: 'loose',
        description: '',
        input: z.object({}),
        grant: z.strictObject({}),
        effect: 'read',
        infer: () => null,
        run: async () => ({ summary: '' }),
      }),
    ).toThrow('strict object');
  });
});
