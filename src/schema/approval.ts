/** Approvals: what agents may not do until people have decided, and what the people said. For the staff alone; who may decide is the desk's business. */
import type { GraphQLResolveInfo } from 'graphql';
import { approvalsVisibleTo, requireViewer } from '../desk/access.ts';
import type {
  Approval as ApprovalRow,
  ApprovalLevel as ApprovalLevelValue,
  ApprovalStatus as ApprovalStatusValue,
  Risk as RiskValue,
} from '../store/generated/prisma/client.ts';
import { Agent, agentOf } from './agent.ts';
import { builder, ID_DESCRIPTION, Node, type Context } from './builder.ts';
import { found, idOf } from './input.ts';
import { page, type PageArgs } from './page.ts';
import { Participant } from './presence.ts';
import { staff, staffOrNotFound } from './rule.ts';
import { upperCased } from './scalars.ts';
import { relations } from './selection.ts';

const ApprovalStatus = builder.enumType('ApprovalStatus', {
  description: 'Where an approval stands. All but the first are final.',
  values: upperCased<ApprovalStatusValue>({
    pending: 'It waits for people, and its run with it.',
    approved: 'As many have approved as it takes: the run does it.',
    rejected: 'Somebody has rejected it, or its run ended before that; see `closedReason`. The run does not do it.',
    expired: 'Nobody decided in time. The run does not do it.',
  }),
});

export const Risk = builder.enumType('Risk', {
  description: 'How much harm it could do. It says how long people have to decide: by the policy as it starts, 72, 24, 8 and 4 hours.',
  values: upperCased<RiskValue>({
    low: 'Little, and it can be made good.',
    medium: 'Some: money or terms of one account.',
    high: 'Much: terms that bind for long.',
    critical: 'Very much: sums that only the top decides.',
  }),
});

export const ApprovalLevel = builder.enumType('ApprovalLevel', {
  description: 'How much a person of the desk may decide. Each may what those before it may.',
  values: upperCased<ApprovalLevelValue>({
    agent: 'Serves customers.',
    lead: 'Support lead.',
    manager: 'Customer-success manager.',
    director: 'Director.',
    vp: 'Vice president.',
    executive: 'Executive.',
  }),
});

builder.prismaObject('ApprovalDecision', {
  authScopes: staff('read:conversations'),
  description: 'One person’s word on an approval.',
  fields: (t) => ({
    by: t.field({ type: Participant, description: 'Who.', resolve: ({ userId }) => ({ kind: 'person' as const, id: userId }) }),
    approve: t.exposeBoolean('approve', { description: 'False: rejected.' }),
    note: t.exposeString('note', { nullable: true, description: 'Why, for colleagues; `null` when nothing was said.' }),
    at: t.expose('at', { type: 'DateTime', description: 'When.' }),
  }),
});

export const Approval = builder.prismaObject('Approval', {
  authScopes: staff('read:conversations'),
  description: 'One call of a tool that an agent may not make by itself. Its run waits until people have decided.',
  interfaces: [Node],
  fields: (t) => ({
    id: t.exposeID('id', { description: ID_DESCRIPTION }),
    run: t.relation('run', { description: 'The run that waits for it.' }),
    step: t.exposeString('step', { description: 'Where in the workflow it was asked for: "agent", "experts/2".' }),
    conversation: t.relation('conversation', { nullable: true, description: 'The conversation it is about; `null` for runs outside of one.' }),
    customer: t.relation('customer', { nullable: true, description: 'Whom it would be done for; `null` for runs without a customer.' }),
    agent: t.field({
      type: Agent,
      nullable: true,
      description: 'Who would do it; `null` when that agent has since been removed.',
      resolve: ({ agentId }, _args, context) => agentOf(context, agentId),
    }),
    tool: t.exposeString('tool', { description: 'The name of the tool.' }),
    arguments: t.expose('argumentsShown', { type: 'JSON', description: 'What the tool would be given, without what must stay private.' }),
    argumentsHash: t.exposeString('argumentsHash', {
      description:
        'SHA-256, in hexadecimal, of all that the tool would be given, as JSON with sorted keys. A decision names it: it is about this and nothing else.',
    }),
    risk: t.field({ type: Risk, description: 'How much harm it could do.', resolve: ({ risk }) => risk }),
    summary: t.exposeString('summary', { description: 'What it would do, in plain words.' }),
    requestedBy: t.exposeString('requestedBy', {
      description: 'The id of the agent, or "user:usr_…" of the person who had it do this. Where two have to approve, that person is not one of them.',
    }),
    neededLevel: t.field({ type: ApprovalLevel, description: 'The least who may decide.', resolve: ({ neededLevel }) => neededLevel }),
    peopleNeeded: t.exposeInt('peopleNeeded', { description: 'How many different people have to approve: 1 or 2. One rejection is final.' }),
    decisions: t.relation('decisions', { description: 'What people have said, oldest first.', query: { orderBy: [{ at: 'asc' }, { id: 'asc' }] } }),
    status: t.field({ type: ApprovalStatus, description: 'Where it stands.', resolve: ({ status }) => status }),
    closedReason: t.exposeString('closedReason', {
      nullable: true,
      description: 'Why it is over although nobody decided: its time was over, or its run. `null` otherwise.',
    }),
    expiresAt: t.expose('expiresAt', { type: 'DateTime', description: 'By when it must be decided.' }),
    warnedAt: t.expose('warnedAt', { type: 'DateTime', nullable: true, description: 'When people were reminded, most of the time being over; `null` before.' }),
    decidedAt: t.expose('decidedAt', { type: 'DateTime', nullable: true, description: 'When it was over, in whichever way; `null` while it is pending.' }),
    createdAt: t.expose('createdAt', { type: 'DateTime', description: 'When it was asked for.' }),
  }),
});

const ApprovalConnection = builder.connectionObject({ type: Approval, name: 'ApprovalConnection' }, { name: 'ApprovalEdge' });

/** One approval that the viewer may see, or null. */
export function loadApproval(query: object, id: string, { viewer, database }: Context): Promise<ApprovalRow | null> {
  return database.approval.findFirst({ ...query, where: { id, AND: [approvalsVisibleTo(requireViewer(viewer))] } });
}

interface ApprovalFilter {
  readonly status?: ApprovalStatusValue;
  readonly risk?: RiskValue;
}

function approvalPage(args: PageArgs, chosen: ApprovalFilter, context: Context, info: GraphQLResolveInfo) {
  const visible = approvalsVisibleTo(requireViewer(context.viewer));
  const query = relations(context, info, 'connection');
  return page(args, 'createdAt', 'newest first', ({ where, orderBy, take }) =>
    context.database.approval.findMany({ ...query, where: { AND: [visible, chosen, where] }, orderBy, take }),
  );
}

builder.queryFields((t) => ({
  approval: t.prismaField({
    authScopes: staffOrNotFound('read:conversations'),
    type: Approval,
    nullable: true,
    description: 'One approval. NOT_FOUND when there is none with this id, and for others than the staff.',
    args: { id: t.arg.id({ required: true, description: 'The approval.' }) },
    resolve: async (query, _root, { id }, context) => {
      requireViewer(context.viewer);
      return found('approval', await loadApproval(query, idOf('id', 'appr', id), context));
    },
  }),
  approvals: t.connection(
    {
      authScopes: staff('read:conversations'),
      type: Approval,
      nullable: true,
      description: 'What agents have asked people for, newest first. Staff only.',
      args: {
        status: t.arg({ type: ApprovalStatus, description: 'Only those that stand there: PENDING is what waits.' }),
        risk: t.arg({ type: Risk, description: 'Only those of this risk.' }),
      },
      resolve: (_root, args, context, info) =>
        approvalPage(args, { ...(args.status ? { status: args.status } : {}), ...(args.risk ? { risk: args.risk } : {}) }, context, info),
    },
    ApprovalConnection,
  ),
}));
