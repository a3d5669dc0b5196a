/**
 * The customer in front of the agent: a short text from rows, the most important lines first, cut from the least important end when
 * the budget is spent. A pure function; what customers wrote themselves stands in it as a quotation on one line, so that a name
 * cannot pass for an instruction.
 */
import type { CustomerFacts } from '../store/customer-facts.ts';
import { healthFlags } from './health-flags.ts';

/** What the customer takes of an agent's attention in each turn. */
export const CONTEXT_TOKENS = 450;
/** Roughly four characters make a token in English. */
const CHARS_PER_TOKEN = 4;
const QUOTED_CHARS_MAX = 80;

/** Never more than the budget. Red flags go before yellow ones and those before green ones, whatever is cut. */
export function describeCustomer(facts: CustomerFacts, now: Date, tokensMax = CONTEXT_TOKENS): string {
  const charsMax = tokensMax * CHARS_PER_TOKEN;
  const lines: string[] = [];
  let room = charsMax;
  for (const line of linesOf(facts, now)) {
    // The first line that does not fit ends it: a later, shorter one would be told in place of a more important one.
    if (line.length + 1 > room) break;
    room -= line.length + 1;
    lines.push(line);
  }
  return lines.join('\n');
}

/** Most important first. */
function linesOf(facts: CustomerFacts, now: Date): string[] {
  const { red, yellow, green } = healthFlags(facts, now);
  return [
    `Today is ${day(now)}.`,
    `The customer is ${quote(facts.name)}${facts.company ? ` of ${quote(facts.company)}` : ''}: plan ${facts.plan}, account ${facts.status}, customer since ${day(facts.since)}, language ${quote(facts.language)}.`,
    ...red.map((flag) => `Needs attention: ${flag}.`),
    ...(facts.subscription ? [subscriptionLine(facts.subscription)] : []),
    openInvoicesLine(facts, now),
    ...yellow.map((flag) => `Worth knowing: ${flag}.`),
    ...facts.conversations.map(({ subject, status, at }) => `Earlier, on ${day(at)}: ${quote(subject ?? 'without a subject')} (${status}).`),
    ...green.map((flag) => `Good: ${flag}.`),
    'The lines that begin with "Needs attention", "Worth knowing" or "Good" are for you alone: never tell them to the customer.',
  ];
}

function subscriptionLine({ cycle, seats, seatsUsed, periodEnd, cancelAtPeriodEnd, trialEndsAt }: NonNullable<CustomerFacts['subscription']>): string {
  const end = cancelAtPeriodEnd ? `ends on ${day(periodEnd)}` : `renews on ${day(periodEnd)}`;
  return `Subscription: ${cycle}, ${seatsUsed} of ${seats} seats used, ${end}${trialEndsAt ? `, trial until ${day(trialEndsAt)}` : ''}.`;
}

function openInvoicesLine({ openInvoices }: CustomerFacts, now: Date): string {
  if (openInvoices.length === 0) return 'Open invoices: none.';
  const each = openInvoices.map(
    ({ number, amountDue, currency, dueAt }) => `${quote(number)} over ${amountDue} ${currency}, ${dueAt < now ? 'overdue since' : 'due'} ${day(dueAt)}`,
  );
  return `Open invoices: ${each.join('; ')}.`;
}

/** Words that are not ours, on one line and of bounded length. */
function quote(words: string): string {
  const line = words
    .replace(/[\p{Cc}\p{Cf}"\u2028\u2029]+/gu, ' ')
    .replace(/\s+/g, ' ')
    .trim();
  return `"${line.length > QUOTED_CHARS_MAX ? `${line.slice(0, QUOTED_CHARS_MAX - 1)}…` : line}"`;
}

function day(date: Date): string {
  return date.toISOString().slice(0, 10);
}
