/**
 * Changes of plan, seats, cycle and renewal by an agent: quoted as an offer, then made on the customer's yes with the same terms,
 * in one transaction with the invoice or credit, the order to the product and the audit entry. How terms come about is store/plan-change.ts.
 */
import { z } from 'zod';
import { AppError } from '../foundation/errors.ts';
import { newId } from '../foundation/ids.ts';
import type { Database } from '../store/database.ts';
import type { Offer, PlanSubscription, Prisma } from '../store/generated/prisma/client.ts';
import { BillingCycle, Plan } from '../store/generated/prisma/enums.ts';
import { decimalText, formatMoney } from '../store/money.ts';
import { addDays } from '../store/period.ts';
import { PLAN_ACTS, planChange, type PlanAct, type PlanChange, type PlanRefusal, type PlanStanding, type PlanWish } from '../store/plan-change.ts';
import { readPolicy } from '../store/policy.ts';
import type { Policy } from '../store/policy-schema.ts';
import { currentSubscription } from '../store/subscription.ts';
import { actOnce, type ActScope, type AgentActDeps, type AgentCall } from './agent-act.ts';
import { assertTerms, findApproved, offerIdOf } from './approved.ts';
import { orAsk, refuseBeyondGrant } from './beyond-grant.ts';
import { nextInvoiceNumber } from './invoice-number.ts';
import { acceptedOffer, approvedOffer, hasTerms, makeOffer, useOffer } from './offer.ts';
import { enqueueOutgoing } from './outbox.ts';

/** The currency of the price list. */
const CURRENCY = 'USD';

export interface PlanGrant {
  readonly acts: readonly PlanAct[];
  /** The most that a change may cost at once. */
  readonly chargeCentsMax: number;
}

export interface PlanChanged {
  readonly acts: readonly PlanAct[];
  readonly to: PlanChange['to'];
  readonly chargeCents: number;
  readonly creditCents: number;
  readonly periodEnd: Date;
  /** The invoice over what is to pay; null when nothing is. */
  readonly invoiceNumber: string | null;
}

export interface PlanDesk {
  /** What the change comes to; possible ones are recorded as an offer that the customer may say yes to. Binds nobody. */
  quote(call: AgentCall, wish: PlanWish): Promise<PlanChange | PlanRefusal>;
  /**
   * Makes the change the customer has just agreed to. Once per call and per offer.
   * @throws AppError CONFLICT without a plain yes to these exact terms; ApprovalNeeded for a charge beyond the grant, until people have
   * approved it; FORBIDDEN for an act beyond it, after leaving a request for them.
   */
  change(call: AgentCall, grant: PlanGrant): Promise<PlanChanged>;
}

export function createPlanDesk(deps: AgentActDeps): PlanDesk {
  const { database, clock } = deps;
  return Object.freeze<PlanDesk>({
    async quote(call, wish) {
      const now = clock.now();
      const [policy, standing] = await Promise.all([readPolicy(database), planStanding(database, call.customerId)]);
      const change = planChange(policy, standing, wish, now);
      if (!change.possible) return change;
      const { customerId, conversationId, runId } = call;
      const amountCents = change.chargeCents - change.creditCents;
      await makeOffer(database, { kind: 'plan_change', customerId, conversationId, runId, terms: termsOf(change), amountCents, currency: CURRENCY }, now);
      return change;
    },

    async change(call, grant) {
      const policy = await readPolicy(database);
      const request = {
        title: 'A plan change beyond what an agent may make',
        description: `The customer agreed to it in writing: "${call.said.slice(0, 200)}"`,
      };
      const offerId = await orAsk(deps, call, request, () => actOnce(deps, call, 'plan.change', (scope) => makeChange(scope, call, grant, policy)));
      return changedBy(database, offerId);
    },
  });
}

async function makeChange(scope: ActScope, call: AgentCall, grant: PlanGrant, policy: Policy) {
  const { tx, customer, now } = scope;
  const approved = await findApproved(tx, call);
  const offer = approved
    ? await approvedOffer(tx, 'plan_change', customer.id, offerIdOf(approved))
    : await acceptedOffer(tx, { kind: 'plan_change', ...pick(call), said: call.said, now });
  const standing = await planStanding(tx, customer.id);
  // As of when people were asked; it must be possible still.
  const change = planChange(policy, standing, wishOf(offer), approved?.askedAt ?? now);
  const possible = change.possible && (approved === null || planChange(policy, standing, wishOf(offer), now).possible);
  if (!change.possible || !possible || !hasTerms(offer, termsOf(change)))
    throw new AppError('CONFLICT', 'What this change costs has changed since it was offered. Quote it again and ask once more.', { retryable: false });
  const exact = exactly(offer, change);
  if (approved) assertTerms(approved, exact);
  else assertGranted(change, grant, policy, exact);
  await writeSubscription(tx, customer.id, standing, change, now);
  const invoice = change.chargeCents > 0 ? await writeInvoice(scope, standing.subscription, change, policy) : null;
  if (change.creditCents > 0) await writeCredit(scope, change);
  const shared = { customerId: customer.id, conversationId: call.conversationId };
  const { to, acts, chargeCents } = change;
  await enqueueOutgoing(
    tx,
    {
      ...shared,
      kind: 'product',
      subject: 'plan_change',
      payload: { offerId: offer.id, acts: [...acts], ...to, effectiveAt: now.toISOString(), periodEnd: change.periodEnd.toISOString() },
    },
    now,
  );
  if (invoice) {
    const payload = { offerId: offer.id, invoiceId: invoice.id, invoiceNumber: invoice.number, amount: decimalText(chargeCents), currency: CURRENCY };
    await enqueueOutgoing(tx, { ...shared, kind: 'charge', subject: 'charge', payload }, now);
  }
  await useOffer(tx, offer, now);
  return {
    subjectId: offer.id,
    subjectKind: 'offer',
    changes: {
      acts: [...acts],
      invoiceId: invoice?.id ?? null,
      ...(approved ? { approvalId: approved.approvalId } : {}),
      fields: ['plan', 'seats', 'cycle', 'renewal', 'mrr'],
    },
  };
}

function assertGranted({ acts, to, chargeCents, price }: PlanChange, grant: PlanGrant, policy: Policy, terms: ReturnType<typeof exactly>): void {
  const beyond = acts.filter((act) => !grant.acts.includes(act));
  if (beyond.length > 0) throw new AppError('FORBIDDEN', 'This change is for the billing team to make.');
  if (chargeCents <= grant.chargeCentsMax) return;
  const sum = formatMoney({ amountCents: chargeCents, currency: CURRENCY });
  const sentence = `A change that costs ${sum} at once is for people to approve; it has not been made yet.`;
  const summary = `Change to ${to.plan} with ${to.seats} seats, billed ${to.cycle === 'annual' ? 'once a year' : 'monthly'}, and charge ${sum} at once. The customer has said yes to it.`;
  // Only what was negotiated counts as a discount of the contract: the price list gives the rest to everybody.
  const contract = { kind: 'contract', percent: price.extraPercent, amountCents: price.perMonthCents * MONTHS_OF_VALUE } as const;
  refuseBeyondGrant(contract, policy, sentence, { summary, terms });
}

/** A subscription without an end counts with what it brings in a year. */
const MONTHS_OF_VALUE = 12;

function exactly(offer: Offer, { acts, to, chargeCents, creditCents }: PlanChange) {
  return { offerId: offer.id, acts: [...acts], to: { ...to }, charge: decimalText(chargeCents), credit: decimalText(creditCents), currency: CURRENCY };
}

async function planStanding(database: Database | Prisma.TransactionClient, customerId: string): Promise<PlanStanding> {
  const customer = await database.customer.findUniqueOrThrow({ where: { id: customerId }, select: { plan: true, status: true } });
  const subscription = await currentSubscription(database, customerId);
  const members = await database.member.count({ where: { customerId, status: { in: ['active', 'invited'] }, role: { not: 'guest' } } });
  const discounts = await database.discount.findMany({ where: { customerId } });
  const held = subscription && subscription.status !== 'canceled' ? subscription.seatsUsed : 0;
  return {
    ...customer,
    subscription,
    seatsHeld: Math.max(held, members),
    discounts: discounts.map((discount) => ({ ...discount, percent: discount.percent.toNumber() })),
  };
}

async function writeSubscription(tx: Prisma.TransactionClient, customerId: string, standing: PlanStanding, change: PlanChange, now: Date): Promise<void> {
  const running = standing.subscription !== null && standing.subscription.status !== 'canceled' ? standing.subscription : null;
  const [act] = change.acts;
  if (running && (act === 'cancel' || act === 'resume')) {
    await tx.planSubscription.update({ where: { id: running.id }, data: { cancelAtPeriodEnd: act === 'cancel' } });
    return;
  }
  const { to, price, trial } = change;
  const mrr = decimalText(trial ? 0 : price.perMonthCents);
  const data = {
    plan: to.plan,
    cycle: to.cycle,
    seats: to.seats,
    seatPrice: decimalText(price.listPerSeatCents),
    discountPercent: price.totalPercent.toFixed(2),
    mrr,
    currentPeriodStart: change.periodStart,
    currentPeriodEnd: change.periodEnd,
    ...(to.plan === 'free' ? { cancelAtPeriodEnd: false } : {}),
  };
  if (running) await tx.planSubscription.update({ where: { id: running.id }, data });
  else
    await tx.planSubscription.create({
      data: { ...data, id: newId('sub'), customerId, status: 'active', seatsUsed: standing.seatsHeld, startedAt: now, currency: CURRENCY },
    });
  await tx.customer.update({ where: { id: customerId }, data: { plan: to.plan, mrr } });
}

async function writeInvoice(
  { tx, customer, now }: ActScope,
  before: PlanSubscription | null,
  change: PlanChange,
  policy: Policy,
): Promise<{ id: string; number: string }> {
  const subscription =
    (await tx.planSubscription.findFirst({ where: { customerId: customer.id, status: { not: 'canceled' } }, orderBy: { startedAt: 'desc' } })) ?? before;
  const { to, from, newCents, unusedCents, daysLeft, daysInPeriod, startsNewPeriod } = change;
  const span = startsNewPeriod ? (to.cycle === 'annual' ? '12 months' : '1 month') : `${daysLeft} of ${daysInPeriod} days`;
  const line = (description: string, cents: number) => ({ description, quantity: 1, unitPrice: decimalText(cents), amount: decimalText(cents) });
  const lines = [
    line(`${to.plan} plan, ${to.seats} seats, ${span}`, newCents),
    ...(unusedCents > 0 && from ? [line(`Unused part of the ${from.plan} plan, ${from.seats} seats, ${daysLeft} of ${daysInPeriod} days`, -unusedCents)] : []),
  ];
  const total = decimalText(change.chargeCents);
  return tx.invoice.create({
    data: {
      id: newId('inv'),
      number: await nextInvoiceNumber(tx, now),
      customerId: customer.id,
      subscriptionId: subscription?.id ?? null,
      status: 'open',
      currency: CURRENCY,
      subtotal: total,
      total,
      amountDue: total,
      lines,
      periodStart: startsNewPeriod ? change.periodStart : addDays(change.periodEnd, -daysLeft),
      periodEnd: change.periodEnd,
      issuedAt: now,
      dueAt: addDays(now, policy.invoiceDueDays),
    },
  });
}

async function writeCredit({ tx, customer, now }: ActScope, { creditCents, from }: PlanChange): Promise<void> {
  const reason = `unused part of the ${from?.plan ?? 'earlier'} plan after a change`;
  await tx.credit.create({
    data: {
      id: newId('cred'),
      customerId: customer.id,
      amount: decimalText(creditCents),
      currency: CURRENCY,
      kind: 'refund',
      status: 'active',
      reason,
      createdAt: now,
    },
  });
}

/** What exactly happens on a yes, to the day: worked out again later it must be the same. */
function termsOf({ acts, from, to, chargeCents, creditCents, periodEnd, startsNewPeriod }: PlanChange) {
  // Where a new period starts now, its end moves with the clock; what was told is the day.
  const until = startsNewPeriod ? periodEnd.toISOString().slice(0, 10) : periodEnd.toISOString();
  return { acts: [...acts], from: from && { ...from }, to: { ...to }, chargeCents, creditCents, periodEnd: until, yesWords: yesWords(acts, to) };
}

const WORDS: Readonly<Record<PlanAct, readonly string[]>> = {
  upgrade: ['upgrade', 'upgrading', 'move', 'switch', 'start', 'buy'],
  downgrade: ['downgrade', 'downgrading', 'move', 'switch', 'reduce', 'lower'],
  seats_up: ['add', 'adding', 'buy', 'more'],
  seats_down: ['remove', 'drop', 'reduce', 'fewer', 'less'],
  cycle: ['switch', 'switching', 'move', 'cycle'],
  cancel: ['cancel', 'cancellation', 'renewal', 'end', 'stop', 'kündigen', 'cancelar', 'annuler'],
  resume: ['resume', 'keep', 'renew', 'renewal', 'continue'],
};

function yesWords(acts: readonly PlanAct[], to: PlanChange['to']): string[] {
  const cycle = to.cycle === 'annual' ? ['annual', 'annually', 'yearly', 'year'] : ['monthly', 'month'];
  return [...new Set([...acts.flatMap((act) => WORDS[act]), to.plan, `${to.seats}`, ...cycle])];
}

const Terms = z.object({
  acts: z.array(z.enum(PLAN_ACTS)),
  to: z.object({ plan: z.enum(Plan), seats: z.number(), cycle: z.enum(BillingCycle) }),
  chargeCents: z.number(),
  creditCents: z.number(),
  periodEnd: z.string(),
});

function readTerms(offer: Offer): z.infer<typeof Terms> {
  return Terms.parse(offer.terms);
}

function wishOf(offer: Offer): PlanWish {
  const { acts, to } = readTerms(offer);
  if (acts.includes('cancel')) return { renewal: 'cancel' };
  if (acts.includes('resume')) return { renewal: 'resume' };
  return to;
}

/** Read back from the rows, so that a repeated call tells the same. */
async function changedBy(database: Database, offerId: string): Promise<PlanChanged> {
  const offer = await database.offer.findUniqueOrThrow({ where: { id: offerId } });
  const { acts, to, chargeCents, creditCents, periodEnd } = readTerms(offer);
  const charge = await database.outboxMessage.findFirst({
    where: { customerId: offer.customerId, kind: 'charge', payload: { path: ['offerId'], equals: offerId } },
    select: { payload: true },
  });
  const number = typeof charge?.payload === 'object' && charge.payload !== null && !Array.isArray(charge.payload) ? charge.payload['invoiceNumber'] : null;
  return { acts, to, chargeCents, creditCents, periodEnd: new Date(periodEnd), invoiceNumber: typeof number === 'string' ? number : null };
}

function pick({ customerId, conversationId, runId }: AgentCall) {
  return { customerId, conversationId, runId };
}
