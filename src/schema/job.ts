/**
 * Jobs: runs as who operates the queue sees them. Where each stands, how often it may still be tried, who works on it, and the verb that
 * calls one off. The same rows as runs, under the same ids.
 */
import { requireViewer, runsVisibleTo } from '../desk/access.ts';
import { PRIORITY_MAX } from '../jobs/job-queue.ts';
import { builder } from './builder.ts';
import { seesAssessments } from './customer.ts';
import { found, given, idOf, line, wholeNumber } from './input.ts';
import { Message } from './message.ts';
import { page } from './page.ts';
import { own } from './rule.ts';
import { Run, RunStatus, usageOf } from './run.ts';
import { Schedule } from './schedule.ts';
import { relations } from './selection.ts';
import { Usage } from './usage.ts';

const Job = builder.prismaObject('Run', {
  authScopes: own('read:conversations'),
  variant: 'Job',
  description: 'A run as the queue sees it: when it goes, how far it is, how often it may be tried. Its id is that of the run.',
  fields: (t) => ({
    id: t.exposeID('id', { description: 'The id of the run.' }),
    run: t.variant(Run, { description: 'The run itself, with its steps and its answer.' }),
    workflow: t.exposeID('workflow', { description: 'Which workflow: "reply" answers a message, "agent" runs one agent by itself.' }),
    status: t.field({ type: RunStatus, description: 'Where it stands.', resolve: (run) => run.status }),
    priority: t.exposeInt('priority', {
      description: `Higher goes first; 0 is normal, ${-PRIORITY_MAX} to ${PRIORITY_MAX}. Among equals the customer of whom the fewest are at work goes first.`,
    }),
    progress: t.exposeInt('progress', {
      description:
        'Steps finished of steps known, in percent, of this attempt: 0 to 99, and 100 once it has succeeded. It stays where it was when it ends otherwise.',
    }),
    owner: t.string({
      nullable: true,
      description: 'The instance that works on it; `null` while none does, and for others than the staff.',
      resolve: (run, _args, { viewer }) => (viewer?.kind === 'staff' && run.status === 'running' ? run.leaseOwner : null),
    }),
    attempts: t.exposeInt('attempt', { description: 'How often it was started: 0 while it waits for the first time.' }),
    retriesLeft: t.exposeInt('retriesLeft', {
      description:
        'How often a failure that may pass still sends it back to the queue, for 2 s, then 4 s and so on up to 5 min. Answers to messages have none.',
    }),
    notBefore: t.expose('notBefore', { type: 'DateTime', nullable: true, description: 'Nobody takes it up before; `null` when it need not wait.' }),
    createdAt: t.expose('createdAt', { type: 'DateTime', description: 'When it was queued.' }),
    startedAt: t.expose('startedAt', { type: 'DateTime', nullable: true, description: 'When it was first started; `null` while it waits for that.' }),
    finishedAt: t.expose('finishedAt', { type: 'DateTime', nullable: true, description: '`null` until it has ended.' }),
    result: t.field({
      type: 'JSON',
      nullable: true,
      description:
        'The structured result, by workflow. Kept for 24 hours after the end (the setting RETENTION_RESULT_HOURS), then it is `null` and `resultExpiredAt` says since when: fetch it in time. Only that of "reply" stays as long as its conversation. `null` as well until it has succeeded, and of "reply" when a customer asks: their answer is the message.',
      resolve: (run, _args, { viewer }) => (seesAssessments(viewer) || run.workflow === 'agent' ? run.result : null),
    }),
    resultExpiredAt: t.expose('resultExpiredAt', {
      type: 'DateTime',
      nullable: true,
      description: 'When the `result` was removed because its time was over; `null` while it is there, and where there was none.',
    }),
    schedule: t.prismaField({
      type: Schedule,
      nullable: true,
      description: 'The schedule that started it; `null` when none did or it is gone, and for others than the staff.',
      resolve: (query, run, _args, { viewer, database }) =>
        viewer?.kind !== 'staff' || run.scheduleId === null ? null : database.schedule.findUnique({ ...query, where: { id: run.scheduleId } }),
    }),
  }),
});

const JobConnection = builder.connectionObject({ type: Job, name: 'JobConnection' }, { name: 'JobEdge' });

builder.queryField('jobs', (t) =>
  t.connection(
    {
      authScopes: own('read:conversations'),
      type: Job,
      nullable: true,
      description: 'The jobs the viewer may see, newest first: all for the staff, those of its customers for a partner, their own for a customer.',
      args: {
        status: t.arg({ type: RunStatus, description: 'Only those that stand there.' }),
        workflow: t.arg.id({ description: 'Only those of this workflow: "agent".' }),
        priorityFrom: t.arg.int({ description: 'Only those of this priority or a higher one.' }),
      },
      resolve: (_root, args, context, info) => {
        const visible = runsVisibleTo(requireViewer(context.viewer));
        const workflow = given(args.workflow, (name) => line('workflow', name, 100));
        const from = given(args.priorityFrom, (priority) => wholeNumber('priorityFrom', priority, -PRIORITY_MAX, PRIORITY_MAX));
        const chosen = {
          ...(args.status ? { status: args.status } : {}),
          ...(workflow ? { workflow } : {}),
          ...(from == null ? {} : { priority: { gte: from } }),
        };
        const query = relations(context, info, 'connection');
        return page(args, 'createdAt', 'newest first', ({ where, orderBy, take }) =>
          context.database.run.findMany({ ...query, where: { AND: [visible, chosen, where] }, orderBy, take }),
        );
      },
    },
    JobConnection,
  ),
);

builder.queryField('job', (t) =>
  t.prismaField({
    authScopes: own('read:conversations'),
    type: Job,
    nullable: true,
    description: 'One job. NOT_FOUND when there is none with this id, or it is somebody else’s.',
    args: { id: t.arg.id({ required: true, description: 'The id of the run.' }) },
    resolve: async (query, _root, args, { viewer, database }) => {
      const visible = runsVisibleTo(requireViewer(viewer));
      const id = idOf('id', 'run', args.id);
      return found('job', await database.run.findFirst({ ...query, where: { id, AND: [visible] } }));
    },
  }),
);

builder.relayMutationField(
  'cancelJob',
  {
    description: 'Which job to call off.',
    inputFields: (t) => ({ jobId: t.id({ required: true, description: 'The id of the run.' }) }),
  },
  {
    authScopes: own('write:conversations'),
    description:
      'Calls a job off, at work, still queued or waiting to be tried again, and answers when its row says so: the same as `stopRun`. What it had written is kept. One that has ended stays as it ended.',
    resolve: (_root, { input }, { viewer, runs }) => runs.stop(requireViewer(viewer), idOf('input.jobId', 'run', input.jobId)),
  },
  {
    outputFields: (t) => ({
      job: t.field({ type: Job, description: 'The job as it ended.', resolve: (payload) => payload.run }),
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
