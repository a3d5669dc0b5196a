/** The verbs of an escalation: raise, claim, release, resolve. The form of the input is checked here, all else at the desk. */
import { requireViewer } from '../desk/access.ts';
import { builder } from './builder.ts';
import { Escalation, loadEscalation, Priority, teamOf } from './escalation.ts';
import { found, given, idOf, text } from './input.ts';
import { own, staff } from './rule.ts';

const REASON_CHARS_MAX = 1_000;
const SUMMARY_CHARS_MAX = 5_000;

builder.relayMutationField(
  'raiseEscalation',
  {
    description: 'Which conversation needs a person, and why.',
    inputFields: (t) => ({
      conversationId: t.id({ required: true, description: 'The conversation.' }),
      reason: t.string({ required: true, description: `Why, in a sentence or two: at most ${REASON_CHARS_MAX} characters.` }),
      priority: t.field({ type: Priority, description: 'How much it presses; by the plan and the account when left out. Only the desk may say.' }),
      team: t.string({ description: 'Who should take it; by the policy when left out. Only the desk may say.' }),
    }),
  },
  {
    authScopes: own('escalate:conversations'),
    description:
      'Asks for a person. While one is asked for already, that escalation is the answer. Customers for themselves; others with the scope `escalate:conversations`.',
    resolve: (_root, { input }, { viewer, desk }) =>
      desk.escalations.raise(requireViewer(viewer), {
        conversationId: idOf('input.conversationId', 'conv', input.conversationId),
        reason: text('input.reason', input.reason, REASON_CHARS_MAX),
        priority: input.priority ?? null,
        team: given(input.team, (name) => teamOf('input.team', name)) ?? null,
      }),
  },
  {
    outputFields: (t) => ({
      escalation: t.prismaField({
        type: Escalation,
        description: 'The open escalation.',
        resolve: async (query, payload, _args, context) => found('escalation', await loadEscalation(query, payload.escalation.id, context)),
      }),
    }),
  },
);

builder.relayMutationField(
  'claimEscalation',
  {
    description: 'Which escalation to take.',
    inputFields: (t) => ({
      escalationId: t.id({ required: true, description: 'The escalation.' }),
      force: t.boolean({ description: 'True: take it from whoever holds it. Takes the scope `assign:conversations`, and is noted.' }),
    }),
  },
  {
    authScopes: staff('write:conversations'),
    description:
      'Takes a conversation: from here on agents are silent, also in the middle of an answer, and only the viewer speaks for the desk. Of many who claim one wins; the others get ALREADY_CLAIMED with the name of who did.',
    resolve: (_root, { input }, { viewer, desk }) =>
      desk.escalations.claim(requireViewer(viewer), { escalationId: idOf('input.escalationId', 'esc', input.escalationId), force: input.force ?? null }),
  },
  {
    outputFields: (t) => ({
      escalation: t.prismaField({
        type: Escalation,
        description: 'The escalation, held by the viewer.',
        resolve: async (query, payload, _args, context) => found('escalation', await loadEscalation(query, payload.escalation.id, context)),
      }),
    }),
  },
);

builder.relayMutationField(
  'releaseEscalation',
  {
    description: 'Which escalation to give back.',
    inputFields: (t) => ({
      escalationId: t.id({ required: true, description: 'The escalation.' }),
      toAgents: t.boolean({ description: 'True: agents answer until somebody claims it again. Left out: nobody does.' }),
    }),
  },
  {
    authScopes: staff('write:conversations'),
    description: 'Gives a conversation back to the queue. NOT_CLAIMED for whoever does not hold it.',
    resolve: (_root, { input }, { viewer, desk }) =>
      desk.escalations.release(requireViewer(viewer), {
        escalationId: idOf('input.escalationId', 'esc', input.escalationId),
        toAgents: input.toAgents ?? null,
      }),
  },
  {
    outputFields: (t) => ({
      escalation: t.prismaField({
        type: Escalation,
        description: 'The escalation, in the queue again.',
        resolve: async (query, payload, _args, context) => found('escalation', await loadEscalation(query, payload.escalation.id, context)),
      }),
    }),
  },
);

builder.relayMutationField(
  'resolveEscalation',
  {
    description: 'Which escalation is settled, and how.',
    inputFields: (t) => ({
      escalationId: t.id({ required: true, description: 'The escalation.' }),
      summary: t.string({
        required: true,
        description: `What was said and settled, for the agents who go on and for colleagues: at most ${SUMMARY_CHARS_MAX} characters. The customer does not see it.`,
      }),
    }),
  },
  {
    authScopes: staff('write:conversations'),
    description: 'Settles an escalation and hands the conversation back to the agents, who know the summary. NOT_CLAIMED for whoever does not hold it.',
    resolve: (_root, { input }, { viewer, desk }) =>
      desk.escalations.resolve(requireViewer(viewer), {
        escalationId: idOf('input.escalationId', 'esc', input.escalationId),
        summary: text('input.summary', input.summary, SUMMARY_CHARS_MAX),
      }),
  },
  {
    outputFields: (t) => ({
      escalation: t.prismaField({
        type: Escalation,
        description: 'The escalation, settled.',
        resolve: async (query, payload, _args, context) => found('escalation', await loadEscalation(query, payload.escalation.id, context)),
      }),
    }),
  },
);
