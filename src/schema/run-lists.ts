/** The lists of runs, the one that is at work in a conversation, and the verb that stops one. */
import type { GraphQLResolveInfo } from 'graphql';
import { requireViewer, runsVisibleTo } from '../desk/access.ts';
import { TURNS } from '../desk/desk-run.ts';
import type { RunStatus as RunStatusValue } from '../store/generated/prisma/client.ts';
import { builder, type Context } from './builder.ts';
import { given, idOf, line } from './input.ts';
import { Message } from './message.ts';
import { page, type PageArgs } from './page.ts';
import { own } from './rule.ts';
import { Run, RunStatus, usageOf } from './run.ts';
import { relations } from './selection.ts';
import { Usage } from './usage.ts';

const RunConnection = builder.connectionObject({ type: Run, name: 'RunConnection' }, { name: 'RunEdge' });

interface RunFilter {
  readonly status?: RunStatusValue;
  readonly workflow?: string;
  readonly conversationId?: string;
  readonly customerId?: string;
}

function runPage(args: PageArgs, chosen: RunFilter, context: Context, info: GraphQLResolveInfo) {
  const visible = runsVisibleTo(requireViewer(context.viewer));
  const query = relations(context, info, 'connection');
  return page(args, 'createdAt', 'newest first', ({ where, orderBy, take }) =>
    context.database.run.findMany({ ...query, where: { AND: [visible, chosen, where] }, orderBy, take }),
  );
}

builder.queryField('runs', (t) =>
  t.connection(
    {
      authScopes: own('read:conversations'),
      type: Run,
      nullable: true,
      description: 'The runs the viewer may see, newest first.',
      args: {
        status: t.arg({ type: RunStatus, description: 'Only those that stand there.' }),
        workflow: t.arg.id({ description: 'Only those of this workflow: "reply".' }),
        conversationId: t.arg.id({ description: 'Only those of this conversation.' }),
        customerId: t.arg.id({ description: 'Only those that serve this customer.' }),
      },
      resolve: (_root, args, context, info) => {
        requireViewer(context.viewer);
        const workflow = given(args.workflow, (name) => line('workflow', name, 100));
        const conversationId = given(args.conversationId, (id) => idOf('conversationId', 'conv', id));
        const customerId = given(args.customerId, (id) => idOf('customerId', 'cus', id));
        const chosen = {
          ...(args.status ? { status: args.status } : {}),
          ...(workflow ? { workflow } : {}),
          ...(conversationId ? { conversationId } : {}),
          ...(customerId ? { customerId } : {}),
        };
        return runPage(args, chosen, context, info);
      },
    },
    RunConnection,
  ),
);

builder.prismaObjectFields('Conversation', (t) => ({
  activeRun: t.prismaField({
    type: 'Run',
    nullable: true,
    description:
      'The run that answers now, else the next in the queue, else the oldest of those that wait for people; `null` when nothing is to be answered. Workflows that work on the conversation for the desk stand in `runs`.',
    async resolve(query, conversation, _args, { database }) {
      const first = (statuses: RunStatusValue[]) =>
        database.run.findFirst({
          ...query,
          where: { conversationId: conversation.id, status: { in: statuses }, ...TURNS },
          // In the order in which the database knows them: running comes after queued.
          orderBy: [{ status: 'desc' }, { createdAt: 'asc' }, { id: 'asc' }],
        });
      return (await first(['queued', 'running'])) ?? first(['waiting']);
    },
  }),
  runs: t.connection(
    {
      type: Run,
      description: 'Its runs, newest first; for the staff also the workflows that work on it for the desk.',
      resolve: (conversation, args, context, info) => runPage(args, { conversationId: conversation.id }, context, info),
    },
    RunConnection,
  ),
}));

builder.relayMutationField(
  'stopRun',
  {
    description: 'Which run to stop.',
    inputFields: (t) => ({ runId: t.id({ required: true, description: 'The run.' }) }),
  },
  {
    authScopes: own('write:conversations'),
    description: 'Stops a run, at work or still queued, and answers when its row says so. What it had written is kept. Stopping twice is harmless.',
    resolve: (_root, { input }, { viewer, runs }) => runs.stop(requireViewer(viewer), idOf('input.runId', 'run', input.runId)),
  },
  {
    outputFields: (t) => ({
      run: t.field({ type: Run, description: 'The run as it ended.', resolve: (payload) => payload.run }),
      message: t.field({
        type: Message,
        nullable: true,
        description: 'The answer so far, kept; `null` when nothing had been written.',
        resolve: (payload) => payload.message,
      }),
      usage: t.field({ type: Usage, description: 'What it had used of models.', resolve: (payload) => usageOf(payload.run) }),
      alreadyFinished: t.boolean({ description: 'True when it had ended before.', resolve: (payload) => payload.alreadyFinished }),
    }),
  },
);
