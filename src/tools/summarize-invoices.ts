/** `summarize_invoices`: what was billed, paid, is open and came back over a year or some months. Single invoices are list-invoices.ts. */
import { z } from 'zod';
import type { AnyTool } from '../orchestration/tool.ts';
import type { Database } from '../store/database.ts';
import type { Invoice } from '../store/generated/prisma/client.ts';
import { centsOf, decimalText, sumCents } from '../store/money.ts';
import { addMonths, startOfMonth } from '../store/period.ts';
import { defineTool } from './define-tool.ts';
import { writeTotals } from './money-words.ts';
import { plain, readPeriod } from './reading.ts';
import { paragraphs, sentences, writeBullets, writeCount, writeMonth } from './words.ts';

const MONTH = z.string().regex(/^20\d\d-(?:0[1-9]|1[0-2])$/, 'must be YYYY-MM');
const Input = z.strictObject({
  year: z
    .union([z.int().min(2000).max(2099), z.enum(['this', 'last'])])
    .optional()
    .describe('A whole calendar year: 2026, "this" or "last".'),
  from: MONTH.optional().describe('First month, YYYY-MM.'),
  to: MONTH.optional().describe('Last month, YYYY-MM, included. Left out with "from": this month.'),
});
type Input = z.infer<typeof Input>;

export function summarizeInvoices(database: Database): AnyTool {
  return defineTool<Input, Record<string, never>>({
    name: 'summarize_invoices',
    description:
      "Adds up the customer's invoices over a year or a range of months: billed, discounts, tax, paid, still open, refunded. Use it for year-end summaries and questions such as what was spent last year. Without a period it takes this year.",
    input: Input,
    grant: z.strictObject({}),
    effect: 'read',
    infer: ({ text }) => inferInput(text),
    async run(input, _grant, { customerId, now }) {
      const { from, to, name } = rangeOf(input, now);
      const [invoices, payments] = await Promise.all([
        database.invoice.findMany({
          where: { customerId, issuedAt: { gte: from, lt: to }, status: { in: ['open', 'paid', 'uncollectible'] } },
          orderBy: { issuedAt: 'asc' },
        }),
        database.payment.findMany({ where: { customerId, refundedAt: { gte: from, lt: to }, refunded: { gt: 0 } } }),
      ]);
      const refunded = payments.map((payment) => ({ amountCents: centsOf(payment.refunded), currency: payment.currency }));
      const facts = {
        from: from.toISOString(),
        to: to.toISOString(),
        invoices: invoices.length,
        ...Object.fromEntries(currenciesOf(invoices).map((one) => [one, totalsOf(invoices, one)])),
        refunded: refunded.map(({ amountCents, currency }) => ({ amount: decimalText(amountCents), currency })),
      };
      if (invoices.length === 0) return { summary: `There are no invoices of ${name} on your account.`, facts };
      const paid = invoices.filter(({ status }) => status === 'paid');
      const open = invoices.filter(({ status }) => status === 'open');
      const cents = (rows: readonly Invoice[], sum: (row: Invoice) => number) => rows.map((row) => ({ amountCents: sum(row), currency: row.currency }));
      const lines = [
        `Billed: ${writeTotals(cents(invoices, (row) => centsOf(row.total)))} on ${writeCount(invoices.length, 'invoice')}`,
        `Paid: ${writeTotals(cents(paid, (row) => centsOf(row.total)))} on ${writeCount(paid.length, 'invoice')}`,
        ...(open.length > 0 ? [`Still open: ${writeTotals(cents(open, (row) => centsOf(row.amountDue)))} on ${writeCount(open.length, 'invoice')}`] : []),
        ...(refunded.length > 0 ? [`Refunded in that time: ${writeTotals(refunded)}`] : []),
      ];
      return {
        summary: paragraphs(`Your invoices of ${name} together:`, writeBullets(lines), sentences('Each invoice can be downloaded under Settings > Billing.')),
        facts,
      };
    },
  });
}

function inferInput(text: string): Input | null {
  const said = plain(text);
  const asks =
    /\b(?:summary|overview|total|totals|statement|altogether|in all|overall|sum)\b|\bhow much (?:did|have) (?:we|i) (?:pay|paid|spen[dt]|been (?:billed|charged))\b|\b(?:spent|spend|paid) (?:in|over|during|last year|this year)\b|\byear[- ]end\b|\ball (?:the |my |our )?(?:invoices|receipts)\b/;
  if (!asks.test(said) || !/\b(?:year|annual|yearly|20\d\d|invoices?|receipts?|billing|bills?|spent|spend|paid|pay|accountant|tax|statement)\b/.test(said))
    return null;
  const { year } = readPeriod(text);
  if (year !== undefined) return { year };
  return /\b(?:last|previous|past|prior) year\b/.test(said) ? { year: 'last' } : {};
}

function rangeOf({ year, from, to }: Input, now: Date): { from: Date; to: Date; name: string } {
  if (from === undefined && to === undefined) {
    const of = typeof year === 'number' ? year : now.getUTCFullYear() - (year === 'last' ? 1 : 0);
    return { from: new Date(Date.UTC(of, 0, 1)), to: new Date(Date.UTC(of + 1, 0, 1)), name: String(of) };
  }
  const first = from === undefined ? addMonths(new Date(`${to}-01T00:00:00Z`), 0) : new Date(`${from}-01T00:00:00Z`);
  const last = to === undefined ? startOfMonth(now) : new Date(`${to}-01T00:00:00Z`);
  const [start, end] = first <= last ? [first, last] : [last, first];
  const name = start.getTime() === end.getTime() ? writeMonth(start) : `${writeMonth(start)} to ${writeMonth(end)}`;
  return { from: start, to: addMonths(end, 1), name };
}

function currenciesOf(invoices: readonly Invoice[]): string[] {
  return [...new Set(invoices.map(({ currency }) => currency))];
}

function totalsOf(invoices: readonly Invoice[], currency: string): unknown {
  const rows = invoices.filter((invoice) => invoice.currency === currency);
  const sum = (of: (row: Invoice) => number) => decimalText(sumCents(rows.map(of)));
  return {
    billed: sum((row) => centsOf(row.total)),
    discount: sum((row) => centsOf(row.discount)),
    tax: sum((row) => centsOf(row.tax)),
    paid: decimalText(sumCents(rows.filter(({ status }) => status === 'paid').map((row) => centsOf(row.total)))),
    open: decimalText(sumCents(rows.filter(({ status }) => status === 'open').map((row) => centsOf(row.amountDue)))),
  };
}
