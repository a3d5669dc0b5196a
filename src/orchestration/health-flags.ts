/**
 * What of a customer's account deserves attention: red (act), yellow (watch), green (build on). Rules over rows, one short sentence
 * each. An opinion for whoever answers, never for the customer.
 */
import { FEATURES } from '../store/feature.ts';
import type { CustomerFacts } from '../store/customer-facts.ts';

export interface HealthFlags {
  readonly red: readonly string[];
  readonly yellow: readonly string[];
  readonly green: readonly string[];
}

const DAY_MS = 86_400_000;
/** What a premium account pays for and a smaller one does not have. */
const PREMIUM_FEATURES = ['timeline', 'dashboards', 'automations', 'goals', 'api'] as const;

type Rule = readonly [fires: boolean, sentence: string];

export function healthFlags(facts: CustomerFacts, now: Date): HealthFlags {
  const fired = (rules: readonly Rule[]): string[] => rules.filter(([fires]) => fires).map(([, sentence]) => sentence);
  return { red: fired(redRules(facts, now)), yellow: fired(yellowRules(facts, now)), green: fired(greenRules(facts)) };
}

function redRules(facts: CustomerFacts, now: Date): Rule[] {
  const { lastSeenAt, subscription, lastPaymentFailed, failedPayments, overdueInvoices, openTickets, rating, churnRisk } = facts;
  const away = lastSeenAt === null ? 0 : daysBetween(lastSeenAt, now);
  return [
    [away > 30, `not seen for ${away} days`],
    [subscription?.cancelAtPeriodEnd === true, 'the subscription ends with this period'],
    [lastPaymentFailed, 'the last payment failed: the payment method may be invalid'],
    [failedPayments >= 3, `${failedPayments} failed payments in 90 days`],
    [overdueInvoices > 0, `${overdueInvoices} overdue invoice${overdueInvoices === 1 ? '' : 's'}`],
    [openTickets >= 3, `${openTickets} open tickets`],
    [rating !== null && rating < 3, `ratings average ${rating?.toFixed(1)} of 5`],
    [churnRisk > 0.7, 'high risk of leaving'],
  ];
}

function yellowRules(facts: CustomerFacts, now: Date): Rule[] {
  const { signIns, subscription, escalations, rating, healthScore, churnRisk } = facts;
  const adoption = adoptionOf(facts);
  const trial =
    subscription?.status === 'trialing' || (subscription?.trialEndsAt !== undefined && subscription.trialEndsAt !== null && subscription.trialEndsAt > now);
  const renewalDays = subscription === null ? Infinity : daysBetween(now, subscription.periodEnd);
  const used = seatShare(facts);
  return [
    [signIns !== null && signIns < 5, `only ${signIns} sign-ins in 30 days`],
    [adoption !== null && adoption < 0.3, 'uses few of the features'],
    [trial, 'on trial'],
    // A monthly plan renews every month: only a year that ends is news.
    [subscription?.cycle === 'annual' && renewalDays >= 0 && renewalDays <= 30, `the year renews in ${renewalDays} days`],
    [used >= 0.9, `${subscription?.seatsUsed} of ${subscription?.seats} seats used`],
    [escalations >= 2, `${escalations} conversations went to people in 90 days`],
    [rating !== null && rating >= 3 && rating <= 3.5, `ratings average ${rating?.toFixed(1)} of 5`],
    [healthScore >= 30 && healthScore <= 60, `health ${healthScore} of 100`],
    [churnRisk >= 0.5 && churnRisk <= 0.7, 'some risk of leaving'],
  ];
}

function greenRules(facts: CustomerFacts): Rule[] {
  const { signIns, plan, rating, healthScore, healthChange, churnRisk, featuresUsed } = facts;
  const adoption = adoptionOf(facts);
  const used = seatShare(facts);
  const unused = plan === 'premium' && featuresUsed.length > 0 ? PREMIUM_FEATURES.filter((feature) => !featuresUsed.includes(feature)) : [];
  return [
    [signIns !== null && signIns > 20, 'signs in often'],
    [adoption !== null && adoption > 0.7, 'uses most of the features'],
    [plan !== 'free' && used >= 0.8 && used < 0.9, 'the seats are well used'],
    [unused.length > 0, `paid for and not used yet: ${unused.join(', ').replaceAll('_', ' ')}`],
    [rating !== null && rating >= 4.5, `ratings average ${rating?.toFixed(1)} of 5`],
    [healthScore >= 80, `health ${healthScore} of 100`],
    [healthChange !== null && healthChange > 0, 'the health is improving'],
    [churnRisk < 0.3, 'little risk of leaving'],
  ];
}

/** The share of features in use; null where no use was ever counted. */
function adoptionOf({ featuresUsed }: CustomerFacts): number | null {
  return featuresUsed.length === 0 ? null : featuresUsed.length / FEATURES.length;
}

function seatShare({ subscription }: CustomerFacts): number {
  return subscription === null || subscription.seats === 0 ? 0 : subscription.seatsUsed / subscription.seats;
}

function daysBetween(from: Date, to: Date): number {
  return Math.floor((to.getTime() - from.getTime()) / DAY_MS);
}
