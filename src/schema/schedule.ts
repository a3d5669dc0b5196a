/** Schedules: what the clock starts. The form of the input is checked here, all else at the desk. */
import { requireViewer } from '../desk/access.ts';
import { builder, ID_DESCRIPTION, Node } from './builder.ts';
import { given, idOf, key, line } from './input.ts';
import { page } from './page.ts';
import { staff } from './rule.ts';
import { relations } from './selection.ts';

export const Schedule = builder.prismaObject('Schedule', {
  authScopes: staff('read:workflows'),
  description: 'A workflow that the clock starts, for the staff.',
  interfaces: [Node],
  fields: (t) => ({
    id: t.exposeID('id', { description: ID_DESCRIPTION }),
    name: t.exposeString('name', { description: 'What people call it.' }),
    cron: t.exposeString('cron', { description: 'Five fields: minute, hour, day of the month, month, day of the week.' }),
    timeZone: t.exposeString('timeZone', { description: 'The IANA name of the time zone that the fields are meant in.' }),
    workflow: t.exposeID('workflow', { description: 'What is started: "agent" runs one agent by itself.' }),
    input: t.field({ type: 'JSON', description: 'What it is started with; of "agent" `agentId` and `text`.', resolve: (schedule) => schedule.input }),
    customer: t.relation('customer', { nullable: true, description: 'Whom its runs serve; `null` for workflows that serve nobody in particular.' }),
    enabled: t.exposeBoolean('enabled', { description: 'False while it is switched off.' }),
    lastRunAt: t.expose('lastRunAt', { type: 'DateTime', nullable: true, description: 'When it last started a run; `null` before it did.' }),
    nextRunAt: t.expose('nextRunAt', {
      type: 'DateTime',
      nullable: true,
      description: 'When it is due next; `null` while it is switched off. A time at which its last run is still under way passes without another one.',
    }),
    createdById: t.exposeID('createdById', { description: 'The person of the desk who made it.' }),
    createdAt: t.expose('createdAt', { type: 'DateTime', description: 'When it was made.' }),
  }),
});

const ScheduleConnection = builder.connectionObject({ type: Schedule, name: 'ScheduleConnection' }, { name: 'ScheduleEdge' });

builder.queryField('schedules', (t) =>
  t.connection(
    {
      authScopes: staff('read:workflows'),
      type: Schedule,
      nullable: true,
      description: 'What the clock starts, newest first. For the staff.',
      args: { enabled: t.arg.boolean({ description: 'Only those that are switched on, or off.' }) },
      resolve: (_root, args, context, info) => {
        const query = relations(context, info, 'connection');
        const chosen = args.enabled == null ? {} : { enabled: args.enabled };
        return page(args, 'createdAt', 'newest first', ({ where, orderBy, take }) =>
          context.database.schedule.findMany({ ...query, where: { AND: [chosen, where] }, orderBy, take }),
        );
      },
    },
    ScheduleConnection,
  ),
);

builder.relayMutationField(
  'createSchedule',
  {
    description: 'What to start, for whom and when.',
    inputFields: (t) => ({
      name: t.string({ required: true, description: 'What people call it: one line of at most 100 characters.' }),
      cron: t.string({
        required: true,
        description: 'Five fields: minute, hour, day of the month, month, day of the week. "0 9 * * MON-FRI" is at nine on working days.',
      }),
      timeZone: t.string({ required: true, description: 'The IANA name of the time zone that the fields are meant in: "Europe/Berlin".' }),
      workflow: t.id({ required: true, description: 'What to start: "agent".' }),
      input: t.field({ type: 'JSON', required: true, description: 'What to start it with; for "agent" `{ "agentId": "...", "text": "..." }`.' }),
      customerId: t.id({ description: 'Whom its runs are to serve. "agent" needs one.' }),
      idempotencyKey: t.string({ description: 'Your own key for this schedule: the same key and body give the same schedule, another body is CONFLICT.' }),
    }),
  },
  {
    authScopes: staff('write:workflows'),
    description:
      'Has a workflow started by the clock, from now on. Takes the scope `write:workflows`. A time that a clock change leaves out comes right after the gap, one that comes twice counts once. A run of it that fails and may succeed later is tried again three times. QUOTA_REACHED when there are a thousand.',
    resolve: (_root, { input }, { viewer, desk }) =>
      desk.schedules.create(requireViewer(viewer), {
        name: line('input.name', input.name, 100),
        cron: line('input.cron', input.cron, 300),
        timeZone: line('input.timeZone', input.timeZone, 100),
        workflow: line('input.workflow', input.workflow, 100),
        input: input.input,
        customerId: given(input.customerId, (id) => idOf('input.customerId', 'cus', id)) ?? null,
        idempotencyKey: given(input.idempotencyKey, (value) => key('input.idempotencyKey', value)) ?? null,
      }),
  },
  { outputFields: (t) => ({ schedule: t.field({ type: Schedule, description: 'The schedule.', resolve: (payload) => payload.schedule }) }) },
);

builder.relayMutationField(
  'setScheduleEnabled',
  {
    description: 'Which schedule, and whether it is to start anything.',
    inputFields: (t) => ({
      scheduleId: t.id({ required: true, description: 'The schedule.' }),
      enabled: t.boolean({ required: true, description: 'False: nothing is started until it is switched on again.' }),
    }),
  },
  {
    authScopes: staff('write:workflows'),
    description:
      'Switches a schedule on or off. Takes the scope `write:workflows`. Switched on again it goes on from now: what it missed is not made up for. A run that is under way goes on.',
    resolve: (_root, { input }, { viewer, desk }) =>
      desk.schedules.setEnabled(requireViewer(viewer), { scheduleId: idOf('input.scheduleId', 'sched', input.scheduleId), enabled: input.enabled }),
  },
  { outputFields: (t) => ({ schedule: t.field({ type: Schedule, description: 'The schedule as it stands now.', resolve: (payload) => payload.schedule }) }) },
);

builder.relayMutationField(
  'deleteSchedule',
  {
    description: 'Which schedule to delete.',
    inputFields: (t) => ({ scheduleId: t.id({ required: true, description: 'The schedule.' }) }),
  },
  {
    authScopes: staff('write:workflows'),
    description: 'Deletes a schedule. Takes the scope `write:workflows`. The runs it started stay, and one that is under way goes on.',
    resolve: (_root, { input }, { viewer, desk }) =>
      desk.schedules.remove(requireViewer(viewer), { scheduleId: idOf('input.scheduleId', 'sched', input.scheduleId) }),
  },
  { outputFields: (t) => ({ scheduleId: t.id({ description: 'The schedule that is gone.', resolve: (payload) => payload.scheduleId }) }) },
);
