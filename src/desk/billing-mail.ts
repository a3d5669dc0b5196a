/**
 * Mail about money by an agent: copies of documents and links to pay, always to the address on file and to no other. Puts them on
 * their way through the outbox; writes no document and takes no payment.
 */
import { AppError, notFound } from '../foundation/errors.ts';
import type { Invoice, Prisma } from '../store/generated/prisma/client.ts';
import { decimalText, centsOf, sumCents } from '../store/money.ts';
import { actOnce, countInRun, type ActScope, type AgentActDeps, type AgentCall } from './agent-act.ts';
import { assertAsked } from './asked-for.ts';
import type { AskedAct } from './asked-words.ts';
import { enqueueOutgoing } from './outbox.ts';

export const BILLING_DOCUMENTS = ['invoice', 'receipt', 'tax_document', 'year_summary'] as const;
export type BillingDocument = (typeof BILLING_DOCUMENTS)[number];

export interface DocumentWish {
  readonly document: BillingDocument;
  /** An invoice number or the characters it ends with; left out: the latest that fits. */
  readonly invoiceNumber?: string | undefined;
  /** For a summary. */
  readonly year?: number | undefined;
}

export interface MailOnItsWay {
  readonly document: BillingDocument | 'payment_link';
  readonly recipient: string;
  /** Null for a summary. */
  readonly invoiceNumber: string | null;
  readonly year: number | null;
  readonly amount: string;
  readonly currency: string;
}

export interface BillingMailDesk {
  /**
   * @param perTurnMax The most mails of this kind in answer to one message.
   * @throws AppError NOT_FOUND without such a document; CONFLICT for a receipt of what is not paid, or a number that fits several;
   * FORBIDDEN beyond the grant.
   */
  sendDocument(call: AgentCall, wish: DocumentWish, perTurnMax: number): Promise<MailOnItsWay>;
  /** The link to pay an open invoice. @throws As above; NOT_FOUND when nothing is open. */
  sendPaymentLink(call: AgentCall, wish: { readonly invoiceNumber?: string | undefined }, perTurnMax: number): Promise<MailOnItsWay>;
}

const ACTION = 'billing.mail';

export function createBillingMailDesk(deps: AgentActDeps): BillingMailDesk {
  const send = async (call: AgentCall, asked: AskedAct, perTurnMax: number, find: (scope: ActScope) => Promise<Content>): Promise<MailOnItsWay> => {
    const id = await actOnce(deps, call, ACTION, async (scope) => {
      await assertAsked(scope.tx, call, asked);
      if ((await countInRun(scope, call, ACTION)) >= perTurnMax)
        throw new AppError('FORBIDDEN', `At most ${perTurnMax} mails are sent in answer to one message; ask for the rest in the next.`);
      const content = await find(scope);
      const { tx, customer, now } = scope;
      const recipient = await billingAddress(tx, customer);
      const { document, invoiceNumber, year, amount, currency } = content;
      const payload = { document, invoiceNumber, year, amount, currency, totals: content.totals ?? null, runId: call.runId };
      const subject = document === 'invoice' ? 'invoice_copy' : document;
      const row = await enqueueOutgoing(tx, { kind: 'email', customerId: customer.id, subject, recipient, payload, conversationId: call.conversationId }, now);
      return { subjectId: row.id, subjectKind: 'outbox', changes: { fields: ['recipient', 'payload'] } };
    });
    return readBack(await deps.database.outboxMessage.findUniqueOrThrow({ where: { id } }));
  };
  return Object.freeze<BillingMailDesk>({
    sendDocument: (call, wish, perTurnMax) =>
      send(call, 'send_invoice', perTurnMax, (scope) => (wish.document === 'year_summary' ? summaryOf(scope, wish) : documentOf(scope, wish))),
    sendPaymentLink: (call, wish, perTurnMax) => send(call, 'send_payment_link', perTurnMax, (scope) => linkOf(scope, wish)),
  });
}

type Content = Omit<MailOnItsWay, 'recipient'> & { readonly totals?: Prisma.InputJsonObject };

async function documentOf({ tx, customer }: ActScope, { document, invoiceNumber }: DocumentWish): Promise<Content> {
  const invoice = await invoiceMeant(
    tx,
    { customerId: customer.id, status: document === 'receipt' && invoiceNumber === undefined ? 'paid' : { not: 'draft' } },
    invoiceNumber,
  );
  if (document === 'receipt' && invoice.status !== 'paid')
    throw new AppError('CONFLICT', `Invoice ${invoice.number} is not paid yet, so there is no receipt of it.`, { retryable: false });
  return { document, invoiceNumber: invoice.number, year: null, amount: invoice.total.toFixed(2), currency: invoice.currency };
}

async function linkOf({ tx, customer }: ActScope, { invoiceNumber }: { readonly invoiceNumber?: string | undefined }): Promise<Content> {
  const invoice = await invoiceMeant(tx, { customerId: customer.id, status: 'open' }, invoiceNumber);
  return { document: 'payment_link', invoiceNumber: invoice.number, year: null, amount: invoice.amountDue.toFixed(2), currency: invoice.currency };
}

/** The one the number names; without one the oldest that is open, else the latest. */
async function invoiceMeant(tx: Prisma.TransactionClient, where: Prisma.InvoiceWhereInput, number: string | undefined): Promise<Invoice> {
  const fits = { ...where, ...(number === undefined ? {} : { number: { endsWith: number, mode: 'insensitive' as const } }) };
  const found = await tx.invoice.findMany({ where: fits, orderBy: where.status === 'open' ? { dueAt: 'asc' } : { issuedAt: 'desc' }, take: 2 });
  const [invoice, other] = found;
  if (!invoice) throw notFound(where.status === 'open' ? 'open invoice' : 'invoice');
  if (number !== undefined && other) throw new AppError('CONFLICT', `Several invoices end with ${number}; name the whole number.`, { retryable: false });
  return invoice;
}

async function summaryOf({ tx, customer, now }: ActScope, { year = now.getUTCFullYear() - 1 }: DocumentWish): Promise<Content> {
  const issuedAt = { gte: new Date(Date.UTC(year, 0, 1)), lt: new Date(Date.UTC(year + 1, 0, 1)) };
  const invoices = await tx.invoice.findMany({ where: { customerId: customer.id, issuedAt, status: { in: ['open', 'paid'] } } });
  const [first] = invoices;
  if (!first) throw new AppError('NOT_FOUND', `There are no invoices of ${year} on the account.`);
  const { currency } = first;
  const same = invoices.filter((invoice) => invoice.currency === currency);
  const amount = decimalText(sumCents(same.map((invoice) => centsOf(invoice.total))));
  return {
    document: 'year_summary',
    invoiceNumber: null,
    year,
    amount,
    currency,
    totals: { invoices: same.length, paid: same.filter((one) => one.status === 'paid').length },
  };
}

/** Who gets mail about money: the billing contact, else the primary one, else the account's own address. */
async function billingAddress(tx: Prisma.TransactionClient, customer: { readonly id: string; readonly email: string }): Promise<string> {
  const contacts = await tx.contact.findMany({
    where: { customerId: customer.id, OR: [{ role: 'billing' }, { primary: true }] },
    orderBy: [{ createdAt: 'asc' }, { id: 'asc' }],
  });
  const contact = contacts.find(({ role }) => role === 'billing') ?? contacts[0];
  return contact?.email ?? customer.email;
}

function readBack({
  recipient,
  payload,
  subject,
}: {
  readonly recipient: string | null;
  readonly payload: Prisma.JsonValue;
  readonly subject: string;
}): MailOnItsWay {
  const content = typeof payload === 'object' && payload !== null && !Array.isArray(payload) ? payload : {};
  const text = (value: unknown): string | null => (typeof value === 'string' ? value : null);
  const document = subject === 'payment_link' ? subject : (BILLING_DOCUMENTS.find((one) => one === content['document']) ?? 'invoice');
  const year = content['year'];
  return {
    document,
    recipient: recipient ?? '',
    invoiceNumber: text(content['invoiceNumber']),
    year: typeof year === 'number' ? year : null,
    amount: text(content['amount']) ?? '0.00',
    currency: text(content['currency']) ?? 'USD',
  };
}
