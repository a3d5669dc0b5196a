/** Escalations: what waits for a person, who holds it, what was promised. A customer sees how theirs stands; what the desk thinks of it is the desk's. */
import type { GraphQLResolveInfo } from 'graphql';
import { escalationsVisibleTo, requireViewer } from '../desk/access.ts';
import type { Desk } from '../desk/desk.ts';
import type { Waiting } from '../desk/escalation-queue.ts';
import { TEAMS } from '../store/escalation.ts';
import type { Escalation as EscalationRow, EscalationStatus as EscalationStatusValue, Priority as PriorityValue } from '../store/generated/prisma/client.ts';
import type { Viewer } from '../store/viewer.ts';
import { badInput } from '../foundation/errors.ts';
import { builder, ID_DESCRIPTION, Node, type Context } from './builder.ts';
import { found, given, idOf } from './input.ts';
import { page, type PageArgs } from './page.ts';
import { Participant } from './presence.ts';
import { own } from './rule.ts';
import { upperCased } from './scalars.ts';
import { relations } from './selection.ts';

const EscalationStatus = builder.enumType('EscalationStatus', {
  description: 'Where an escalation stands.',
  values: upperCased<EscalationStatusValue>({
    waiting: 'In the queue: nobody holds it.',
    claimed: 'A person holds the conversation; agents are silent.',
    resolved: 'Settled, or closed with its conversation.',
  }),
});

export const Priority = builder.enumType('Priority', {
  description: 'How much an escalation presses.',
  values: upperCased<PriorityValue>({ low: 'It can wait for days.', medium: 'Within a day.', high: 'Within hours.', critical: 'At once, at any hour.' }),
});

const TEAM_DESCRIPTION = `Who should take it: ${TEAMS.map((team) => `"${team}"`).join(', ')}.`;

function seesDesk(viewer: Viewer | null): boolean {
  return viewer?.kind === 'staff';
}

/** Read once for a row, whichever of its fields are asked for. */
const waits = new WeakMap<EscalationRow, Promise<Waiting | null>>();

function waitingOf(row: EscalationRow, desk: Desk): Promise<Waiting | null> {
  const known = waits.get(row) ?? desk.escalations.waiting(row);
  waits.set(row, known);
  return known;
}

export const Escalation = builder.prismaObject('Escalation', {
  authScopes: own('read:conversations'),
  description: 'A conversation that waits for a person, or that one holds.',
  interfaces: [Node],
  fields: (t) => ({
    id: t.exposeID('id', { description: ID_DESCRIPTION }),
    conversation: t.relation('conversation', { description: 'The conversation.' }),
    customer: t.relation('customer', { description: 'Whose it is.' }),
    status: t.field({ type: EscalationStatus, description: 'Where it stands.', resolve: (row) => row.status }),
    priority: t.field({
      type: Priority,
      nullable: true,
      description: 'How much it presses. `null` for others than the desk.',
      resolve: (row, _args, { viewer }) => (seesDesk(viewer) ? row.priority : null),
    }),
    team: t.string({
      nullable: true,
      description: `${TEAM_DESCRIPTION} \`null\` for others than the desk.`,
      resolve: (row, _args, { viewer }) => (seesDesk(viewer) ? row.team : null),
    }),
    reason: t.string({
      nullable: true,
      description: 'Why a person is needed, in a sentence or two. `null` for others than the desk.',
      resolve: (row, _args, { viewer }) => (seesDesk(viewer) ? row.reason : null),
    }),
    rules: t.stringList({
      nullable: true,
      description: 'The rules that fired, by name; empty when somebody raised it. `null` for others than the desk.',
      resolve: (row, _args, { viewer }) => (seesDesk(viewer) ? row.rules : null),
    }),
    snapshot: t.field({
      type: 'JSON',
      nullable: true,
      description: 'What a person must know at a glance, as it stood when it was raised. `null` for others than the desk.',
      resolve: (row, _args, { viewer }) => (seesDesk(viewer) ? row.snapshot : null),
    }),
    raisedBy: t.string({
      nullable: true,
      description: 'Who raised it: "user:usr_…", "customer:cus_…", the id of an agent, or "system". `null` for others than the desk.',
      resolve: (row, _args, { viewer }) => (seesDesk(viewer) ? row.raisedById : null),
    }),
    claimedBy: t.field({
      type: Participant,
      nullable: true,
      description: 'The person who holds it, or held it when it was settled; `null` while nobody does.',
      resolve: ({ claimedById }) => (claimedById === null ? null : { kind: 'person' as const, id: claimedById }),
    }),
    claimedAt: t.expose('claimedAt', { type: 'DateTime', nullable: true, description: 'When that person took it.' }),
    place: t.int({
      nullable: true,
      description: 'Its place in the queue of its team: 0 is next. `null` unless it waits.',
      resolve: async (row, _args, { desk }) => (await waitingOf(row, desk))?.place ?? null,
    }),
    expectedWaitSeconds: t.int({
      nullable: true,
      description: 'How long it will take by what it took lately, hours in which nobody is there included. `null` when that is not known, or it does not wait.',
      resolve: async (row, _args, { desk }) => (await waitingOf(row, desk))?.expectedWaitS ?? null,
    }),
    peopleBackAt: t.field({
      type: 'DateTime',
      nullable: true,
      description: 'When the people of the desk are back; `null` while they are there, or when it does not wait.',
      resolve: async (row, _args, { desk }) => (await waitingOf(row, desk))?.peopleBackAt ?? null,
    }),
    firstReplyDueAt: t.expose('firstReplyDueAt', { type: 'DateTime', description: 'By when a person must have answered.' }),
    resolutionDueAt: t.expose('resolutionDueAt', {
      type: 'DateTime',
      nullable: true,
      description: 'By when it should be settled; `null` when nothing is promised.',
    }),
    firstReplyAt: t.expose('firstReplyAt', { type: 'DateTime', nullable: true, description: 'When a person first answered; `null` before.' }),
    warnedAt: t.field({
      type: 'DateTime',
      nullable: true,
      description:
        'When a warning was given of the promise that runs now: of the first reply, then of the solution. `null` before, and for others than the desk.',
      resolve: (row, _args, { viewer }) => (seesDesk(viewer) ? row.warnedAt : null),
    }),
    breachedAt: t.field({
      type: 'DateTime',
      nullable: true,
      description: 'When the promise that runs now was broken; `null` when it is not, and for others than the desk.',
      resolve: (row, _args, { viewer }) => (seesDesk(viewer) ? row.breachedAt : null),
    }),
    requeues: t.int({
      nullable: true,
      description: 'How often it went back to the queue because nobody spoke. `null` for others than the desk.',
      resolve: (row, _args, { viewer }) => (seesDesk(viewer) ? row.requeues : null),
    }),
    summary: t.string({
      nullable: true,
      description: 'How it was settled, for the desk and the agents; `null` before, and for others than the desk.',
      resolve: (row, _args, { viewer }) => (seesDesk(viewer) ? row.summary : null),
    }),
    resolvedBy: t.string({
      nullable: true,
      description: 'Who settled it, or closed its conversation. `null` before, and for others than the desk.',
      resolve: (row, _args, { viewer }) => (seesDesk(viewer) ? row.resolvedById : null),
    }),
    resolvedAt: t.expose('resolvedAt', { type: 'DateTime', nullable: true, description: 'When it was settled; `null` before.' }),
    createdAt: t.expose('createdAt', { type: 'DateTime', description: 'When it was raised.' }),
    updatedAt: t.expose('updatedAt', { type: 'DateTime', description: 'When this record last changed.' }),
  }),
});

const EscalationConnection = builder.connectionObject({ type: Escalation, name: 'EscalationConnection' }, { name: 'EscalationEdge' });

/** One escalation that the viewer may see, or null. */
export function loadEscalation(query: object, id: string, { viewer, database }: Context): Promise<EscalationRow | null> {
  return database.escalation.findFirst({ ...query, where: { id, AND: [escalationsVisibleTo(requireViewer(viewer))] } });
}

/** @throws AppError BAD_INPUT for a name that no team has. */
export function teamOf(field: string, name: string): (typeof TEAMS)[number] {
  const team = TEAMS.find((known) => known === name);
  if (!team) throw badInput(field, `must be one of ${TEAMS.join(', ')}.`);
  return team;
}

interface EscalationFilter {
  readonly status?: EscalationStatusValue;
  readonly priority?: PriorityValue;
  readonly team?: string;
}

function escalationPage(args: PageArgs, chosen: EscalationFilter, context: Context, info: GraphQLResolveInfo) {
  const visible = escalationsVisibleTo(requireViewer(context.viewer));
  const query = relations(context, info, 'connection');
  return page(args, 'createdAt', 'newest first', ({ where, orderBy, take }) =>
    context.database.escalation.findMany({ ...query, where: { AND: [visible, chosen, where] }, orderBy, take }),
  );
}

builder.queryFields((t) => ({
  escalation: t.prismaField({
    authScopes: own('read:conversations'),
    type: Escalation,
    nullable: true,
    description: 'One escalation. NOT_FOUND when there is none with this id, or it is somebody else’s.',
    args: { id: t.arg.id({ required: true, description: 'The escalation.' }) },
    resolve: async (query, _root, { id }, context) => {
      requireViewer(context.viewer);
      return found('escalation', await loadEscalation(query, idOf('id', 'esc', id), context));
    },
  }),
  escalations: t.connection(
    {
      authScopes: own('read:conversations'),
      type: Escalation,
      nullable: true,
      description: 'The escalations the viewer may see, newest first.',
      args: {
        status: t.arg({ type: EscalationStatus, description: 'Only those that stand there.' }),
        priority: t.arg({ type: Priority, description: 'Only those that press this much. For the desk.' }),
        team: t.arg.string({ description: `Only those of one team. ${TEAM_DESCRIPTION} For the desk.` }),
      },
      resolve: (_root, args, context, info) => {
        const viewer = requireViewer(context.viewer);
        if (!seesDesk(viewer) && (args.priority != null || args.team != null)) throw badInput('priority', 'only the desk chooses by priority or team.');
        const team = given(args.team, (name) => teamOf('team', name));
        const chosen = { ...(args.status ? { status: args.status } : {}), ...(args.priority ? { priority: args.priority } : {}), ...(team ? { team } : {}) };
        return escalationPage(args, chosen, context, info);
      },
    },
    EscalationConnection,
  ),
}));

builder.prismaObjectField('Conversation', 'escalation', (t) =>
  t.prismaField({
    type: Escalation,
    nullable: true,
    description: 'The latest escalation: the open one, when there is one. `null` when a person was never asked for.',
    resolve: (query, conversation, _args, { database }) =>
      database.escalation.findFirst({ ...query, where: { conversationId: conversation.id }, orderBy: [{ createdAt: 'desc' }, { id: 'desc' }] }),
  }),
);
