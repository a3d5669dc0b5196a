/**
 * Whether people should take over, and which: rules over what was read in a message, any one of which is enough. Says which fired and
 * why. Decides only; whoever asks raises the case. Words count as words: an issue is not "sue", a personal plan no person.
 */
import { priorityOf, teamOf, type Team } from '../../store/escalation.ts';
import type { Plan, Priority } from '../../store/generated/prisma/client.ts';
import type { Policy } from '../../store/policy-schema.ts';
import { URGENCIES, type Urgency } from './urgency.ts';
import { readWords } from './words.ts';

export const ESCALATION_DECISIONS = ['ANSWER', 'OFFER', 'ESCALATE'] as const;
export type EscalationDecision = (typeof ESCALATION_DECISIONS)[number];

export const ESCALATION_RULES = ['explicit_request', 'legal', 'critical', 'high_value', 'very_negative_sentiment', 'too_many_turns', 'low_confidence'] as const;
export type EscalationRule = (typeof ESCALATION_RULES)[number];

export interface EscalationInput {
  readonly text: string;
  /** How sure the choice of the agent is, 0 to 1. */
  readonly confidence: number;
  /** True when the message was routed to who stands for a person. */
  readonly toPerson: boolean;
  readonly sentiment: number;
  /** What the words say, before the account raised it. */
  readonly urgency: Urgency;
  readonly complexity: number;
  /** Messages of the customer, this one included, since anything was solved. */
  readonly turns: number;
  readonly plan: Plan;
  readonly monthlyValueCents: number;
}

export interface FiredRule {
  readonly rule: EscalationRule;
  readonly urgency: Urgency;
  readonly team: Team;
  /** One sentence. */
  readonly because: string;
}

export interface Escalation {
  readonly decision: EscalationDecision;
  readonly fired: readonly FiredRule[];
  /** Of the case, when there is one: the highest of the rules that fired. */
  readonly urgency: Urgency | null;
  readonly team: Team | null;
  readonly priority: Priority | null;
  /** One sentence for a support lead. */
  readonly reason: string;
}

const PERSON =
  '(?:human(?: being)?s?|person|representatives?|reps?|managers?|supervisors?|boss|superior|operators?|advis[eo]rs?|employees?|executives?|staff(?: members?)?|members? of staff|team lead(?:er)?|(?:some|any)(?:body|one) real|real (?:person|people|one|employee|technician|engineer)|salesperson|ceo)';
const KIND = '(?:real|live|living|actual|human|support|customer (?:service|care|support)|service|proper|sales|named|competent|press)';
/** Who somebody of their own workspace is, not somebody of ours; or a word that makes a role, a field or a column of it. */
const NOT_OURS =
  '(?! (?:role|account|permission|rights|seat|view|field|column|resources|tasks?|dashboard|at (?:my|our)|from (?:my|our) (?:team|company)|in (?:my|our)|on (?:my|our) (?:team|board)|to (?:be|the (?:board|project|workspace))))';
const EXPLICIT = new RegExp(
  [
    `\\b(?:talk|tlak|speak|speek|spk|chat|conversation|word|connect(?:ed)?|conect|put (?:me )?(?:back )?(?:through|on)|transfer(?:red)?|route|escalate) (?:\\w+ ){0,3}?(?:to|2|with|on to|over to) (?:(?:a|an|the|your|one of your|some|my|any) )?(?:${KIND} ){0,2}(?:${PERSON}|agents?|support staff|some(?:one|body)|sb\\b|advis[eo]r|your (?:team|staff|boss))(?!\\w)${NOT_OURS}`,
    `\\b(?:want|need|demand|require|insist on|get me|give me|find me|bring me|prefer|let me have|may i have|served by|wait(?:ing)? (?:\\w+ ){0,3}for) (?:(?:a|an|the|your|one|just a) )?(?:${KIND} ){0,2}(?:${PERSON}|person to (?:talk|speak|call)|(?:human|live|real) (?:agents?|answer)|customer service)(?!\\w)${NOT_OURS}`,
    `^(?:(?:hello|hi|hey|ok|just|a|an|thx|no)[ ,?!.]+)*(?:${KIND} ){0,2}(?:${PERSON}|person|agent)(?: ?(?:please|pls|now|agent))*[\\s.!?]*$`,
    '\\b(?:who|whom) (?:can|do|may|should|on your staff may) i (?:talk|speak|call|ask)\\b|\\bis (?:there|this|anybody|anyone) (?:\\w+ ){0,2}(?:real(?: (?:person|human)|[?.!]|$| at)|human|a (?:real )?person|there\\b)(?! (?:way|difference|time))',
    '\\b(?:no|not an?|skip the|turn off the|stop (?:\\w+ ){0,3}|no more|enough of|sick of|tired of|instead of (?:a |the )?|refuses) ?(?:chat)?(?:bots?|robots?|machines?|ai|automated (?:answers|replies|messages))\\b|\\btalk to (?:a )?(?:machines?|bots?|robots?)\\b|\\bnot by software\\b',
    '\\b(?:call|phone|ring|contact) me\\b(?! (?:when|if|by my))|\\bgive me a (?:ring|call)\\b|\\bcall ?back from\\b|\\b(?:phone|telephone) (?:number|line) of (?:your|the) support\\b|\\byour (?:hotline|phone number)\\b|\\bschedule a call\\b|\\b(?:zoom|video) call with\\b|\\blive (?:support|agents?|chat with)\\b',
    '\\bhuman (?:please|support|help|agent)\\b|\\bperson,? (?:please|pls|now)\\b|\\bperson\\. now\\b|\\bescalate (?:this|my|the) ?(?:case|ticket|matter)?\\b|\\b(?:put|get) (?:me )?(?:a (?:person|human|guy)|some(?:one|body) (?:real|on)|a human) ?(?:on)?\\b',
    "\\bmit einem (?:menschen|mitarbeiter)\\b|\\bmitarbeiter bitte\\b|\\brufen sie mich\\b|\\bcon una persona\\b|\\bagente humano\\b|\\bllámenme\\b|\\bà (?:un humain|une personne|un conseiller|quelqu'un)\\b|\\bappelez-moi\\b|\\bcom (?:uma pessoa|um atendente)\\b",
  ].join('|'),
);
/** A threat, not a lawyer who asks or reads: those are customers too. */
const LEGAL =
  /\b(?:sue|sues|suing|lawsuit|legal (?:action|steps|proceedings)|take (?:you|this|it) to court|see you in court|go(?:ing)? to court|small claims|report(?:ing)? you to|ombudsman|gdpr (?:complaint|violation|breach)|privacy violation|(?:my|our|a) (?:lawyer|attorney|solicitor)s? (?:will|is going to|are going to|has been|have been|is ready)|(?:hear|letter|call|mail) from (?:my|our|a) (?:lawyer|attorney|solicitor)s?|(?:call|contact|involve|instruct|hand (?:this|it) (?:over )?to|go to|talk to|speak to|see) (?:my|our|a) (?:lawyer|attorney|solicitor)s?|(?:complain(?:t|ing)?|report(?:ing)?|go|going|turn|inform) (?:\w+ ){0,3}?(?:to )?(?:the |a )?(?:regulators?|data protection authority|consumer protection)|(?:the )?regulator (?:will|is) (?:hear|inform\w*|involved)|mein anwalt|mi abogad[oa]|mon avocat|meu advogad[oa])\b/;

type Rule = Omit<FiredRule, 'team'>;

export function decideEscalation(input: EscalationInput, policy: Pick<Policy, 'escalation' | 'priority'>): Escalation {
  const { text } = readWords(input.text);
  const { monthlyValueCents } = input;
  const rules = rulesOf(input, text, policy.escalation).flatMap((rule) => rule ?? []);
  if (rules.length === 0) {
    const near = input.sentiment < policy.priority.sentimentBelow || input.turns === policy.escalation.turnsMax;
    return {
      decision: near ? 'OFFER' : 'ANSWER',
      fired: [],
      urgency: null,
      team: null,
      priority: null,
      reason: near ? 'No rule fired, but the conversation is near to one: a person may be offered.' : 'No rule fired: the agent answers.',
    };
  }
  const urgency = URGENCIES[Math.max(...rules.map((rule) => URGENCIES.indexOf(rule.urgency)))] ?? 'medium';
  const names = rules.map(({ rule }) => rule);
  return {
    decision: 'ESCALATE',
    fired: rules.map((rule) => ({ ...rule, team: teamOf([rule.rule], rule.urgency, monthlyValueCents, policy) })),
    urgency,
    team: teamOf(names, urgency, monthlyValueCents, policy),
    priority: priorityOf({ ...input, urgency }, policy),
    reason: rules.map(({ because }) => because).join(' '),
  };
}

function rulesOf(input: EscalationInput, text: string, policy: Policy['escalation']): (Rule | null)[] {
  const { confidence, toPerson, sentiment, urgency, complexity, turns, plan, monthlyValueCents } = input;
  const asked = EXPLICIT.exec(text);
  const legal = LEGAL.exec(text);
  const valuable = plan === 'enterprise' || monthlyValueCents >= policy.monthlyValueFromCents;
  return [
    asked || toPerson
      ? {
          rule: 'explicit_request',
          urgency: 'medium',
          because: asked ? `The customer asks for a person ("${asked[0].trim()}").` : 'The message is one for a person.',
        }
      : null,
    legal && { rule: 'legal', urgency: 'critical', because: `The customer names the law or a regulator ("${legal[0]}").` },
    urgency === 'critical' ? { rule: 'critical', urgency: 'critical', because: 'The message tells of a total outage, lost data or a break-in.' } : null,
    valuable && complexity >= policy.complexityFrom
      ? { rule: 'high_value', urgency: 'high', because: `A valuable account asks something complex (${complexity} of 10).` }
      : null,
    sentiment < policy.sentimentBelow ? { rule: 'very_negative_sentiment', urgency: 'high', because: `The message is very negative (${sentiment}).` } : null,
    turns > policy.turnsMax ? { rule: 'too_many_turns', urgency: 'medium', because: `${turns} messages without progress.` } : null,
    confidence < policy.confidenceBelow
      ? { rule: 'low_confidence', urgency: 'low', because: `It is unclear who should answer (confidence ${confidence.toFixed(2)}).` }
      : null,
  ];
}
