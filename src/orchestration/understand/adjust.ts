/** What the account adds to how a message sounds: a customer who may be lost, is unwell or is large is taken more seriously. Fixed rules. */
import type { Standing } from './complexity.ts';
import { bandOf, type Sentiment } from './sentiment.ts';
import { URGENCIES, type Urgency } from './urgency.ts';

export interface Adjusted {
  readonly score: number;
  readonly band: Sentiment['band'];
  readonly urgency: Urgency;
  /** The rules that changed something. */
  readonly rules: readonly string[];
}

export function adjust(read: Sentiment, urgency: Urgency, { plan, churnRisk, healthScore }: Standing): Adjusted {
  const rules: string[] = [];
  let { score } = read;
  let level = URGENCIES.indexOf(urgency);
  if (churnRisk > 0.7 && score <= -0.2) {
    score = Math.max(-1, Math.round((score - 0.1) * 100) / 100);
    level += 1;
    rules.push('The account may be lost and the message is negative: the score is lowered and the urgency raised.');
  }
  if (healthScore < 40 && level < URGENCIES.indexOf('high')) {
    level = URGENCIES.indexOf('high');
    rules.push('The account is unwell: the urgency is high.');
  }
  if (plan === 'enterprise' && score < -0.3) {
    level += 1;
    rules.push('An enterprise account is unhappy: the urgency is raised.');
  }
  return { score, band: bandOf(score), urgency: URGENCIES[Math.min(level, URGENCIES.length - 1)] ?? 'critical', rules };
}
