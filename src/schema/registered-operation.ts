/** Registered operations: what front-ends run by id. The form of the input is checked here, all else at the desk. */
import { requireViewer } from '../desk/access.ts';
import type { OperationKind as OperationKindValue, Prisma } from '../store/generated/prisma/client.ts';
import type { Viewer } from '../store/viewer.ts';
import { builder, ID_DESCRIPTION, Node } from './builder.ts';
import { idOf, text, wholeNumber } from './input.ts';
import { page } from './page.ts';
import { upperCased } from './scalars.ts';
import { operations as operationsRule, PART } from './rule.ts';
import { relations } from './selection.ts';

const DAYS_MAX = 400;
const DAY_MS = 86_400_000;
const BODY_CHARS_MAX = 100_000;
const ID_CHARS_MAX = 200;

const OperationKind = builder.enumType('OperationKind', {
  description: 'What an operation does.',
  values: upperCased<OperationKindValue>({ query: 'Reads.', mutation: 'Changes.', subscription: 'Follows.' }),
});

const OperationCalls = builder.objectRef<{ readonly day: Date; readonly calls: bigint }>('OperationCalls').implement({
  ...PART,
  description: 'How often an operation was run on one day. Written every few seconds.',
  fields: (t) => ({
    day: t.field({ type: 'DateTime', description: 'The first moment of the day (UTC).', resolve: ({ day }) => day }),
    calls: t.float({ description: 'How often it was run. A floating-point number, since it outgrows 32 bits.', resolve: ({ calls }) => Number(calls) }),
  }),
});

const DAYS = { defaultValue: 30, description: `How many days back, today included: 1 to ${DAYS_MAX}.` } as const;

const RegisteredOperation = builder.prismaObject('RegisteredOperation', {
  authScopes: operationsRule('read:api_keys'),
  description: 'A document that was checked once and is run by its id.',
  interfaces: [Node],
  fields: (t) => ({
    id: t.exposeID('id', { description: ID_DESCRIPTION }),
    documentId: t.string({ description: 'What to send as `documentId`: "sha256:" and the hash of the document.', resolve: ({ hash }) => `sha256:${hash}` }),
    otherIds: t.stringList({
      description: 'What its owner’s manifest calls it by besides. Such an id stands for the document that came with it last.',
      select: { aliases: { select: { alias: true } } },
      resolve: ({ aliases }) => aliases.map(({ alias }) => alias),
    }),
    partnerId: t.exposeID('partnerId', { nullable: true, description: 'The partner whose it is; `null` for front-ends of the business itself.' }),
    name: t.exposeString('name', { description: 'The name in the document.' }),
    kind: t.field({ type: OperationKind, description: 'What it does.', resolve: ({ kind }) => kind }),
    version: t.exposeInt('version', { description: 'Counted from 1 among those of one owner and name. Earlier ones run until they are retired.' }),
    text: t.exposeString('text', { description: 'The document.' }),
    cost: t.exposeInt('cost', { description: 'Objects it asks for when its variables name no sizes. The limits are applied to each call all the same.' }),
    registeredAt: t.expose('createdAt', { type: 'DateTime', description: 'When it was registered first.' }),
    retiredAt: t.expose('retiredAt', { type: 'DateTime', nullable: true, description: 'Since when it is not run any more; `null` while it is.' }),
    replacedBy: t.relation('replacedBy', { nullable: true, description: 'The version registered after it; `null` for the latest.' }),
    calls: t.float({
      args: { days: t.arg.int(DAYS) },
      description: 'How often it was run in these days together.',
      select: ({ days }) => ({ usage: usageOf(days) }),
      resolve: ({ usage }) => usage.reduce((sum, { calls }) => sum + Number(calls), 0),
    }),
    usage: t.field({
      type: [OperationCalls],
      args: { days: t.arg.int(DAYS) },
      description: 'How often it was run, day by day, the latest first; days on which it was not are left out.',
      select: ({ days }) => ({ usage: usageOf(days) }),
      resolve: ({ usage }) => usage,
    }),
  }),
});

function usageOf(days: number | null | undefined) {
  const since = new Date(Math.floor(Date.now() / DAY_MS) * DAY_MS - (wholeNumber('days', days ?? 30, 1, DAYS_MAX) - 1) * DAY_MS);
  return { where: { day: { gte: since } }, orderBy: { day: 'desc' }, select: { day: true, calls: true } } as const;
}

/** Staff see all, a partner its own. */
export function operationsVisibleTo(viewer: Viewer): Prisma.RegisteredOperationWhereInput {
  if (viewer.kind === 'customer') return { id: { in: [] } };
  return viewer.kind === 'staff' ? {} : { partnerId: viewer.partnerId };
}

const OperationConnection = builder.connectionObject({ type: RegisteredOperation, name: 'RegisteredOperationConnection' }, { name: 'RegisteredOperationEdge' });

builder.queryField('operations', (t) =>
  t.connection(
    {
      authScopes: operationsRule('read:api_keys'),
      type: RegisteredOperation,
      nullable: true,
      description: 'The registered operations, newest first: all for the staff, its own for a partner. Customers are refused with FORBIDDEN.',
      args: {
        partnerId: t.arg.id({ description: 'Only those of this partner.' }),
        retired: t.arg.boolean({ description: 'Only those that are retired, or that are run; both when left out.' }),
      },
      resolve: (_root, args, context, info) => {
        const viewer = requireViewer(context.viewer);
        const query = relations(context, info, 'connection');
        const chosen: Prisma.RegisteredOperationWhereInput[] = [
          operationsVisibleTo(viewer),
          args.partnerId == null ? {} : { partnerId: idOf('partnerId', 'ptn', args.partnerId) },
          args.retired == null ? {} : { retiredAt: args.retired ? { not: null } : null },
        ];
        return page(args, 'createdAt', 'newest first', ({ where, orderBy, take }) =>
          context.database.registeredOperation.findMany({ ...query, where: { AND: [...chosen, where] }, orderBy, take }),
        );
      },
    },
    OperationConnection,
  ),
);

const OperationInput = builder.inputType('OperationInput', {
  description: 'One document to register.',
  fields: (t) => ({
    body: t.string({ required: true, description: 'The document, exactly as its hash is made of: one operation with a name, and its fragments.' }),
    id: t.string({ description: 'What the manifest calls it by: the SHA-256 of the body, which must fit, or any other id of at most 128 visible characters.' }),
    name: t.string({ description: 'The name the manifest gives it, which must be the one in the document.' }),
  }),
});

const PARTNER = 'For the staff: whose they are; left out, they are for front-ends of the business itself. A partner’s key needs none.';

builder.relayMutationField(
  'registerOperations',
  {
    description: 'What to register, for whom.',
    inputFields: (t) => ({
      partnerId: t.id({ description: PARTNER }),
      operations: t.field({ type: [OperationInput], required: true, description: 'At most 200 at a time.' }),
    }),
  },
  {
    authScopes: operationsRule('write:api_keys'),
    description:
      'Registers documents, all of them or none: each is held against the schema and the limits, and what is wrong is named with its place. Another document under a name is another version, and both are run. For the staff, and for test keys of a partner.',
    resolve: (_root, { input }, { viewer, desk }) =>
      desk.operations.register(requireViewer(viewer), {
        partnerId: input.partnerId == null ? null : idOf('input.partnerId', 'ptn', input.partnerId),
        operations: input.operations.map((given, index) => ({
          id: given.id ?? null,
          name: given.name ?? null,
          body: text(`input.operations.${index}.body`, given.body, BODY_CHARS_MAX),
        })),
      }),
  },
  {
    outputFields: (t) => ({
      operations: t.field({
        type: [RegisteredOperation],
        description: 'Each as it is registered now, in the order given.',
        resolve: ({ operations }) => [...operations],
      }),
      added: t.int({ description: 'How many of them are run now and were not before.', resolve: ({ added }) => added }),
    }),
  },
);

builder.relayMutationField(
  'retireOperations',
  {
    description: 'What is not to be run any more.',
    inputFields: (t) => ({
      partnerId: t.id({ description: PARTNER }),
      ids: t.idList({ required: true, description: 'Each by its `id`, its `documentId` or another id it is called by; at most 200 at a time.' }),
    }),
  },
  {
    authScopes: operationsRule('write:api_keys'),
    description:
      'Retires registered operations: from the next second on they answer OPERATION_NOT_FOUND on every instance. What follows already goes on. Registering one again has it run again. For the staff, and for test keys of a partner.',
    resolve: (_root, { input }, { viewer, desk }) =>
      desk.operations.retire(requireViewer(viewer), {
        partnerId: input.partnerId == null ? null : idOf('input.partnerId', 'ptn', input.partnerId),
        ids: input.ids.map((id, index) => text(`input.ids.${index}`, id, ID_CHARS_MAX)),
      }),
  },
  { outputFields: (t) => ({ operations: t.field({ type: [RegisteredOperation], description: 'They, retired.', resolve: (operations) => [...operations] }) }) },
);
