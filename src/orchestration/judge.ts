/**
 * Judges every turn once its agent is chosen: is a person needed? Yields the decision and, where one is, the wish for a person with all
 * that person must know. What the rules are is understand/escalation.ts; who raises it is whoever reads the events.
 */
import type { Route } from '../catalog/router.ts';
import { PERSON_AGENT_ID } from '../catalog/agent.ts';
import type { CustomerFacts } from '../store/customer-facts.ts';
import { priorityOf, type Team } from '../store/escalation.ts';
import type { Policy } from '../store/policy-schema.ts';
import { escalatedNote, peopleNote, takeOverSentence, type PeopleNote, type Wait } from './people.ts';
import { snapshotOf, type Intent, type Standing } from './snapshot.ts';
import { messagesSincePerson, type Turn } from './turn.ts';
import { confidenceOf, decideEscalation, type Escalation } from './understand/escalation.ts';
import type { Urgency } from './understand/urgency.ts';
import type { Understanding } from './understand.ts';
import type { Emit } from './workflow-event.ts';

export interface JudgeDeps {
  readonly policy: () => Promise<Pick<Policy, 'escalation' | 'priority' | 'hopsMax' | 'teams' | 'answerCheck'>>;
  /** How long people of this team take; asked only when one is needed. */
  readonly expectedWait: (asked: { readonly customerId: string; readonly team: Team; readonly priority: Urgency }) => Promise<Wait>;
}

export interface Judged {
  readonly escalation: Escalation;
  readonly people: PeopleNote | null;
}

export async function judgeTurn(deps: JudgeDeps, turn: Turn, understanding: Understanding, route: Route, intent: Intent, emit: Emit): Promise<Judged> {
  const confidence = confidenceOf(route);
  // What a person has settled was progress.
  const turns = Math.min(understanding.turnsWithoutProgress, messagesSincePerson(turn));
  const escalation = escalationOf({ ...understanding, turnsWithoutProgress: turns }, route, turn.customer, await deps.policy());
  await emit({ type: 'escalation_decided', escalation, confidence });
  const { decision, fired, team, priority, reason } = escalation;
  // Run by its id outside any conversation: there is nothing a person could take over.
  if (turn.conversationId === null) return { escalation, people: null };
  if (decision !== 'ESCALATE' || turn.escalated || !team || !priority) return { escalation, people: peopleNote(decision, turn.escalated) };
  const snapshot = snapshotOf({ turn, understanding, confidence, intent, agents: [], said: '' });
  const rules = fired.map(({ rule }) => rule);
  await emit({ type: 'person_wanted', reason, rules, team, priority, sentiment: understanding.sentiment.score, snapshot });
  return { escalation, people: escalatedNote(await deps.expectedWait({ customerId: turn.customerId, team, priority })) };
}

/** What the rules say of one message, as it was understood and routed. */
export function escalationOf(
  { kind, signals, sentiment, complexity, turnsWithoutProgress }: Understanding,
  route: Route,
  { plan, monthlyValueCents }: Pick<CustomerFacts, 'plan' | 'monthlyValueCents'>,
  policy: Pick<Policy, 'escalation' | 'priority'>,
): Escalation {
  return decideEscalation(
    {
      signals,
      mereManners: kind === 'greeting' || kind === 'thanks',
      confidence: confidenceOf(route),
      toPerson: route.by !== 'person' && route.agentId === PERSON_AGENT_ID,
      sentiment: sentiment.score,
      complexity: complexity.score,
      turns: turnsWithoutProgress,
      plan,
      monthlyValueCents,
    },
    policy,
  );
}

/** Why agents cannot pass a customer on any further. */
export type DeadEnd = 'hand_over_loop' | 'hand_overs_used_up';

const DEAD_ENDS: Readonly<Record<DeadEnd, string>> = {
  hand_over_loop: 'The agents would have sent the customer in a circle.',
  hand_overs_used_up: 'The customer has been passed on as often as is allowed.',
};

/**
 * Asks for a person instead of one more agent, unless one is asked for already; resolves to what the agent is told.
 * @param asked True when this turn has asked for a person.
 */
export async function endHandOvers(deps: JudgeDeps, standing: Standing, deadEnd: DeadEnd, asked: boolean, emit: Emit): Promise<string> {
  const { turn } = standing;
  const stay = `${DEAD_ENDS[deadEnd]} You stay with this answer: say what you can, and pass the customer on to nobody.`;
  if (turn.conversationId === null) return stay;
  if (asked || turn.escalated) return `${stay} A person has been asked for already.`;
  const wait = await askForPerson(deps, standing, deadEnd, `${DEAD_ENDS[deadEnd]} Answered so far: ${standing.agents.join(', ')}.`, emit);
  return `${stay} A person has been asked for instead. Tell the customer so, and nothing that goes beyond it: ${JSON.stringify(takeOverSentence(wait))}`;
}

/** For what agents cannot settle; the desk answers the open escalation where there is one. @returns How long people take. */
export async function askForPerson(deps: JudgeDeps, standing: Standing, rule: string, reason: string, emit: Emit): Promise<Wait> {
  const { turn, understanding } = standing;
  const { plan, monthlyValueCents } = turn.customer;
  const sentiment = understanding.sentiment.score;
  const priority = priorityOf({ plan, urgency: understanding.urgency.urgency, sentiment, monthlyValueCents }, await deps.policy());
  const team = 'tier2_support';
  await emit({ type: 'person_wanted', reason, rules: [rule], team, priority, sentiment, snapshot: snapshotOf(standing) });
  return deps.expectedWait({ customerId: turn.customerId, team, priority });
}
