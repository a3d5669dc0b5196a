/** What the desk wrote down about a customer, for the desk only. */
import { requireViewer } from '../desk/access.ts';
import type { ActorKind as ActorKindValue, NoteKind as NoteKindValue } from '../store/generated/prisma/client.ts';
import { builder, ID_DESCRIPTION, Node } from './builder.ts';
import { Customer, seesAssessments } from './customer.ts';
import { idOf, text } from './input.ts';
import { page } from './page.ts';
import { operator } from './rule.ts';
import { upperCased } from './scalars.ts';
import { relations } from './selection.ts';

/** Characters of one note: a page of text. */
const NOTE_CHARS_MAX = 5_000;

const NoteKind = builder.enumType('NoteKind', {
  description: 'What a note is about.',
  values: upperCased<NoteKindValue>({
    general: 'Anything else.',
    support: 'A question or a problem.',
    billing: 'Invoices and payments.',
    sales: 'Buying more.',
    success: 'How well the product serves them.',
    technical: 'Integrations and errors.',
  }),
});

export const ActorKind = builder.enumType('ActorKind', {
  description: 'What kind of someone did a thing.',
  values: upperCased<ActorKindValue>({
    user: 'A person of the desk.',
    customer: 'The customer.',
    partner: 'A partner’s system.',
    agent: 'A support agent.',
    system: 'The gateway itself.',
  }),
});

const CustomerNote = builder.prismaObject('CustomerNote', {
  authScopes: operator('read:customers'),
  description: 'A note about a customer. Customers never see notes.',
  interfaces: [Node],
  fields: (t) => ({
    id: t.exposeID('id', { description: ID_DESCRIPTION }),
    kind: t.field({ type: NoteKind, description: 'What it is about.', resolve: (note) => note.kind }),
    text: t.exposeString('text', { description: 'The note.' }),
    authorKind: t.field({ type: ActorKind, description: 'What kind of someone wrote it.', resolve: (note) => note.authorKind }),
    authorId: t.exposeID('authorId', { description: 'Who wrote it, as a kind and an id: "user:usr_…"; an agent by its id.' }),
    createdAt: t.expose('createdAt', { type: 'DateTime', description: 'When it was written.' }),
  }),
});

const CustomerNoteConnection = builder.connectionObject({ type: CustomerNote, name: 'CustomerNoteConnection' }, { name: 'CustomerNoteEdge' });

builder.prismaObjectField('Customer', 'notes', (t) =>
  t.connection(
    {
      type: CustomerNote,
      nullable: true,
      description: 'What the desk wrote down, newest first. `null` when a customer asks.',
      resolve: (customer, args, context, info) => {
        if (!seesAssessments(context.viewer)) return null;
        const query = relations(context, info, 'connection');
        return page(args, 'createdAt', 'newest first', ({ where, orderBy, take }) =>
          context.database.customerNote.findMany({ ...query, where: { AND: [{ customerId: customer.id }, where] }, orderBy, take }),
        );
      },
    },
    CustomerNoteConnection,
  ),
);

builder.relayMutationField(
  'addCustomerNote',
  {
    description: 'The note to add.',
    inputFields: (t) => ({
      customerId: t.id({ required: true, description: 'The customer it is about.' }),
      text: t.string({ required: true, description: `The note, at most ${NOTE_CHARS_MAX} characters.` }),
      kind: t.field({ type: NoteKind, description: 'What it is about; GENERAL when left out.' }),
    }),
  },
  {
    authScopes: operator('write:conversations'),
    description: 'Writes down something about a customer. Staff, and partners for their own.',
    resolve: (_root, { input }, { viewer, desk }) =>
      desk.customers.addNote(requireViewer(viewer), {
        customerId: idOf('input.customerId', 'cus', input.customerId),
        text: text('input.text', input.text, NOTE_CHARS_MAX),
        kind: input.kind ?? null,
      }),
  },
  {
    outputFields: (t) => ({
      customer: t.field({ type: Customer, description: 'The customer.', resolve: (payload) => payload.customer }),
      note: t.field({ type: CustomerNote, description: 'The new note.', resolve: (payload) => payload.note }),
    }),
  },
);
