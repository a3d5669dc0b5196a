/**
 * How much a message asks for, 1 to 10: how many questions, fields, systems and earlier attempts it holds. Says whether several agents
 * are needed, how long that may take and which skills it wants. The account's own circumstances raise it, by fixed rules.
 */
import type { Entity } from './entities.ts';
import type { Urgency } from './urgency.ts';
import type { Words } from './words.ts';

export const COMPLEXITY_BANDS = ['simple', 'moderate', 'complex', 'very complex'] as const;
export const SKILLS = [
  'technical_support',
  'billing_specialist',
  'customer_success',
  'sales_specialist',
  'integration_expert',
  'security_specialist',
  'data_analyst',
] as const;
export type Skill = (typeof SKILLS)[number];

export interface Complexity {
  /** 1 to 10. */
  readonly score: number;
  readonly band: (typeof COMPLEXITY_BANDS)[number];
  readonly severalAgents: boolean;
  readonly time: 'quick' | 'medium' | 'long';
  readonly skills: readonly Skill[];
  readonly because: readonly string[];
}

/** What of the account counts. */
export interface Standing {
  readonly plan: string;
  readonly churnRisk: number;
  readonly healthScore: number;
}

/** Fields of work, and whose skill each wants. */
const FIELDS: readonly (readonly [string, Skill, RegExp])[] = [
  ['money', 'billing_specialist', /\b(?:invoices?|payments?|billing|billed|charged?|refunds?|pric(?:e|es|ing)|costs?|discounts?|vat|renewal)\b/],
  ['sign-in', 'security_specialist', /\b(?:passwords?|log ?in|sign ?in|2fa|two-factor|locked out|sessions?)\b/],
  ['single sign-on', 'security_specialist', /\b(?:sso|saml|scim|okta|entra|provision\w*)\b/],
  ['API', 'integration_expert', /\b(?:api|endpoints?|rate limits?|429|quota|importer)\b/],
  ['webhooks', 'integration_expert', /\b(?:webhooks?|signatures?|hmac)\b/],
  ['OAuth', 'integration_expert', /\b(?:oauth|tokens?|redirect)\b/],
  ['sync', 'technical_support', /\b(?:sync\w*|duplicates?|conflicts?)\b/],
  ['speed', 'technical_support', /\b(?:slow|performance|timeouts?|lag\w*)\b/],
  ['crash', 'technical_support', /\b(?:crash\w*|freez\w*|froze|hangs?|closes itself)\b/],
  ['moving data', 'data_analyst', /\b(?:import\w*|migrat\w*|export\w*|csv|map the fields)\b/],
  ['law', 'security_specialist', /\b(?:gdpr|hipaa|soc 2|dpa|auditor|compliance|subprocessors?)\b/],
  ['rights', 'security_specialist', /\b(?:permissions?|roles?|guests?|access rights)\b/],
  ['training', 'customer_success', /\b(?:training|trains|onboarding|roll(?:ing)? ?out|adoption|best practices?)\b/],
  ['buying', 'sales_specialist', /\b(?:upgrade|enterprise|contract|demo|trial)\b/],
];
const TRIED =
  /\b(?:already (?:tried|did|have)|i (?:tried|reinstalled|restarted|cleared)|reinstalled|cleared the (?:cache|data)|logged out and|restarted|waited (?:a|an|\d))\b/;
const STEPS = /\b(?:then|after that|afterwards|while|although|until|whether|side by side|in parallel|depends on|as well as)\b/g;
const ASKING = /\?|\b(?:how|what|which|whether|who|when|if|why|where)\b(?= \w+ \w+)/g;

export function assessComplexity(words: Words, entities: readonly Entity[], urgency: Urgency, standing: Standing): Complexity {
  const { text, count } = words;
  const fields = FIELDS.filter(([, , pattern]) => pattern.test(text));
  const because: string[] = [];
  let score = 1;
  const add = (points: number, why: string): void => {
    if (points <= 0) return;
    score += points;
    because.push(why);
  };
  const asked = (text.match(ASKING) ?? []).filter((mark) => mark !== '?').length;
  add(Math.min(2, Math.max(0, asked - 1)), `${asked} things are asked`);
  add(Math.min(3, fields.length - 1), `it touches ${fields.map(([name]) => name).join(', ')}`);
  add(count > 60 ? 2 : count > 25 ? 1 : 0, `it has ${count} words`);
  add(Math.min(2, (text.match(STEPS) ?? []).length), 'one thing depends on another');
  add(TRIED.test(text) ? 1 : 0, 'something was tried already');
  add(entities.some(({ kind }) => kind === 'tech_stack') && fields.length > 0 ? 1 : 0, "it is about the customer's own technology");
  add(urgency === 'critical' ? 2 : 0, 'it is critical');
  return conclude(Math.min(10, score), because, fields, urgency, standing);
}

function conclude(read: number, because: string[], fields: typeof FIELDS, urgency: Urgency, { plan, churnRisk, healthScore }: Standing): Complexity {
  const atRisk = churnRisk > 0.7 && read >= 5;
  const score = atRisk ? Math.min(10, read + 1) : read;
  const rules: readonly (readonly [boolean, string])[] = [
    [score >= 8, 'so much needs several agents'],
    [plan === 'enterprise' && score >= 6, 'an enterprise account gets several agents from 6 on'],
    [atRisk, 'the account may be lost, so one point more and several agents'],
    [healthScore < 40 && score >= 5, 'the account is unwell, so several agents from 5 on'],
    [urgency === 'critical' && score >= 6, 'it is critical, so several agents from 6 on'],
  ];
  const fired = rules.filter(([fires]) => fires).map(([, why]) => why);
  return {
    score,
    band: score <= 3 ? 'simple' : score <= 6 ? 'moderate' : score <= 8 ? 'complex' : 'very complex',
    severalAgents: fired.length > 0,
    time: score <= 3 ? 'quick' : score <= 6 ? 'medium' : 'long',
    skills: [...new Set(fields.map(([, skill]) => skill))],
    because: [...because, ...fired],
  };
}
