/** A person's word on who should have answered a message. */
import { requireViewer } from '../desk/access.ts';
import { Agent, agentOf } from './agent.ts';
import { builder } from './builder.ts';
import { agentIdOf, given, idOf, line } from './input.ts';
import { PART, staff } from './rule.ts';
import { Run } from './run.ts';

const NOTE_CHARS_MAX = 500;

const RouteCorrection = builder.prismaObject('RouteCorrection', {
  ...PART,
  description: 'A person’s word on who should have answered a message.',
  fields: (t) => ({
    text: t.exposeString('text', { description: 'The message.' }),
    chosen: t.field({
      type: Agent,
      nullable: true,
      description: 'Who answered; `null` when nobody did, or that agent has since been removed.',
      resolve: (correction, _args, context) => agentOf(context, correction.chosenAgentId),
    }),
    correct: t.field({
      type: Agent,
      nullable: true,
      description: 'Who should have; `null` when that agent has since been removed.',
      resolve: (correction, _args, context) => agentOf(context, correction.correctAgentId),
    }),
    note: t.exposeString('note', { nullable: true, description: 'Why, if the person said so.' }),
    createdAt: t.expose('createdAt', { type: 'DateTime', description: 'When it was said last.' }),
  }),
});

builder.relayMutationField(
  'correctRoute',
  {
    description: 'Which run, and who should have answered.',
    inputFields: (t) => ({
      runId: t.id({ required: true, description: 'The run that answered the message.' }),
      agentId: t.id({ required: true, description: 'The agent that would have been right; "escalation_decider" stands for a person.' }),
      note: t.string({ description: `Why, in one line of at most ${NOTE_CHARS_MAX} characters.` }),
    }),
  },
  {
    authScopes: staff('write:conversations'),
    description: 'Says which agent a message should have gone to. Staff only; one word per person and run, the latest counts.',
    resolve: (_root, { input }, { viewer, desk }) =>
      desk.routeCorrections.correct(requireViewer(viewer), {
        runId: idOf('input.runId', 'run', input.runId),
        agentId: agentIdOf('input.agentId', input.agentId),
        note: given(input.note, (value) => line('input.note', value, NOTE_CHARS_MAX)) ?? null,
      }),
  },
  {
    outputFields: (t) => ({
      correction: t.field({ type: RouteCorrection, description: 'The word as it stands now.', resolve: (payload) => payload.correction }),
      run: t.field({ type: Run, description: 'The run it is about.', resolve: (payload) => payload.run }),
    }),
  },
);
