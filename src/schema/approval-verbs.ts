/** The verb of approvals. The form of the input is checked here, all else at the desk. */
import { requireViewer } from '../desk/access.ts';
import { Approval, loadApproval } from './approval.ts';
import { builder } from './builder.ts';
import { found, given, idOf, text } from './input.ts';
import { staffOrNotFound } from './rule.ts';

const NOTE_CHARS_MAX = 1_000;

builder.relayMutationField(
  'decideApproval',
  {
    description: 'Which approval, and what you say to it.',
    inputFields: (t) => ({
      approvalId: t.id({ required: true, description: 'The approval.' }),
      approve: t.boolean({ required: true, description: 'True: it is done. False: it is not, whoever else would approve it.' }),
      note: t.string({ description: `Why, for colleagues: at most ${NOTE_CHARS_MAX} characters.` }),
      argumentsHash: t.string({ required: true, description: 'The `argumentsHash` of the approval as you have read it.' }),
    }),
  },
  {
    authScopes: staffOrNotFound('write:conversations'),
    description:
      'Approves or rejects what an agent may not do by itself; with the decision its run goes on. Of many people at once as many are heard as it takes. FORBIDDEN for whoever may not decide that much, asked for it where two are needed, or has approved before; CONFLICT when it is decided already or another hash is given; APPROVAL_EXPIRED when the time is over.',
    resolve: (_root, { input }, { viewer, desk }) =>
      desk.approvals.decide(requireViewer(viewer), {
        approvalId: idOf('input.approvalId', 'appr', input.approvalId),
        approve: input.approve,
        note: given(input.note, (note) => text('input.note', note, NOTE_CHARS_MAX)) ?? null,
        argumentsHash: input.argumentsHash,
      }),
  },
  {
    outputFields: (t) => ({
      approval: t.prismaField({
        type: Approval,
        description: 'The approval as it is now: still PENDING when another person has to approve as well.',
        resolve: async (query, payload, _args, context) => found('approval', await loadApproval(query, payload.approval.id, context)),
      }),
    }),
  },
);
