/**
 * Discounts by an agent: quoted by the rules as an offer, then given on the customer's yes, from the next invoice on. Changes no price
 * of a period that is running, and gives nothing beyond the grant. The rules are store/discount.ts.
 */
import { z } from 'zod';
import { AppError } from '../foundation/errors.ts';
import { newId } from '../foundation/ids.ts';
import { quoteDiscount, type DiscountLevel, type DiscountQuote, type DiscountRefusal, type DiscountStanding } from '../store/discount.ts';
import type { Database } from '../store/database.ts';
import type { Discount, Prisma } from '../store/generated/prisma/client.ts';
import { DiscountKind } from '../store/generated/prisma/enums.ts';
import { readPolicy } from '../store/policy.ts';
import type { Policy } from '../store/policy-schema.ts';
import { currentSubscription } from '../store/subscription.ts';
import { actOnce, type ActScope, type AgentActDeps, type AgentCall } from './agent-act.ts';
import { assertTerms, findApproved, offerIdOf } from './approved.ts';
import { orAsk, refuseBeyondGrant } from './beyond-grant.ts';
import { acceptedOffer, approvedOffer, hasTerms, makeOffer, useOffer } from './offer.ts';
import { enqueueOutgoing } from './outbox.ts';

export interface DiscountGrant {
  readonly kinds: readonly DiscountKind[];
  /** The most by choice; the policy's own bound for agents holds as well. */
  readonly percentMax: number;
}

export interface DiscountDesk {
  /** What the rules say of this kind; possible ones are recorded as an offer. @param percent For a discount by choice. */
  quote(call: AgentCall, kind: DiscountKind, percent: number | undefined): Promise<DiscountQuote | DiscountRefusal>;
  /**
   * Gives the discount the customer has just agreed to. Once per call and per offer.
   * @throws AppError CONFLICT without a plain yes to these terms; ApprovalNeeded for more than the grant, until people have approved it;
   * FORBIDDEN for a kind beyond it, after leaving a request for them.
   */
  apply(call: AgentCall, grant: DiscountGrant): Promise<Discount>;
}

const Terms = z.object({ kind: z.enum(DiscountKind), percent: z.number() });

export function createDiscountDesk(deps: AgentActDeps): DiscountDesk {
  const { database, clock } = deps;
  return Object.freeze<DiscountDesk>({
    async quote({ customerId, conversationId, runId }, kind, percent) {
      const now = clock.now();
      const [policy, standing] = await Promise.all([readPolicy(database), discountStanding(database, customerId)]);
      const quote = quoteDiscount(policy, standing, kind, percent, now);
      if (!quote.possible) return quote;
      await makeOffer(database, { kind: 'discount', customerId, conversationId, runId, terms: termsOf(quote), amountCents: 0, currency: 'USD' }, now);
      return quote;
    },

    async apply(call, grant) {
      const policy = await readPolicy(database);
      const request = { title: 'A discount beyond what an agent may give', description: `The customer agreed to it in writing: "${call.said.slice(0, 200)}"` };
      const id = await orAsk(deps, call, request, () => actOnce(deps, call, 'discount.apply', (scope) => applyDiscount(scope, call, grant, policy)));
      return database.discount.findUniqueOrThrow({ where: { id } });
    },
  });
}

async function applyDiscount({ tx, customer, now }: ActScope, call: AgentCall, grant: DiscountGrant, policy: Policy) {
  const { conversationId, runId, said } = call;
  const approved = await findApproved(tx, call);
  const offer = approved
    ? await approvedOffer(tx, 'discount', customer.id, offerIdOf(approved))
    : await acceptedOffer(tx, { kind: 'discount', customerId: customer.id, conversationId, runId, said, now });
  const { kind, percent } = Terms.parse(offer.terms);
  if (!approved) await assertPercentTold(tx, offer.runId, percent);
  const quote = quoteDiscount(policy, await discountStanding(tx, customer.id), kind, percent, approved?.askedAt ?? now);
  if (!quote.possible || !hasTerms(offer, termsOf(quote)))
    throw new AppError('CONFLICT', 'What can be given has changed since it was offered. Quote it again and ask once more.', { retryable: false });
  const exact = { offerId: offer.id, kind, percent, startsAt: quote.startsAt.toISOString(), endsAt: quote.endsAt?.toISOString() ?? null };
  if (approved) assertTerms(approved, exact);
  else assertGranted(quote, grant, policy, exact);
  const id = newId('disc');
  const { startsAt, endsAt } = quote;
  await tx.discount.create({
    data: {
      id,
      customerId: customer.id,
      kind,
      percent: percent.toFixed(2),
      reason: `${kind}, agreed in a conversation`,
      startsAt,
      endsAt,
      offerId: offer.id,
      createdAt: now,
    },
  });
  const payload = { discountId: id, kind, percent, startsAt: startsAt.toISOString(), endsAt: endsAt?.toISOString() ?? null };
  await enqueueOutgoing(tx, { kind: 'product', customerId: customer.id, subject: 'discount', payload, conversationId }, now);
  await useOffer(tx, offer, now);
  return {
    subjectId: id,
    subjectKind: 'discount',
    changes: { offerId: offer.id, ...(approved ? { approvalId: approved.approvalId } : {}), fields: ['kind', 'percent', 'startsAt', 'endsAt'] },
  };
}

/** A discount costs nothing at once, so it is the percent that must have been told. */
async function assertPercentTold(tx: Prisma.TransactionClient, runId: string, percent: number): Promise<void> {
  const told = await tx.message.findFirst({ where: { runId, role: 'agent' }, select: { text: true } });
  if (!told || !new RegExp(`(?<![\\d.,])${String(percent).replace('.', '\\.')} ?(?:%|percent)`).test(told.text))
    throw new AppError('CONFLICT', 'The customer was not told how many percent. Tell it and ask for a yes.', { retryable: false });
}

const LEVELS: Readonly<Record<DiscountLevel, string>> = {
  agent: 'the sales team',
  manager: 'a sales manager',
  director: 'a sales director',
  vp: 'the vice president of sales',
};

function assertGranted(
  { kind, percent, level, startsAt, endsAt }: DiscountQuote,
  grant: DiscountGrant,
  policy: Policy,
  terms: Readonly<Record<string, unknown>>,
): void {
  if (!grant.kinds.includes(kind)) throw new AppError('FORBIDDEN', 'A discount of this kind is for the sales team to give.');
  if (level === 'agent' && (kind !== 'discretionary' || percent <= grant.percentMax)) return;
  const until = endsAt === null ? '' : ` until ${endsAt.toISOString().slice(0, 10)}`;
  const summary = `Give a ${kind} discount of ${percent}% from ${startsAt.toISOString().slice(0, 10)}${until}. The customer has said yes to it.`;
  refuseBeyondGrant({ kind: 'discount', percent }, policy, `A discount of ${percent}% is decided by ${LEVELS[level]}; it has not been given.`, {
    summary,
    terms,
  });
}

async function discountStanding(database: Database | Prisma.TransactionClient, customerId: string): Promise<DiscountStanding> {
  const customer = await database.customer.findUniqueOrThrow({ where: { id: customerId }, select: { foundedAt: true, status: true } });
  const subscription = await currentSubscription(database, customerId);
  const discounts = await database.discount.findMany({ where: { customerId } });
  const proofs = await database.programmeProof.findMany({ where: { customerId } });
  const billed = subscription !== null && subscription.status !== 'canceled' && subscription.plan !== 'free' && customer.status !== 'closed';
  return {
    discounts: discounts.map((discount) => ({ ...discount, percent: discount.percent.toNumber() })),
    proofs,
    foundedAt: customer.foundedAt,
    nextInvoiceAt: billed ? subscription.currentPeriodEnd : null,
  };
}

function termsOf({ kind, percent, startsAt, endsAt }: DiscountQuote) {
  return { kind, percent, startsAt: startsAt.toISOString(), endsAt: endsAt?.toISOString() ?? null, yesWords: [`${percent}%`, `${percent}`] };
}
