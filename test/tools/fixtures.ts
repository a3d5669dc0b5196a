/** Rows and tools for the tests of this room: a database of its own, small builders with sensible defaults, one moment in time. */
import { createToolDesk } from '../../src/desk/tool-desk.ts';
import type { Clock } from '../../src/foundation/clock.ts';
import { newId } from '../../src/foundation/ids.ts';
import { createKnowledge } from '../../src/knowledge/article-search.ts';
import type { AnyTool, ToolContext, ToolOutcome } from '../../src/orchestration/tool.ts';
import type { Database } from '../../src/store/database.ts';
import type { Contact, Customer, Invoice, Payment, PlanSubscription, Prisma, UsageMetric } from '../../src/store/generated/prisma/client.ts';
import { createTools } from '../../src/tools/tools.ts';
import { createTestDatabase } from '../support/database.ts';
import { NO_SIGNALS } from '../support/signals.ts';

/** The moment of every call: a Friday noon. */
export const NOW = new Date('2026-11-20T12:00:00.000Z');

export interface CallOptions extends Partial<
  Pick<ToolContext, 'reviewed' | 'callId' | 'conversationId' | 'runId' | 'agentId' | 'said' | 'earlier' | 'approved' | 'now'>
> {
  readonly grant?: unknown;
  readonly signal?: AbortSignal;
}

export interface Toolbox {
  readonly database: Database;
  readonly tools: ReadonlyMap<string, AnyTool>;
  /** Calls a tool for a customer with an empty grant. */
  call(name: string, customerId: string, input?: unknown, options?: CallOptions): Promise<ToolOutcome>;
  close(): Promise<void>;
}

/** @param clock Stands still at NOW without. */
export async function openToolbox(clock: Clock = { now: () => NOW, sleep: () => Promise.resolve() }): Promise<Toolbox> {
  const testDatabase = await createTestDatabase();
  const { database } = testDatabase;
  const tools = createTools({ database, knowledge: createKnowledge({ database, clock }), desk: createToolDesk({ database, clock }), ...ALONE });
  return {
    database,
    tools,
    call(name, customerId, input = {}, { grant = {}, signal = AbortSignal.timeout(10_000), ...context } = {}) {
      const tool = tools.get(name);
      if (!tool) throw new Error(`no tool ${name}`);
      return tool.call(input, grant, contextFor(customerId, context), signal);
    },
    close: () => testDatabase.close(),
  };
}

function contextFor(customerId: string, context: Partial<ToolContext>): ToolContext {
  return {
    customerId,
    conversationId: null,
    runId: newId('run'),
    agentId: 'billing_agent',
    callId: newId('step'),
    said: '',
    earlier: [],
    now: NOW,
    ...context,
  };
}

/** No tool of these tests asks who would answer, or for a person: that needs the whole house. */
const ALONE = {
  readSignals: NO_SIGNALS,
  catalog: { get: () => null },
  router: { route: () => Promise.reject(new Error('there is no router here')) },
  escalations: { raise: () => Promise.reject(new Error('nobody is here')), waiting: async () => null },
};

export function days(count: number, from = NOW): Date {
  return new Date(from.getTime() + count * 86_400_000);
}

export async function addCustomer(database: Database, fields: Partial<Prisma.CustomerUncheckedCreateInput> = {}): Promise<Customer> {
  const id = newId('cus');
  return database.customer.create({
    data: {
      id,
      email: `${id}@northwind.example`,
      name: 'Dana Reyes',
      company: 'Northwind Studio',
      plan: 'premium',
      createdAt: new Date('2025-09-20T08:00:00Z'),
      ...fields,
    },
  });
}

export async function addSubscription(
  database: Database,
  customerId: string,
  fields: Partial<Prisma.PlanSubscriptionUncheckedCreateInput> = {},
): Promise<PlanSubscription> {
  return database.planSubscription.create({
    data: {
      id: newId('sub'),
      customerId,
      plan: 'premium',
      cycle: 'monthly',
      status: 'active',
      seats: 30,
      seatsUsed: 24,
      seatPrice: '25.00',
      discountPercent: '10.00',
      mrr: '675.00',
      startedAt: new Date('2025-09-20T08:00:00Z'),
      currentPeriodStart: new Date('2026-11-03T00:00:00Z'),
      currentPeriodEnd: new Date('2026-12-03T00:00:00Z'),
      ...fields,
    },
  });
}

let invoices = 0;

export async function addInvoice(database: Database, customerId: string, fields: Partial<Prisma.InvoiceUncheckedCreateInput> = {}): Promise<Invoice> {
  invoices += 1;
  const issuedAt = new Date(fields.issuedAt ?? '2026-11-03T00:00:00Z');
  return database.invoice.create({
    data: {
      id: newId('inv'),
      number: `INV-2026-${String(invoices).padStart(5, '0')}`,
      customerId,
      status: 'paid',
      subtotal: '750.00',
      discount: '75.00',
      total: '675.00',
      amountDue: '0.00',
      lines: [
        { description: 'Premium plan, 30 seats, 1 month', quantity: 30, unitPrice: '25.00', amount: '750.00' },
        { description: 'Volume discount 10%', quantity: 1, unitPrice: '-75.00', amount: '-75.00' },
      ],
      periodStart: issuedAt,
      periodEnd: days(30, issuedAt),
      issuedAt,
      dueAt: days(14, issuedAt),
      paidAt: days(1, issuedAt),
      ...fields,
    },
  });
}

export async function addPayment(database: Database, customerId: string, fields: Partial<Prisma.PaymentUncheckedCreateInput> = {}): Promise<Payment> {
  const createdAt = fields.createdAt ?? new Date('2026-11-13T09:00:00Z');
  return database.payment.create({
    data: {
      id: newId('pay'),
      customerId,
      amount: '675.00',
      status: 'succeeded',
      method: 'Visa',
      cardLast4: '4242',
      createdAt,
      processedAt: fields.status === 'pending' ? null : createdAt,
      ...fields,
    },
  });
}

export async function addContact(database: Database, customerId: string, fields: Partial<Prisma.ContactUncheckedCreateInput> = {}): Promise<Contact> {
  return database.contact.create({ data: { id: newId('con'), customerId, name: 'Dana Reyes', email: 'dana@northwind.example', role: 'admin', ...fields } });
}

/** One metric over months, the last one being this month unless `month` says otherwise. */
export async function addUsage(database: Database, customerId: string, metric: UsageMetric, quantities: readonly number[], month = '2026-11'): Promise<void> {
  const last = new Date(`${month}-01T00:00:00Z`);
  await database.usageRecord.createMany({
    data: quantities.map((quantity, index) => ({
      id: newId('use'),
      customerId,
      metric,
      quantity,
      month: new Date(Date.UTC(last.getUTCFullYear(), last.getUTCMonth() - (quantities.length - 1 - index), 1)),
    })),
  });
}

export async function addArticle(
  database: Database,
  fields: { readonly slug: string; readonly title: string; readonly category: string; readonly body: string },
): Promise<string> {
  const id = newId('art');
  await database.knowledgeArticle.create({ data: { id, tags: [], reviewedAt: days(-10), ...fields } });
  return id;
}
