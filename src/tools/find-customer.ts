/** `find_customer`: the account as it stands and what is owed. Health reaches the model in words and is never said to the customer. */
import { z } from 'zod';
import { notFound } from '../foundation/errors.ts';
import type { AnyTool } from '../orchestration/tool.ts';
import type { Database } from '../store/database.ts';
import type { CustomerStatus } from '../store/generated/prisma/client.ts';
import { centsOf } from '../store/money.ts';
import { defineTool } from './define-tool.ts';
import { writeSum, writeTotals } from './money-words.ts';
import { isAboutAccount } from './topics.ts';
import { capitalise, paragraphs, sentences, writeBullets, writeCount, writeDate } from './words.ts';

/** Open invoices named one by one; the rest is counted. */
const INVOICES_SHOWN_MAX = 4;

const STANDINGS: Readonly<Record<CustomerStatus, string>> = {
  active: 'is active and in good standing',
  past_due: 'is past due: an invoice was not paid in time',
  suspended: 'is suspended',
  closed: 'is closed',
};

export function findCustomer(database: Database): AnyTool {
  return defineTool({
    name: 'find_customer',
    description:
      "Looks up the customer's own account: name, company, plan, status, health in words, how long they are a customer, and open invoices with due dates. Use it for questions about the account itself or about what is owed.",
    input: z.strictObject({}),
    grant: z.strictObject({}),
    effect: 'read',
    infer: ({ text }) => (isAboutAccount(text) ? {} : null),
    async run(_input, _grant, { customerId, now }) {
      const customer = await database.customer.findUnique({
        where: { id: customerId },
        include: { invoices: { where: { status: 'open' }, orderBy: { dueAt: 'asc' }, take: 50 } },
      });
      if (!customer) throw notFound('customer');
      const open = customer.invoices;
      const overdue = open.filter((invoice) => invoice.dueAt < now);
      const owed = writeTotals(open.map((invoice) => ({ amountCents: centsOf(invoice.amountDue), currency: invoice.currency })));
      const shown = open
        .slice(0, INVOICES_SHOWN_MAX)
        .map(
          (invoice) =>
            `${invoice.number}: ${writeSum(invoice.amountDue, invoice.currency)}, ${invoice.dueAt < now ? 'overdue since' : 'due on'} ${writeDate(invoice.dueAt)}`,
        );
      const rest = open.length - shown.length;
      const standing = sentences(
        `Your account${customer.company ? ` for ${customer.company}` : ''} ${STANDINGS[customer.status]}. You are on the ${capitalise(customer.plan)} plan and have been with us since ${writeDate(customer.createdAt)}.`,
        open.length === 0
          ? 'There are no open invoices.'
          : `You have ${writeCount(open.length, 'open invoice')} over ${owed}${overdue.length > 0 ? `, ${overdue.length} of them overdue` : ''}:`,
      );
      return {
        summary: paragraphs(standing, writeBullets(shown), rest > 0 && `${writeCount(rest, 'more is', 'more are')} under Settings > Billing.`),
        facts: {
          name: customer.name,
          company: customer.company,
          industry: customer.industry,
          country: customer.country,
          language: customer.language,
          plan: customer.plan,
          status: customer.status,
          health: healthWords(customer.healthScore, customer.churnRisk),
          customerSince: customer.createdAt.toISOString(),
          openInvoices: open.map((invoice) => ({
            number: invoice.number,
            amountDue: invoice.amountDue.toFixed(2),
            currency: invoice.currency,
            dueAt: invoice.dueAt.toISOString(),
            overdue: invoice.dueAt < now,
          })),
        },
      };
    },
  });
}

/** @param score 0 to 100. @param churnRisk 0 to 1. */
function healthWords(score: number, churnRisk: number): string {
  if (score < 40 || churnRisk >= 0.7) return 'at risk';
  if (score < 60 || churnRisk >= 0.5) return 'needs attention';
  return score < 80 ? 'steady' : 'thriving';
}
