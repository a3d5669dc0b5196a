/** The lists of money on a customer, newest first. Whoever may see a customer may see what it pays: the customer itself, its partner, the staff. */
import { Credit, Invoice, InvoiceStatus, Payment, PaymentStatus, PlanSubscription } from './billing.ts';
import { builder } from './builder.ts';
import { page } from './page.ts';
import { relations } from './selection.ts';

const PlanSubscriptionConnection = builder.connectionObject({ type: PlanSubscription, name: 'PlanSubscriptionConnection' }, { name: 'PlanSubscriptionEdge' });
const InvoiceConnection = builder.connectionObject({ type: Invoice, name: 'InvoiceConnection' }, { name: 'InvoiceEdge' });
const PaymentConnection = builder.connectionObject({ type: Payment, name: 'PaymentConnection' }, { name: 'PaymentEdge' });
const CreditConnection = builder.connectionObject({ type: Credit, name: 'CreditConnection' }, { name: 'CreditEdge' });

builder.prismaObjectFields('Customer', (t) => ({
  subscriptions: t.connection(
    {
      type: PlanSubscription,
      description: 'What it has bought over time, newest first: the first is the present one.',
      resolve: (customer, args, context, info) => {
        const query = relations(context, info, 'connection');
        return page(args, 'startedAt', 'newest first', ({ where, orderBy, take }) =>
          context.database.planSubscription.findMany({ ...query, where: { AND: [{ customerId: customer.id }, where] }, orderBy, take }),
        );
      },
    },
    PlanSubscriptionConnection,
  ),
  invoices: t.connection(
    {
      type: Invoice,
      description: 'Its invoices, newest first.',
      args: { status: t.arg({ type: InvoiceStatus, description: 'Only invoices that stand there.' }) },
      resolve: (customer, args, context, info) => {
        const query = relations(context, info, 'connection');
        const chosen = { customerId: customer.id, ...(args.status ? { status: args.status } : {}) };
        return page(args, 'issuedAt', 'newest first', ({ where, orderBy, take }) =>
          context.database.invoice.findMany({ ...query, where: { AND: [chosen, where] }, orderBy, take }),
        );
      },
    },
    InvoiceConnection,
  ),
  payments: t.connection(
    {
      type: Payment,
      description: 'Its payments and tries to pay, newest first.',
      args: { status: t.arg({ type: PaymentStatus, description: 'Only payments that stand there.' }) },
      resolve: (customer, args, context, info) => {
        const query = relations(context, info, 'connection');
        const chosen = { customerId: customer.id, ...(args.status ? { status: args.status } : {}) };
        return page(args, 'createdAt', 'newest first', ({ where, orderBy, take }) =>
          context.database.payment.findMany({ ...query, where: { AND: [chosen, where] }, orderBy, take }),
        );
      },
    },
    PaymentConnection,
  ),
  credits: t.connection(
    {
      type: Credit,
      description: 'Its credits, newest first.',
      resolve: (customer, args, context, info) => {
        const query = relations(context, info, 'connection');
        return page(args, 'createdAt', 'newest first', ({ where, orderBy, take }) =>
          context.database.credit.findMany({ ...query, where: { AND: [{ customerId: customer.id }, where] }, orderBy, take }),
        );
      },
    },
    CreditConnection,
  ),
}));
