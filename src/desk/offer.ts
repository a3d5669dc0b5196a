/**
 * What a customer was offered, and whether they said yes to it: the one gate before money moves or something ends for good. A yes
 * counts only for an offer that an earlier answer of this conversation told, to the cent. Knows no particular kind of offer.
 */
import { AppError, notFound } from '../foundation/errors.ts';
import { newId } from '../foundation/ids.ts';
import type { Database } from '../store/database.ts';
import type { Offer, OfferKind, Prisma } from '../store/generated/prisma/client.ts';
import { centsOf, decimalText, formatMoney } from '../store/money.ts';
import { canonicalHash } from './canonical.ts';
import { isYes } from './yes.ts';

/** A price told longer ago is told again before it is acted on. */
const OFFER_MS = 24 * 60 * 60_000;

export interface NewOffer {
  readonly kind: OfferKind;
  readonly customerId: string;
  readonly conversationId: string | null;
  readonly runId: string;
  readonly terms: Prisma.InputJsonObject;
  /** What the customer pays (above zero) or gets (below zero) at once. */
  readonly amountCents: number;
  readonly currency: string;
}

/** The same terms in the same run are one offer. */
export async function makeOffer(database: Database | Prisma.TransactionClient, offer: NewOffer, now: Date): Promise<Offer> {
  const termsHash = canonicalHash(offer.terms);
  const { kind, customerId, conversationId, runId, terms, amountCents, currency } = offer;
  const known = await database.offer.findFirst({ where: { kind, customerId, runId, termsHash, usedAt: null } });
  if (known) return known;
  return database.offer.create({
    data: {
      id: newId('off'),
      kind,
      customerId,
      conversationId,
      runId,
      terms,
      termsHash,
      amount: decimalText(amountCents),
      currency,
      createdAt: now,
      expiresAt: new Date(now.getTime() + OFFER_MS),
    },
  });
}

export interface Acceptance {
  readonly kind: OfferKind;
  readonly customerId: string;
  readonly conversationId: string | null;
  readonly runId: string;
  /** Left out: the latest offer of this kind. */
  readonly offerId?: string | undefined;
  /** The customer's message being answered. */
  readonly said: string;
  readonly now: Date;
}

/**
 * The offer the customer has just agreed to, locked until the transaction ends. The caller marks it used with `useOffer`.
 * An offer of this very run is not it: a model that quotes once more before it acts still acts on what the customer was told.
 * @throws AppError NOT_FOUND without such an offer; CONFLICT when it ran out, was used or was not agreed to.
 */
export async function acceptedOffer(tx: Prisma.TransactionClient, acceptance: Acceptance): Promise<Offer> {
  const { kind, customerId, conversationId, runId, offerId, said, now } = acceptance;
  if (conversationId === null) throw refused('There is no conversation in which the customer could have agreed.');
  const where = { kind, customerId, conversationId, ...(offerId === undefined ? {} : { id: offerId }) };
  const order = { orderBy: [{ createdAt: 'desc' as const }, { id: 'desc' as const }] };
  const found = (await tx.offer.findFirst({ where: { ...where, runId: { not: runId } }, ...order })) ?? (await tx.offer.findFirst({ where, ...order }));
  if (!found) throw notFound('offer');
  const offer = await lockOffer(tx, found.id);
  if (offer.expiresAt <= now) throw refused('The offer is older than a day. Quote it again and ask once more.');
  if (offer.runId === runId) throw refused('Tell the customer the exact amount first and wait for a yes in the next message.');
  const amounts = writtenAmounts(offer);
  await assertTold(tx, offer, conversationId, runId, amounts);
  if (!isYes(said, { subject: kind, amounts: [...amounts, ...shortAmounts(offer)], words: ownWords(offer) }))
    throw refused('The customer has not said a plain yes to this offer. Ask for one.');
  return offer;
}

/**
 * The offer that a customer had agreed to when people were asked to approve it: neither how old it is by now nor what was said since
 * counts. Locked as by `acceptedOffer`.
 * @throws AppError NOT_FOUND, CONFLICT when it was used.
 */
export async function approvedOffer(tx: Prisma.TransactionClient, kind: OfferKind, customerId: string, offerId: string): Promise<Offer> {
  const found = await tx.offer.findFirst({ where: { id: offerId, kind, customerId }, select: { id: true } });
  if (!found) throw notFound('offer');
  return lockOffer(tx, found.id);
}

async function lockOffer(tx: Prisma.TransactionClient, id: string): Promise<Offer> {
  await tx.$queryRaw`SELECT 1 FROM "Offer" WHERE "id" = ${id} FOR UPDATE`;
  const offer = await tx.offer.findUniqueOrThrow({ where: { id } });
  if (offer.usedAt !== null) throw refused('This was done already.');
  return offer;
}

export async function useOffer(tx: Prisma.TransactionClient, offer: Offer, now: Date): Promise<void> {
  await tx.offer.update({ where: { id: offer.id }, data: { usedAt: now } });
}

/** True when these terms, worked out anew, are those of the offer: nothing about it has changed since. */
export function hasTerms(offer: Offer, terms: Prisma.InputJsonObject): boolean {
  return offer.termsHash === canonicalHash(terms);
}

/** The offer stands alone, with its exact amount, in the last thing the customer was told before they answered. */
async function assertTold(tx: Prisma.TransactionClient, offer: Offer, conversationId: string, runId: string, amounts: readonly string[]): Promise<void> {
  const told = await tx.message.findFirst({
    where: { conversationId, role: { in: ['agent', 'person'] }, OR: [{ runId: null }, { runId: { not: runId } }] },
    orderBy: [{ createdAt: 'desc' }, { id: 'desc' }],
  });
  if (told?.runId !== offer.runId) throw refused('Something else was said after this offer. Quote it again and ask once more.');
  if (amounts.length > 0 && !amounts.some((amount) => namesAmount(told.text, amount)))
    throw refused('The customer was not told the exact amount. Tell it and ask for a yes.');
  // Of any kind: "yes" to a refund and a cheaper plan in one answer could mean either.
  const others = await tx.offer.count({
    where: { runId: offer.runId, customerId: offer.customerId, usedAt: null, id: { not: offer.id }, termsHash: { not: offer.termsHash } },
  });
  if (others > 0) throw refused('Several things were offered at once, so a yes could mean any of them. Quote the one that is wanted alone.');
}

/** How the offer's sum is written in full; empty for one that costs nothing. */
function writtenAmounts(offer: Offer): readonly string[] {
  const amountCents = Math.abs(centsOf(offer.amount));
  return amountCents === 0 ? [] : [formatMoney({ amountCents, currency: offer.currency }), decimalText(amountCents)];
}

/** How a customer may write a whole sum back: "$675", "675". */
function shortAmounts(offer: Offer): readonly string[] {
  return writtenAmounts(offer).flatMap((amount) => (amount.endsWith('.00') ? [amount.slice(0, -3)] : []));
}

/** `yesWords` of the terms: words that repeat the offer and may stand in a yes to it ("upgrade", "premium"). */
function ownWords({ terms }: Offer): readonly string[] {
  const words = typeof terms === 'object' && terms !== null && !Array.isArray(terms) ? terms['yesWords'] : undefined;
  return Array.isArray(words) ? words.filter((word) => typeof word === 'string') : [];
}

/** The sum itself, not the end of a larger one: "$1,250.00" does not name 250.00. */
function namesAmount(text: string, amount: string): boolean {
  for (let at = text.indexOf(amount); at >= 0; at = text.indexOf(amount, at + 1)) {
    const before = text.slice(Math.max(0, at - 1), at);
    const after = text.slice(at + amount.length, at + amount.length + 1);
    if (!/[\d.,]/.test(before) && !/\d/.test(after)) return true;
  }
  return false;
}

function refused(sentence: string): AppError {
  return new AppError('CONFLICT', sentence, { retryable: false });
}
