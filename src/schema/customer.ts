/** Customers: who they are, and the verbs that change that. What hangs on them is added by the files of those nouns. */
import { customersVisibleTo, requireViewer } from '../desk/access.ts';
import { seesPersonalData } from '../desk/personal-data.ts';
import type { CustomerStatus as CustomerStatusValue, Plan as PlanValue, Prisma } from '../store/generated/prisma/client.ts';
import type { Viewer } from '../store/viewer.ts';
import { builder, ID_DESCRIPTION, Node, type Context } from './builder.ts';
import { email, found, given, idOf, key, line } from './input.ts';
import { page } from './page.ts';
import { operator, own } from './rule.ts';
import { Money, moneyOf, upperCased } from './scalars.ts';
import { relations } from './selection.ts';

export const Plan = builder.enumType('Plan', {
  description: 'What a customer has bought.',
  values: upperCased<PlanValue>({
    free: 'Without charge, with narrow limits.',
    basic: 'For small teams.',
    premium: 'For growing teams, with API access and priority support.',
    enterprise: 'By contract, with single sign-on and an audit log.',
  }),
});

const CustomerStatus = builder.enumType('CustomerStatus', {
  description: 'Whether a customer is in good standing.',
  values: upperCased<CustomerStatusValue>({
    active: 'In good standing.',
    past_due: 'Has an invoice past its due date.',
    suspended: 'May not use the product for now.',
    closed: 'Has left.',
  }),
});

/** What the business thinks of a customer is not for the customer. */
export function seesAssessments(viewer: Viewer | null): boolean {
  return viewer !== null && viewer.kind !== 'customer';
}

export const Customer = builder.prismaObject('Customer', {
  authScopes: own('read:customers'),
  description: 'An organisation that uses the product.',
  interfaces: [Node],
  fields: (t) => ({
    id: t.exposeID('id', { description: ID_DESCRIPTION }),
    email: t.exposeString('email', {
      description: 'The main address; cut down to "d***@n***.example" for staff and partners without the scope `read:customers:pii`, as is all personal data.',
    }),
    name: t.exposeString('name', { description: 'The name that people use for it.' }),
    company: t.exposeString('company', { nullable: true, description: 'The registered name; `null` when unknown.' }),
    industry: t.exposeString('industry', { nullable: true, description: 'Its trade; `null` when unknown.' }),
    country: t.exposeString('country', { description: 'ISO 3166-1 code of two letters.' }),
    timezone: t.exposeString('timezone', { description: 'IANA name of its time zone.' }),
    language: t.exposeString('language', { description: 'BCP 47 tag of its language.' }),
    plan: t.field({ type: Plan, description: 'What it has bought.', resolve: (customer) => customer.plan }),
    status: t.field({ type: CustomerStatus, description: 'Whether it is in good standing.', resolve: (customer) => customer.status }),
    healthScore: t.int({
      nullable: true,
      description: 'From 0 (about to leave) to 100 (thriving). `null` when a customer asks: it is for the desk.',
      resolve: (customer, _args, { viewer }) => (seesAssessments(viewer) ? customer.healthScore : null),
    }),
    churnRisk: t.float({
      nullable: true,
      description: 'How likely it is to leave, 0 to 1. `null` when a customer asks: it is for the desk.',
      resolve: (customer, _args, { viewer }) => (seesAssessments(viewer) ? customer.churnRisk : null),
    }),
    mrr: t.field({
      type: Money,
      description: 'What it pays per month, yearly payment spread over twelve months.',
      resolve: (customer) => moneyOf(customer.mrr, 'USD'),
    }),
    foundedAt: t.expose('foundedAt', { type: 'DateTime', nullable: true, description: 'When the organisation was founded; `null` when unknown.' }),
    lastSeenAt: t.expose('lastSeenAt', {
      type: 'DateTime',
      nullable: true,
      description: 'When one of its people last used the product; `null` before the first time.',
    }),
    createdAt: t.expose('createdAt', { type: 'DateTime', description: 'When it became a customer.' }),
    updatedAt: t.expose('updatedAt', { type: 'DateTime', description: 'When this record last changed.' }),
    partnerId: t.exposeID('partnerId', { nullable: true, description: 'The partner it came through; `null` for customers of the business itself.' }),
  }),
});

const CustomerConnection = builder.connectionObject({ type: Customer, name: 'CustomerConnection' }, { name: 'CustomerEdge' });

builder.queryFields((t) => ({
  customer: t.prismaField({
    authScopes: own('read:customers'),
    type: 'Customer',
    nullable: true,
    description: 'One customer. NOT_FOUND when there is none with this id, or it is somebody else’s.',
    args: { id: t.arg.id({ required: true, description: 'The customer.' }) },
    resolve: async (query, _root, args, { viewer, database }) => {
      const id = idOf('id', 'cus', args.id);
      return found('customer', await database.customer.findFirst({ ...query, where: { id, AND: [customersVisibleTo(requireViewer(viewer))] } }));
    },
  }),
  customers: t.connection(
    {
      authScopes: own('read:customers'),
      type: Customer,
      nullable: true,
      description: 'The customers the viewer may see, newest first. A customer sees itself.',
      args: {
        search: t.arg.string({
          description:
            'Only customers with this text in name, company or e-mail address; case does not matter. Who may not see addresses finds none by them; a partner finds its own by the whole address.',
        }),
        plan: t.arg({ type: Plan, description: 'Only this plan.' }),
        status: t.arg({ type: CustomerStatus, description: 'Only this standing.' }),
      },
      resolve: (_root, args, context, info) => {
        const viewer = requireViewer(context.viewer);
        const visible = customersVisibleTo(viewer);
        const search = given(args.search, (value) => line('search', value, 200));
        const matching = search ? { OR: matches(context, viewer, search) } : {};
        const chosen = { ...(args.plan ? { plan: args.plan } : {}), ...(args.status ? { status: args.status } : {}) };
        const query = relations(context, info, 'connection');
        return page(args, 'createdAt', 'newest first', ({ where, orderBy, take }) =>
          context.database.customer.findMany({ ...query, where: { AND: [visible, matching, chosen, where] }, orderBy, take }),
        );
      },
    },
    CustomerConnection,
  ),
}));

/** Searching must not tell what reading does not: who sees no addresses is told nothing by a match, nor by a name made of one. */
function matches({ database }: Context, viewer: Viewer, search: string): Prisma.CustomerWhereInput[] {
  const contains = { contains: search, mode: 'insensitive' } as const;
  if (seesPersonalData(viewer)) return [{ name: contains }, { company: contains }, { email: contains }];
  const whole = viewer.kind === 'partner' ? [{ email: { equals: search, mode: 'insensitive' } as const }] : [];
  const tellsAddress = [{ email: { startsWith: database.customer.fields.name, mode: 'insensitive' } as const }, { name: { contains: '@' } }];
  return [{ name: contains, NOT: { OR: tellsAddress } }, { company: contains }, ...whole];
}

/** What was given. Absent keeps what is there, so it must not arrive at the desk as a value. */
function present<Fields extends object>(fields: Fields): { [Field in keyof Fields]?: Exclude<Fields[Field], undefined> } {
  const entries = Object.entries(fields).filter(([, value]) => value !== undefined);
  return Object.fromEntries(entries) as { [Field in keyof Fields]?: Exclude<Fields[Field], undefined> };
}

builder.relayMutationField(
  'createCustomer',
  {
    description: 'Who the new customer is.',
    inputFields: (t) => ({
      email: t.string({ required: true, description: 'The main address.' }),
      name: t.string({ required: true, description: 'The name that people use for it; at most 200 characters.' }),
      company: t.string({ description: 'The registered name.' }),
      industry: t.string({ description: 'Its trade.' }),
      country: t.string({ description: 'ISO 3166-1 code of two capital letters; "US" when left out.' }),
      timezone: t.string({ description: 'IANA name; "UTC" when left out.' }),
      language: t.string({ description: 'BCP 47 tag; "en" when left out.' }),
      idempotencyKey: t.string({ description: 'Your own key for this creation: the same key and body give the same customer, another body is CONFLICT.' }),
    }),
  },
  {
    authScopes: operator('write:customers'),
    description: 'Adds a customer on the free plan. Takes the scope `write:customers`; partners add their own.',
    resolve: (_root, { input: { idempotencyKey, email: address, name, ...fields } }, { viewer, desk }) =>
      desk.customers.create(requireViewer(viewer), {
        ...present(fields),
        email: email('input.email', address),
        name,
        idempotencyKey: given(idempotencyKey, (value) => key('input.idempotencyKey', value)) ?? null,
      }),
  },
  { outputFields: (t) => ({ customer: t.field({ type: Customer, description: 'The new customer.', resolve: (payload) => payload.customer }) }) },
);

builder.relayMutationField(
  'updateCustomer',
  {
    description: 'What to change. Fields left out keep their value.',
    inputFields: (t) => ({
      customerId: t.id({ required: true, description: 'The customer.' }),
      email: t.string({ description: 'The main address.' }),
      name: t.string({ description: 'The name that people use for it; at most 200 characters.' }),
      company: t.string({ description: 'The registered name; `null` empties it.' }),
      industry: t.string({ description: 'Its trade; `null` empties it.' }),
      country: t.string({ description: 'ISO 3166-1 code of two capital letters.' }),
      timezone: t.string({ description: 'IANA name.' }),
      language: t.string({ description: 'BCP 47 tag.' }),
    }),
  },
  {
    authScopes: operator('write:customers'),
    description: 'Changes who a customer is, not what it has bought.',
    resolve: (_root, { input: { customerId, email: address, ...fields } }, { viewer, desk }) =>
      desk.customers.update(requireViewer(viewer), {
        ...present({ ...fields, email: given(address, (value) => email('input.email', value)) }),
        customerId: idOf('input.customerId', 'cus', customerId),
      }),
  },
  { outputFields: (t) => ({ customer: t.field({ type: Customer, description: 'The customer as it is now.', resolve: (payload) => payload.customer }) }) },
);
