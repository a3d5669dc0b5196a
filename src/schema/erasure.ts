/** Erasing a customer. What that means is the desk's; here it gets its words. */
import { requireViewer } from '../desk/access.ts';
import { builder, ID_DESCRIPTION } from './builder.ts';
import { Customer } from './customer.ts';
import { idOf, key } from './input.ts';
import { PART, staff } from './rule.ts';

const Erasure = builder.prismaObject('Erasure', {
  ...PART,
  description: 'The record of an erasure: how much went, and none of what.',
  fields: (t) => ({
    id: t.exposeID('id', { description: ID_DESCRIPTION }),
    requestedById: t.exposeID('requestedById', { description: 'The person of the desk who asked for it.' }),
    counts: t.field({
      type: 'JSON',
      description: 'Rows by table: `{ "Message": { "erased": 12 }, "Run": { "pseudonymised": 6 } }`. Tables with none are left out.',
      resolve: (erasure) => erasure.counts,
    }),
    createdAt: t.expose('createdAt', { type: 'DateTime', description: 'When it was done.' }),
  }),
});

builder.relayMutationField(
  'eraseCustomer',
  {
    description: 'Whom to erase.',
    inputFields: (t) => ({
      customerId: t.id({ required: true, description: 'The customer.' }),
      idempotencyKey: t.string({
        required: true,
        description: 'Your own key for this erasure: the same key gives the same record, another customer is CONFLICT.',
      }),
    }),
  },
  {
    authScopes: staff('delete:customers'),
    description:
      'Erases what tells who a customer is and what they said: names, addresses, contacts, messages, notes, answers, questions, what was sent. Invoices and payments stay, as the law wants it, without a name. It cannot be undone, and takes the scope `delete:customers`. Followers of the conversations get StreamReset. CONFLICT while a person holds an escalation of the customer or money is on its way, and says which.',
    resolve: (_root, { input }, { viewer, desk }) =>
      desk.erasures.erase(requireViewer(viewer), {
        customerId: idOf('input.customerId', 'cus', input.customerId),
        idempotencyKey: key('input.idempotencyKey', input.idempotencyKey),
      }),
  },
  {
    outputFields: (t) => ({
      customer: t.field({ type: Customer, description: 'What is left of the customer.', resolve: (payload) => payload.customer }),
      erasure: t.field({ type: Erasure, description: 'The record of it.', resolve: (payload) => payload.erasure }),
    }),
  },
);
