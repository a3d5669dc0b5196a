/** The items of a stream that are about escalations. The desk is told of everything, a conversation of what its customer may know. */
import type { SlaClock as SlaClockValue } from '../events/event.ts';
import { builder, type Context } from './builder.ts';
import { Escalation, loadEscalation, Priority } from './escalation.ts';
import { Participant } from './presence.ts';
import { PART } from './rule.ts';
import { EscalationDecision } from './run.ts';
import { upperCased } from './scalars.ts';
import { ConversationStreamItem, EVERYWHERE, EscalationStreamItem, StreamItem, type ItemOf } from './stream-item.ts';

const DESCRIPTION = 'The escalation as it is now. `null` when it has since been erased, or beside an error when it could not be read.';
/** Told to the desk and in the conversation. */
const BOTH = [StreamItem, ConversationStreamItem, EscalationStreamItem];
const DESK = [StreamItem, EscalationStreamItem];

const SlaClock = builder.enumType('SlaClock', {
  description: 'Which promise runs.',
  values: upperCased<SlaClockValue>({ first_reply: 'That a person answers.', resolution: 'That it is settled.' }),
});

type Told = ItemOf<
  'EscalationRaised' | 'EscalationQueued' | 'EscalationClaimed' | 'EscalationReleased' | 'EscalationResolved' | 'EscalationSlaWarning' | 'EscalationSlaBreached'
>;

/** As it is now, on every item about one. */
const ESCALATION = {
  type: Escalation,
  nullable: true,
  description: DESCRIPTION,
  resolve: (query: object, { said }: Told, _args: object, context: Context) => loadEscalation(query, said.escalationId, context),
} as const;

builder.objectRef<ItemOf<'EscalationDecided'>>('EscalationDecided').implement({
  ...PART,
  description: 'It is judged whether the message needs a person; told of every turn, to the staff.',
  interfaces: EVERYWHERE,
  fields: (t) => ({
    runId: t.id({ description: 'The run.', resolve: ({ said }) => said.runId }),
    decision: t.field({ type: EscalationDecision, description: 'What follows from it.', resolve: ({ said }) => said.decision }),
    rules: t.stringList({ description: 'The rules that fired, by name.', resolve: ({ said }) => said.rules }),
    confidence: t.float({
      description: 'How sure the choice of the agent is, 0 to 1: one of the things that are judged.',
      resolve: ({ said }) => said.confidence,
    }),
    priority: t.field({
      type: Priority,
      nullable: true,
      description: 'How much it presses; `null` unless a person is needed.',
      resolve: ({ said }) => said.priority,
    }),
    team: t.string({ nullable: true, description: 'Who should take it; `null` unless a person is needed.', resolve: ({ said }) => said.team }),
    reason: t.string({ description: 'Why, in a sentence or two.', resolve: ({ said }) => said.reason }),
  }),
});

builder.objectRef<ItemOf<'EscalationRaised'>>('EscalationRaised').implement({
  ...PART,
  description: 'A person is asked for.',
  interfaces: BOTH,
  fields: (t) => ({
    escalation: t.prismaField(ESCALATION),
  }),
});

builder.objectRef<ItemOf<'EscalationQueued'>>('EscalationQueued').implement({
  ...PART,
  description: 'Where it stands in the queue: told when it enters, comes back or moves up.',
  interfaces: BOTH,
  fields: (t) => ({
    escalation: t.prismaField(ESCALATION),
    place: t.int({ description: 'Its place in the queue of its team: 0 is next.', resolve: ({ said }) => said.place }),
    expectedWaitSeconds: t.int({
      nullable: true,
      description: 'How long it will take by what it took lately, hours in which nobody is there included; `null` when that is not known.',
      resolve: ({ said }) => said.expectedWaitS,
    }),
    peopleBackAt: t.field({
      type: 'DateTime',
      nullable: true,
      description: 'When the people of the desk are back; `null` while they are there.',
      resolve: ({ said }) => said.peopleBackAt,
    }),
  }),
});

builder.objectRef<ItemOf<'EscalationClaimed'>>('EscalationClaimed').implement({
  ...PART,
  description: 'A person has taken the conversation: no text of an agent comes after this, until it is handed back.',
  interfaces: BOTH,
  fields: (t) => ({
    escalation: t.prismaField(ESCALATION),
    person: t.field({ type: Participant, description: 'Who.', resolve: ({ said }) => ({ kind: 'person' as const, id: said.userId }) }),
  }),
});

builder.objectRef<ItemOf<'EscalationReleased'>>('EscalationReleased').implement({
  ...PART,
  description: 'The person has given it back to the queue, or kept silent for too long.',
  interfaces: BOTH,
  fields: (t) => ({
    escalation: t.prismaField(ESCALATION),
    by: t.string({ description: 'Who gave it back: "user:usr_…", or "system" when the customer was left waiting.', resolve: ({ said }) => said.by }),
  }),
});

builder.objectRef<ItemOf<'EscalationResolved'>>('EscalationResolved').implement({
  ...PART,
  description: 'It is settled, or its conversation was closed: agents answer again.',
  interfaces: BOTH,
  fields: (t) => ({
    escalation: t.prismaField(ESCALATION),
  }),
});

builder.objectRef<ItemOf<'EscalationSlaWarning'>>('EscalationSlaWarning').implement({
  ...PART,
  description: 'Most of the time that was promised is over. Told once for each promise.',
  interfaces: DESK,
  fields: (t) => ({
    escalation: t.prismaField(ESCALATION),
    clock: t.field({ type: SlaClock, description: 'Which promise.', resolve: ({ said }) => said.clock }),
    dueAt: t.field({ type: 'DateTime', description: 'When it is due.', resolve: ({ said }) => said.dueAt }),
  }),
});

builder.objectRef<ItemOf<'EscalationSlaBreached'>>('EscalationSlaBreached').implement({
  ...PART,
  description: 'What was promised was not kept. Told once for each promise.',
  interfaces: DESK,
  fields: (t) => ({
    escalation: t.prismaField(ESCALATION),
    clock: t.field({ type: SlaClock, description: 'Which promise.', resolve: ({ said }) => said.clock }),
    dueAt: t.field({ type: 'DateTime', description: 'When it was due.', resolve: ({ said }) => said.dueAt }),
  }),
});
