/**
 * `decide_escalation`: whether people should take a message over, by the rules that every turn is judged with, told in words a customer
 * may read. Raises nothing: ask_for_person does.
 */
import { z } from 'zod';
import { notFound } from '../foundation/errors.ts';
import type { Router } from '../catalog/router.ts';
import { escalationOf } from '../orchestration/judge.ts';
import type { AnyTool } from '../orchestration/tool.ts';
import { understand } from '../orchestration/understand.ts';
import { confidenceOf, type EscalationRule } from '../orchestration/understand/escalation.ts';
import type { SignalReader } from '../orchestration/understand/signal-model.ts';
import { readCustomerFacts } from '../store/customer-facts.ts';
import type { Database } from '../store/database.ts';
import type { Team } from '../store/escalation.ts';
import { readPolicy } from '../store/policy.ts';
import { defineTool } from './define-tool.ts';
import { sentences, writeList } from './words.ts';

const Input = z.strictObject({ text: z.string().min(1).max(10_000).optional().describe('The message; left out: the one being answered.') });

const REASONS: Readonly<Record<EscalationRule, string>> = {
  explicit_request: 'you ask for one',
  legal: 'you name the law or a regulator',
  critical: 'you tell of an outage, lost data or a break-in',
  high_value: 'your account has people of its own for questions as complex as this',
  very_negative_sentiment: 'you are not content with us at all',
  too_many_turns: 'several messages have not solved it',
  low_confidence: 'it is unclear which of us should answer',
};

const TEAMS: Readonly<Record<Team, string>> = {
  executive: 'the executive team',
  management: 'the management',
  specialist: 'a specialist',
  tier2_support: 'second-line support',
};

export interface DecideEscalationDeps {
  readonly database: Database;
  readonly router: Router;
  readonly readSignals: SignalReader;
}

export function decideEscalation({ database, router, readSignals }: DecideEscalationDeps): AnyTool {
  return defineTool<z.infer<typeof Input>, Record<string, never>>({
    name: 'decide_escalation',
    description: 'Judges by fixed rules whether a person should take a message over, how urgently, and which team. It passes nothing on.',
    input: Input,
    grant: z.strictObject({}),
    effect: 'read',
    infer: () => ({}),
    async run({ text = '' }, _grant, { customerId, conversationId, said, earlier, now }, signal) {
      const message = text === '' ? said : text;
      const [customer, policy] = await Promise.all([readCustomerFacts(database, customerId, conversationId, now), readPolicy(database)]);
      if (!customer) throw notFound('customer');
      const read = understand({ text: message, customer, earlier, now }, readSignals);
      const route = await router.route({ text: read.subject, earlier, lastAgentId: null, enabled: () => true }, signal);
      const decided = escalationOf(read, route, customer, policy);
      const because = writeList(decided.fired.map(({ rule }) => REASONS[rule]));
      const summary =
        decided.decision === 'ESCALATE' && decided.team
          ? sentences(`This is a matter for a person, because ${because}.`, `It belongs to ${TEAMS[decided.team]}, with ${decided.priority} priority.`)
          : decided.decision === 'OFFER'
            ? 'No rule asks for a person yet, but one may be offered.'
            : 'No rule asks for a person here: an agent can answer this.';
      return { summary, facts: { ...decided, confidence: confidenceOf(route) } };
    },
  });
}
