/** The items of a stream that are about approvals: the staff hears them where the run is followed and at the desk. */
import { Approval, loadApproval } from './approval.ts';
import { builder, type Context } from './builder.ts';
import { PART } from './rule.ts';
import { EVERY_STREAM, type ItemOf } from './stream-item.ts';

const DESCRIPTION = 'The approval as it is now. `null` when it has since been removed, or beside an error when it could not be read.';

type Told = ItemOf<'ApprovalRequested' | 'ApprovalExpiring' | 'ApprovalDecided'>;

/** As it is now, on every item about one. */
const APPROVAL = {
  type: Approval,
  nullable: true,
  description: DESCRIPTION,
  resolve: (query: object, { said }: Told, _args: object, context: Context) => loadApproval(query, said.approvalId, context),
} as const;

builder.objectRef<ItemOf<'ApprovalRequested'>>('ApprovalRequested').implement({
  ...PART,
  description: 'An agent wants to do what people have to decide: the run waits. Shown to the staff.',
  interfaces: EVERY_STREAM,
  fields: (t) => ({
    runId: t.id({ description: 'The run.', resolve: ({ said }) => said.runId }),
    approval: t.prismaField(APPROVAL),
  }),
});

builder.objectRef<ItemOf<'ApprovalExpiring'>>('ApprovalExpiring').implement({
  ...PART,
  description: 'Most of the time in which it can be decided is over. Told once; shown to the staff.',
  interfaces: EVERY_STREAM,
  fields: (t) => ({
    runId: t.id({ description: 'The run.', resolve: ({ said }) => said.runId }),
    approval: t.prismaField(APPROVAL),
    expiresAt: t.field({ type: 'DateTime', description: 'By when it must be decided.', resolve: ({ said }) => said.expiresAt }),
  }),
});

builder.objectRef<ItemOf<'ApprovalDecided'>>('ApprovalDecided').implement({
  ...PART,
  description: 'Somebody has decided, or the time was over. Shown to the staff.',
  interfaces: EVERY_STREAM,
  fields: (t) => ({
    runId: t.id({ description: 'The run.', resolve: ({ said }) => said.runId }),
    approval: t.prismaField(APPROVAL),
    outcome: t.string({
      description: 'APPROVED, REJECTED, EXPIRED, or PENDING while another person has to approve as well.',
      resolve: ({ said }) => said.outcome.toUpperCase(),
    }),
    by: t.string({ description: 'Who: "user:usr_…", or "system" when its time or its run was over.', resolve: ({ said }) => said.by }),
  }),
});
