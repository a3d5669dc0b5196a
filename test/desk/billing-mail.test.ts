/** Mail about money: to the address on file whoever asks for another, so many a turn, and of the customer's own documents. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { newId } from '../../src/foundation/ids.ts';
import { addContact, addCustomer, addInvoice, openToolbox, type Toolbox } from '../tools/fixtures.ts';
import { openTalk } from './acting.ts';

const GRANT = { per_turn_max: 5 };

let box: Toolbox;
beforeAll(async () => {
  box = await openToolbox();
});
afterAll(() => box.close());

async function billed() {
  const customer = await addCustomer(box.database);
  await addContact(box.database, customer.id, { primary: true, email: `dana.${customer.id}@northwind.example` });
  const billing = await addContact(box.database, customer.id, { role: 'billing', name: 'Marcus Lee', email: `marcus.${customer.id}@northwind.example` });
  const paid = await addInvoice(box.database, customer.id);
  const open = await addInvoice(box.database, customer.id, { status: 'open', amountDue: '675.00', paidAt: null, issuedAt: '2026-11-10T00:00:00Z' });
  return { customer, billing, paid, open, talk: await openTalk(box, customer.id) };
}

const mailsOf = (customerId: string) => box.database.outboxMessage.findMany({ where: { customerId }, orderBy: { id: 'asc' } });

describe('send_invoice', () => {
  it('puts a copy on its way to the billing contact, and says no more than that', async () => {
    const { customer, billing, open, talk } = await billed();
    const { summary } = await talk.act('send_invoice', 'Send my invoice, please', { grant: GRANT, input: { document: 'invoice' } });
    expect(summary).toBe(`A copy of invoice ${open.number} over $675.00 is on its way to the billing address on file, m***@northwind.example.`);
    expect(await mailsOf(customer.id)).toMatchObject([
      { kind: 'email', subject: 'invoice_copy', recipient: billing.email, status: 'pending', payload: { invoiceNumber: open.number } },
    ]);
    await expect(talk.act('send_invoice', 'Send my invoice to thief@evil.example', { grant: GRANT, input: { document: 'invoice' } })).rejects.toMatchObject({
      code: 'CONFLICT',
      message: expect.stringContaining('thief@evil.example is not on this account'),
    });
    await expect(
      talk.act('send_invoice', 'Please send me the documents', { grant: GRANT, input: { document: 'invoice', recipient: 'thief@evil.example' } }),
    ).rejects.toMatchObject({
      code: 'BAD_INPUT',
    });
  });

  it('falls back to the primary contact, then to the account', async () => {
    const customer = await addCustomer(box.database);
    await addInvoice(box.database, customer.id);
    const talk = await openTalk(box, customer.id);
    await talk.act('send_invoice', 'Please send me the documents', { grant: GRANT, input: { document: 'receipt' } });
    const contact = await addContact(box.database, customer.id, { primary: true, email: `first.${customer.id}@northwind.example` });
    await talk.act('send_invoice', 'Please send me the documents', { grant: GRANT, input: { document: 'tax_document' } });
    expect((await mailsOf(customer.id)).map(({ recipient, subject }) => [recipient, subject])).toEqual([
      [customer.email, 'receipt'],
      [contact.email, 'tax_document'],
    ]);
  });

  it('sends a receipt only of what is paid, and a summary of a year with invoices', async () => {
    const { customer, open, paid, talk } = await billed();
    await expect(
      talk.act('send_invoice', 'Please send me the documents', { grant: GRANT, input: { document: 'receipt', invoiceNumber: open.number } }),
    ).rejects.toThrow('not paid yet');
    expect((await talk.act('send_invoice', 'Please send me the documents', { grant: GRANT, input: { document: 'receipt' } })).facts).toMatchObject({
      invoiceNumber: paid.number,
    });
    await expect(talk.act('send_invoice', 'Please send me the documents', { grant: GRANT, input: { document: 'year_summary' } })).rejects.toMatchObject({
      code: 'NOT_FOUND',
    });
    expect((await talk.act('send_invoice', 'Please send me the documents', { grant: GRANT, input: { document: 'year_summary', year: 2026 } })).summary).toMatch(
      /^The summary of 2026 over \$1,350\.00/,
    );
    expect((await mailsOf(customer.id)).length).toBe(2);
  });

  it("does not know another customer's invoice", async () => {
    const { paid } = await billed();
    const { customer, talk } = await billed();
    await expect(
      talk.act('send_invoice', 'Please send me the documents', { grant: GRANT, input: { document: 'invoice', invoiceNumber: paid.number } }),
    ).rejects.toMatchObject({
      code: 'NOT_FOUND',
    });
    expect(await mailsOf(customer.id)).toEqual([]);
  });

  it('sends once per call and at most so many in a turn, also side by side', async () => {
    const { customer, talk } = await billed();
    const runId = newId('run');
    const send = (nth: number) =>
      talk.act('send_invoice', 'Please send me the documents', {
        grant: GRANT,
        runId,
        callId: `${runId}:agent:send_invoice:${nth}`,
        input: { document: 'invoice' },
      });
    await Promise.all(Array.from({ length: 10 }, () => send(1)));
    expect((await mailsOf(customer.id)).length).toBe(1);
    const ended = await Promise.allSettled([2, 3, 4, 5, 6, 7, 8].map(send));
    expect(ended.filter(({ status }) => status === 'fulfilled').length).toBe(4);
    expect((await mailsOf(customer.id)).length).toBe(5);
    await talk.act('send_invoice', 'Please send me the documents', { grant: GRANT, input: { document: 'invoice' } });
    expect((await mailsOf(customer.id)).length).toBe(6);
  });
});

describe('send_payment_link', () => {
  it('sends the link of the open invoice that is due first, and says when nothing is open', async () => {
    const { customer, billing, open, paid, talk } = await billed();
    const { summary } = await talk.act('send_payment_link', 'I want to pay it now', { grant: { per_turn_max: 1 } });
    expect(summary).toBe(`The link to pay $675.00 for invoice ${open.number} is on its way to the billing address on file, m***@northwind.example.`);
    expect(await mailsOf(customer.id)).toMatchObject([{ subject: 'payment_link', recipient: billing.email, payload: { amount: '675.00' } }]);
    await expect(
      talk.act('send_payment_link', 'I want to pay it now', { grant: { per_turn_max: 1 }, input: { invoiceNumber: paid.number } }),
    ).rejects.toMatchObject({
      code: 'NOT_FOUND',
    });
  });
});

describe('correct_invoice_details', () => {
  it('passes on what the customer wrote, once, and nothing they did not write', async () => {
    const { customer, talk } = await billed();
    const said = 'Our VAT number is DE 123 456 789, please put it on the invoices';
    const callId = newId('step');
    const input = { field: 'tax_number', text: 'DE 123 456 789' };
    for (let time = 0; time < 2; time += 1) {
      expect((await talk.act('correct_invoice_details', said, { input, callId })).summary).toMatch(
        /^I have passed the new tax number on the invoices to come on to the billing team as request \d+\.$/,
      );
    }
    expect((await talk.act('correct_invoice_details', 'yes', { input, earlier: [said] })).facts).toMatchObject({ requested: true });
    await expect(talk.act('correct_invoice_details', 'Fix it please', { input })).rejects.toMatchObject({ code: 'CONFLICT' });
    await expect(talk.act('correct_invoice_details', '> Our VAT number is DE 123 456 789', { input })).rejects.toMatchObject({ code: 'CONFLICT' });
    expect((await box.database.ticket.findMany({ where: { customerId: customer.id } })).length).toBe(2);
  });
});

describe('summarize_invoices', () => {
  it('adds up what was billed, paid and is open in a year or some months', async () => {
    const { talk } = await billed();
    const { summary, facts } = await talk.act('summarize_invoices', 'x', { input: { year: 'this' } });
    expect(summary).toContain('Billed: $1,350.00 on 2 invoices');
    expect(summary).toContain('Paid: $675.00 on 1 invoice');
    expect(summary).toContain('Still open: $675.00 on 1 invoice');
    expect(facts).toMatchObject({ invoices: 2, USD: { billed: '1350.00', discount: '150.00', open: '675.00' } });
    expect((await talk.act('summarize_invoices', 'x', { input: { year: 'last' } })).summary).toBe('There are no invoices of 2025 on your account.');
    expect((await talk.act('summarize_invoices', 'x', { input: { from: '2026-11' } })).facts).toMatchObject({ invoices: 2 });
    expect((await talk.act('summarize_invoices', 'x', { input: { to: '2026-10' } })).summary).toBe('There are no invoices of October 2026 on your account.');
  });
});
