/** Taking out everything held of one customer, page by page. */
import { requireViewer } from '../desk/access.ts';
import type { CustomerExport as CustomerExportValue, ExportedRow as ExportedRowValue } from '../desk/customer-export.ts';
import { builder } from './builder.ts';
import { idOf } from './input.ts';
import { PART, ownOrStaff } from './rule.ts';

const ExportedRow = builder.objectRef<ExportedRowValue>('ExportedRow').implement({
  ...PART,
  description: 'One thing that is held.',
  fields: (t) => ({
    kind: t.exposeString('kind', { description: 'What it is: "Customer", "Message", "Invoice".' }),
    fields: t.field({
      type: 'JSON',
      description: 'What is held of it, by name. Moments are ISO 8601, sums decimal text, ids as everywhere.',
      resolve: (row) => row.fields,
    }),
  }),
});

const CustomerExport = builder.objectRef<CustomerExportValue>('CustomerExport').implement({
  ...PART,
  description: 'One page of everything held of a customer.',
  fields: (t) => ({
    rows: t.field({ type: [ExportedRow], description: 'At most about 600 rows or a megabyte.', resolve: (page) => page.rows }),
    endCursor: t.exposeString('endCursor', { nullable: true, description: 'Pass it as `after` for the next page; `null` on the last.' }),
  }),
});

builder.queryFields((t) => ({
  exportCustomer: t.field({
    authScopes: ownOrStaff('read:customers:pii'),
    type: CustomerExport,
    nullable: true,
    description:
      'Everything held of a customer, machine-readable. The staff get all of it, the customer themself all but what the desk thinks of them; partners are refused. The first page is noted in the audit log. NOT_FOUND for somebody else.',
    args: {
      customerId: t.arg.id({ required: true, description: 'The customer.' }),
      after: t.arg.string({ description: 'The `endCursor` of the page before.' }),
    },
    resolve: (_root, { customerId, after }, { viewer, desk }) =>
      desk.exports.page(requireViewer(viewer), { customerId: idOf('customerId', 'cus', customerId), after: after ?? null }),
  }),
}));
