/** The audit entries: who did what to which subject, to be read and never changed. */
import { builder, ID_DESCRIPTION, Node } from './builder.ts';
import { given, line } from './input.ts';
import { ActorKind } from './note.ts';
import { page } from './page.ts';
import { staff } from './rule.ts';

const WORD_CHARS_MAX = 200;

const AuditEntry = builder.prismaObject('AuditEntry', {
  authScopes: staff('admin:security'),
  description: 'One act that matters to security. Entries are written with the act, and nobody can change or delete one before its time.',
  interfaces: [Node],
  fields: (t) => ({
    id: t.exposeID('id', { description: ID_DESCRIPTION }),
    at: t.expose('at', { type: 'DateTime', description: 'When.' }),
    actorKind: t.field({ type: ActorKind, description: 'What kind of someone did it.', resolve: ({ actorKind }) => actorKind }),
    actorId: t.exposeString('actorId', { description: 'Who, as a kind and an id: "user:usr_…"; an agent by its id, the gateway as "system".' }),
    action: t.exposeString('action', { description: 'What: "user.role", "customer.export".' }),
    subjectKind: t.exposeString('subjectKind', { description: 'What kind of thing it was done to: "user", "customer".' }),
    subjectId: t.exposeString('subjectId', { description: 'To which one.' }),
    changes: t.expose('changes', { type: 'JSON', description: 'What changed: names of fields and choices, never what people wrote.' }),
    requestId: t.exposeString('requestId', { nullable: true, description: 'The request it came with; `null` when that was not noted.' }),
  }),
});

const AuditEntryConnection = builder.connectionObject({ type: AuditEntry, name: 'AuditEntryConnection' }, { name: 'AuditEntryEdge' });

builder.queryField('auditEntries', (t) =>
  t.connection(
    {
      authScopes: staff('admin:security'),
      type: AuditEntry,
      nullable: true,
      description: 'What was done that matters to security, newest first. Takes the scope `admin:security`.',
      args: {
        actor: t.arg.string({ description: 'Only what this one did: "user:usr_…", "partner:ptn_…", "customer:cus_…", the id of an agent, or "system".' }),
        action: t.arg.string({ description: 'Only this act: "user.role". A word before the point alone stands for all of its acts: "user".' }),
        subject: t.arg.string({ description: 'Only what was done to the thing with this id.' }),
        from: t.arg({ type: 'DateTime', description: 'Only from this moment on.' }),
        to: t.arg({ type: 'DateTime', description: 'Only before this moment.' }),
      },
      resolve: (_root, args, { database }) => {
        const actorId = given(args.actor, (value) => line('actor', value, WORD_CHARS_MAX));
        const action = given(args.action, (value) => line('action', value, WORD_CHARS_MAX));
        const subjectId = given(args.subject, (value) => line('subject', value, WORD_CHARS_MAX));
        const chosen = {
          ...(actorId ? { actorId } : {}),
          ...(action ? { action: action.includes('.') ? action : { startsWith: `${action}.` } } : {}),
          ...(subjectId ? { subjectId } : {}),
          at: { ...(args.from ? { gte: args.from } : {}), ...(args.to ? { lt: args.to } : {}) },
        };
        return page(args, 'at', 'newest first', ({ where, orderBy, take }) => database.auditEntry.findMany({ where: { AND: [chosen, where] }, orderBy, take }));
      },
    },
    AuditEntryConnection,
  ),
);
