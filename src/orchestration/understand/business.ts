/**
 * Which part of the business a message belongs to (support, sales, customer success), and for the last two which category. Rules over
 * words and the account; the category of support is the field of the agent that the router finds. Doubt goes to support.
 */
import { PROBLEMS } from './entity-words.ts';
import type { Words } from './words.ts';

export const BUSINESS_DOMAINS = ['support', 'sales', 'customer_success'] as const;
export type BusinessDomain = (typeof BUSINESS_DOMAINS)[number];

export interface Account {
  readonly plan: string;
  readonly healthScore: number;
  readonly churnRisk: number;
  readonly ageDays: number;
  /** Infinity without a year that ends. */
  readonly renewalDays: number;
}

export interface BusinessRead {
  readonly domain: BusinessDomain;
  /** Null for support: the chosen agent's field says it. */
  readonly category: string | null;
  /** 0 to 1. */
  readonly confidence: number;
  readonly reason: string;
}

const BUYING =
  /\b(?:upgrade|buy|purchase|demo|trial|sales|enterprise|quote|proposal|contract|pricing|how much|evaluat\w+|considering|interested in|plans?|discount|roi|business case|competitors?|compare|versus)\b/;
const HOW_TO = /\b(?:how (?:do|can|to)|where (?:is|do|can)|show me|explain|set up|change my|reset|invoice|receipt|refund|password)\b/;
const VALUE =
  /\b(?:worth (?:it|the money)|not (?:using|worth)|hardly use|barely use|nobody uses|get more out of|getting value|adoption|renewal|renew|success manager|business review|roll(?:ing)? out|onboarding|kick-?off|thinking of leaving|consider(?:ing)? (?:leaving|switching)|reconsider\w*|review our (?:setup|contract))\b/;

const SALES: readonly (readonly [string, RegExp])[] = [
  ['progression', /\b(?:sign|contract|proposal|order form|purchase order|ready to (?:buy|start|sign)|procurement|next steps|quote for)\b/],
  [
    'objection',
    /\b(?:too expensive|expensive|cheaper|competitors?|asana|trello|monday\.com|jira|clickup|notion|missing|lacks?|worried|not convinced|security (?:question|review))\b/,
  ],
  ['education', /\b(?:demo|how does|what does|show|features?|use case|works? for|roi|success stor\w+|implement\w*|case stud\w+)\b/],
];

export function readBusiness(words: Words, account: Account): BusinessRead {
  const { text } = words;
  const problem = PROBLEMS.exec(text);
  if (problem) return { domain: 'support', category: null, confidence: 0.9, reason: `Something does not work ("${problem[0]}").` };
  const value = VALUE.exec(text);
  if (value && account.plan !== 'free') return success(account, value[0]);
  const buying = BUYING.exec(text);
  if (buying && account.plan === 'free' && !HOW_TO.test(text)) return sales(text, account, buying[0]);
  if (buying && account.plan !== 'free')
    return { domain: 'support', category: null, confidence: 0.8, reason: 'A paying customer speaks of plans or prices: billing answers.' };
  if (HOW_TO.test(text)) return { domain: 'support', category: null, confidence: 0.9, reason: 'The customer asks how something is done or wants it done.' };
  return { domain: 'support', category: null, confidence: 0.6, reason: 'Nothing speaks for sales or customer success.' };
}

/** Also for a message that is known to be one for sales. */
export function salesCategory(text: string): string {
  return SALES.find(([, pattern]) => pattern.test(text))?.[0] ?? 'qualification';
}

/** By the account alone: what the account needs most comes before what was said. */
export function successCategory({ churnRisk, healthScore, ageDays, renewalDays, plan }: Account): { readonly category: string; readonly reason: string } {
  if (churnRisk > 0.7 || healthScore < 35) return { category: 'health', reason: 'the account may be lost or is unwell' };
  if (ageDays < 30) return { category: 'onboarding', reason: 'the account is younger than a month' };
  if (healthScore < 50 || churnRisk > 0.6) return { category: 'health', reason: 'the account is not well' };
  if (renewalDays <= 90) return { category: 'retention', reason: 'the year renews within 90 days' };
  if (ageDays < 90) return { category: 'onboarding', reason: 'the account is younger than three months' };
  if (churnRisk >= 0.3) return { category: 'retention', reason: 'there is some risk of leaving' };
  if (plan === 'enterprise') return { category: 'retention', reason: 'an enterprise account is kept before it is grown' };
  return { category: 'expansion', reason: 'the account is well and stays' };
}

function success(account: Account, words: string): BusinessRead {
  const { category, reason } = successCategory(account);
  return {
    domain: 'customer_success',
    category,
    confidence: 0.75,
    reason: `A paying customer speaks of what the product is worth ("${words}"), and ${reason}.`,
  };
}

function sales(text: string, { plan }: Account, words: string): BusinessRead {
  return { domain: 'sales', category: salesCategory(text), confidence: 0.75, reason: `A customer on the ${plan} plan shows interest in buying ("${words}").` };
}
