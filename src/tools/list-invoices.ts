/** `list_invoices`: the customer's invoices, newest first, or the one named by number or month. Drafts are not shown: nobody was sent one. */
import { z } from 'zod';
import type { AnyTool } from '../orchestration/tool.ts';
import type { Database } from '../store/database.ts';
import type { Invoice, InvoiceStatus, Prisma } from '../store/generated/prisma/client.ts';
import { addMonths, startOfMonth } from '../store/period.ts';
import { centsOf, formatMoney } from '../store/money.ts';
import { defineTool } from './define-tool.ts';
import { writeSum, writeTotals } from './money-words.ts';
import { INVOICE_NUMBER, readHowMany, readInvoiceNumber, readPeriod } from './reading.ts';
import { isAboutInvoices } from './topics.ts';
import { capitalise, paragraphs, sentences, writeBullets, writeCount, writeDate, writeMonth } from './words.ts';

const SHOWN_DEFAULT = 5;
const LINES_SHOWN_MAX = 5;
const DOWNLOAD = 'under Settings > Billing';

const Input = z.strictObject({
  number: INVOICE_NUMBER.optional().describe('The invoice number, or its last digits.'),
  month: z
    .string()
    .regex(/^(?:20\d\d-(?:0[1-9]|1[0-2])|0[1-9]|1[0-2]|this|last)$/, 'must be YYYY-MM, MM, "this" or "last"')
    .optional()
    .describe('Issued in this month: YYYY-MM; MM for the last such month; "this"; "last".'),
  year: z.int().min(2000).max(2099).optional().describe('Issued in this year.'),
  status: z.enum(['open', 'paid']).optional().describe('Only those still to pay, or only those paid.'),
  first: z.int().min(1).max(12).optional().describe('How many, newest first; 5 when left out.'),
});
type Input = z.infer<typeof Input>;

const Sum = z.string().regex(/^-?\d+(?:\.\d{1,2})?$/);
const Lines = z.array(z.object({ description: z.string(), quantity: z.number(), unitPrice: Sum, amount: Sum }));

export function listInvoices(database: Database): AnyTool {
  return defineTool<Input, Record<string, never>>({
    name: 'list_invoices',
    description:
      "Lists the customer's invoices, newest first, with status, dates, amounts and lines, and says where to download them. Can pick one by number, a month, a year, or only open or paid ones.",
    input: Input,
    grant: z.strictObject({}),
    effect: 'read',
    infer: ({ text }) => (isAboutInvoices(text) ? inferInput(text) : null),
    async run(input, _grant, { customerId, now }) {
      const where = whereOf(input, customerId, now);
      const first = input.first ?? SHOWN_DEFAULT;
      const [invoices, total] = await Promise.all([
        database.invoice.findMany({ where, orderBy: [{ issuedAt: 'desc' }, { number: 'desc' }], take: first }),
        database.invoice.count({ where }),
      ]);
      const facts = { total, invoices: invoices.map(factsOf), download: DOWNLOAD };
      const [only] = invoices;
      if (!only) return { summary: await nothingFound(database, input, customerId, now), facts };
      return { summary: invoices.length === 1 ? oneInvoice(only, now, input) : manyInvoices(invoices, total, input, now), facts };
    },
  });
}

function inferInput(text: string): Input {
  const number = readInvoiceNumber(text);
  if (number) return { number };
  const period = readPeriod(text);
  const status = /\b(?:unpaid|outstanding|open|overdue|due|still (?:have )?to pay|not paid)\b/i.test(text) ? 'open' : undefined;
  const asked = readHowMany(text, '(?:invoice|receipt|bill)');
  // "My March invoice" may be two when a plan changed; "my invoice" alone means the last one.
  const first = period.month === undefined && period.year === undefined && status === undefined ? asked : undefined;
  return { ...period, ...(status ? { status } : {}), ...(first ? { first } : {}) };
}

function whereOf(input: Input, customerId: string, now: Date): Prisma.InvoiceWhereInput {
  const period = periodOf(input, now);
  return {
    customerId,
    status: input.status ?? { not: 'draft' },
    ...(input.number ? { number: { endsWith: input.number, mode: 'insensitive' } } : {}),
    ...(period ? { issuedAt: { gte: period.from, lt: period.to } } : {}),
  };
}

function periodOf({ month, year }: Input, now: Date): { from: Date; to: Date } | null {
  if (month === undefined) return year === undefined ? null : { from: new Date(Date.UTC(year, 0, 1)), to: new Date(Date.UTC(year + 1, 0, 1)) };
  const from = monthStart(month, year, now);
  return { from, to: addMonths(from, 1) };
}

function monthStart(month: string, year: number | undefined, now: Date): Date {
  if (month === 'this') return startOfMonth(now);
  if (month === 'last') return addMonths(startOfMonth(now), -1);
  if (month.length > 2) return new Date(`${month}-01T00:00:00Z`);
  const index = Number(month) - 1;
  const latest = index <= now.getUTCMonth() ? now.getUTCFullYear() : now.getUTCFullYear() - 1;
  return new Date(Date.UTC(year ?? latest, index, 1));
}

function oneInvoice(invoice: Invoice, now: Date, input: Input): string {
  const lines = linesOf(invoice);
  // A discount is a line of its own or only a sum on the row; either way it is shown once.
  const discounted = lines.some((line) => line.amount.startsWith('-')) || invoice.discount.isZero();
  const items = [
    ...lines.slice(0, LINES_SHOWN_MAX).map((line) => `${capitalise(line.description)}: ${writeSumText(line.amount, invoice.currency)}`),
    ...(discounted ? [] : [`Discount: ${writeSum(invoice.discount.negated(), invoice.currency)}`]),
    ...(invoice.tax.isZero() ? [] : [`Tax: ${writeSum(invoice.tax, invoice.currency)}`]),
  ];
  const which =
    input.number === undefined && input.month === undefined && input.year === undefined && input.status === undefined ? 'Your latest invoice is' : 'This is';
  return paragraphs(
    `${which} ${invoice.number} of ${writeDate(invoice.issuedAt)} over ${writeSum(invoice.total, invoice.currency)}, ${statusWords(invoice, now)}.`,
    writeBullets(items),
    `You can download it as a PDF ${DOWNLOAD}.`,
  );
}

function manyInvoices(invoices: readonly Invoice[], total: number, { status }: Input, now: Date): string {
  const owed = invoices
    .filter((invoice) => invoice.status === 'open')
    .map((invoice) => ({ amountCents: centsOf(invoice.amountDue), currency: invoice.currency }));
  const kind = status === 'open' ? 'open invoice' : status === 'paid' ? 'paid invoice' : 'invoice';
  const opening =
    total > invoices.length ? `These are the latest ${invoices.length} of your ${writeCount(total, kind)}` : `You have ${writeCount(total, kind)} here`;
  return paragraphs(
    `${opening}, newest first:`,
    writeBullets(
      invoices.map(
        (invoice) => `${invoice.number}, ${writeDate(invoice.issuedAt)}: ${writeSum(invoice.total, invoice.currency)}, ${statusWords(invoice, now)}`,
      ),
    ),
    sentences(owed.length > 0 && `Still to pay: ${writeTotals(owed)}.`, `You can download each as a PDF ${DOWNLOAD}.`),
  );
}

function statusWords(invoice: Invoice, now: Date): string {
  switch (invoice.status) {
    case 'paid':
      return invoice.paidAt ? `paid on ${writeDate(invoice.paidAt)}` : 'paid';
    case 'open':
      return `${invoice.amountDue.equals(invoice.total) ? '' : `${writeSum(invoice.amountDue, invoice.currency)} of it `}${invoice.dueAt < now ? 'overdue since' : 'due on'} ${writeDate(invoice.dueAt)}`;
    case 'void':
      return 'cancelled, nothing to pay';
    case 'uncollectible':
      return 'written off';
    case 'draft':
      return 'not issued yet';
  }
}

async function nothingFound(database: Database, input: Input, customerId: string, now: Date): Promise<string> {
  const latest = await database.invoice.findFirst({ where: { customerId, status: { not: 'draft' } }, orderBy: { issuedAt: 'desc' } });
  if (!latest) return 'There are no invoices on your account yet.';
  const also = `Your latest invoice is ${latest.number} of ${writeDate(latest.issuedAt)}, ${writeSum(latest.total, latest.currency)}.`;
  if (input.number) return `There is no invoice ${input.number} on your account. ${also}`;
  const period = periodOf(input, now);
  const kind: InvoiceStatus | '' = input.status ?? '';
  const when = period === null ? '' : ` from ${input.month === undefined ? String(input.year) : writeMonth(period.from)}`;
  return `There is no ${kind ? `${kind} ` : ''}invoice${when} on your account. ${also}`;
}

function linesOf(invoice: Invoice): z.infer<typeof Lines> {
  const parsed = Lines.safeParse(invoice.lines);
  return parsed.success ? parsed.data : [];
}

function writeSumText(amount: string, currency: string): string {
  return formatMoney({ amountCents: centsOf(amount), currency });
}

function factsOf(invoice: Invoice): unknown {
  return {
    number: invoice.number,
    status: invoice.status,
    total: invoice.total.toFixed(2),
    discount: invoice.discount.toFixed(2),
    tax: invoice.tax.toFixed(2),
    amountDue: invoice.amountDue.toFixed(2),
    currency: invoice.currency,
    issuedAt: invoice.issuedAt.toISOString(),
    dueAt: invoice.dueAt.toISOString(),
    paidAt: invoice.paidAt?.toISOString() ?? null,
    periodStart: invoice.periodStart.toISOString(),
    periodEnd: invoice.periodEnd.toISOString(),
    lines: linesOf(invoice),
  };
}
