/**
 * What a customer was offered, and whether they said yes to it: the one gate before money moves or something ends for good. A yes
 * counts only for an offer that an earlier answer of this conversation told, to the cent. Knows no particular kind of offer.
 */
import { createHash } from 'node:crypto';
import { AppError, notFound } from '../foundation/errors.ts';
import { newId } from '../foundation/ids.ts';
import type { Database } from '../store/database.ts';
import type { Offer, OfferKind, Prisma } from '../store/generated/prisma/client.ts';
import { centsOf, decimalText, formatMoney } from '../store/money.ts';
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
  const termsHash = hashOf(offer.terms);
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
 * @throws AppError NOT_FOUND without such an offer; CONFLICT when it ran out, was used or was not agreed to.
 */
export async function acceptedOffer(tx: Prisma.TransactionClient, acceptance: Acceptance): Promise<Offer> {
  const { kind, customerId, conversationId, runId, offerId, said, now } = acceptance;
  if (conversationId === null) throw refused('There is no conversation in which the customer could have agreed.');
  const found = await tx.offer.findFirst({
    where: { kind, customerId, conversationId, ...(offerId === undefined ? {} : { id: offerId }) },
    orderBy: [{ createdAt: 'desc' }, { id: 'desc' }],
  });
  if (!found) throw notFound('offer');
  await tx.$queryRaw`SELECT 1 FROM "Offer" WHERE "id" = ${found.id} FOR UPDATE`;
  const offer = await tx.offer.findUniqueOrThrow({ where: { id: found.id } });
  if (offer.usedAt !== null) throw refused('This was done already.');
  if (offer.expiresAt <= now) throw refused('The offer is older than a day. Quote it again and ask once more.');
  if (offer.runId === runId) throw refused('Tell the customer the exact amount first and wait for a yes in the next message.');
  await assertTold(tx, offer, conversationId, runId);
  if (!isYes(said)) throw refused('The customer has not said a plain yes to this offer. Ask for one.');
  return offer;
}

export async function useOffer(tx: Prisma.TransactionClient, offer: Offer, now: Date): Promise<void> {
  await tx.offer.update({ where: { id: offer.id }, data: { usedAt: now } });
}

/** The offer stands alone, with its exact amount, in the last thing the customer was told before they answered. */
async function assertTold(tx: Prisma.TransactionClient, offer: Offer, conversationId: string, runId: string): Promise<void> {
  const told = await tx.message.findFirst({
    where: { conversationId, role: { in: ['agent', 'person'] }, OR: [{ runId: null }, { runId: { not: runId } }] },
    orderBy: [{ createdAt: 'desc' }, { id: 'desc' }],
  });
  if (told?.runId !== offer.runId) throw refused('Something else was said after this offer. Quote it again and ask once more.');
  const amountCents = Math.abs(centsOf(offer.amount));
  const named = [formatMoney({ amountCents, currency: offer.currency }), decimalText(amountCents)];
  if (amountCents > 0 && !named.some((amount) => told.text.includes(amount)))
    throw refused('The customer was not told the exact amount. Tell it and ask for a yes.');
  const others = await tx.offer.count({ where: { runId: offer.runId, kind: offer.kind, usedAt: null, id: { not: offer.id } } });
  if (others > 0) throw refused('Several things were offered at once, so a yes could mean any of them. Quote the one that is wanted alone.');
}

function refused(sentence: string): AppError {
  return new AppError('CONFLICT', sentence, { retryable: false });
}

function hashOf(terms: Prisma.InputJsonObject): string {
  const sorted = Object.entries(terms).toSorted(([a], [b]) => (a < b ? -1 : 1));
  return createHash('sha256').update(JSON.stringify(sorted)).digest('hex');
}
