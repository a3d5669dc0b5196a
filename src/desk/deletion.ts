/**
 * The end of an account: asked for after a quote and the customer's yes, executed only when the legal delay has passed, and called
 * back at any time before. Deletes nothing itself.
 */
import { z } from 'zod';
import { newId } from '../foundation/ids.ts';
import type { Database } from '../store/database.ts';
import type { Customer, DeletionRequest, Offer } from '../store/generated/prisma/client.ts';
import { addDays } from '../store/period.ts';
import { readPolicy } from '../store/policy.ts';
import type { Policy } from '../store/policy-schema.ts';
import { actOnce, refused, type ActScope, type AgentActDeps, type AgentCall } from './agent-act.ts';
import { assertAsked } from './asked-for.ts';
import { acceptedOffer, makeOffer, useOffer } from './offer.ts';
import { enqueueOutgoing } from './outbox.ts';

/** What a customer says yes to. */
const Terms = z.strictObject({
  action: z.literal('delete_account'),
  delayDays: z.number().int(),
  invoiceYears: z.number().int(),
  plan: z.string(),
});
export type DeletionTerms = Readonly<z.infer<typeof Terms>>;

export interface DeletionDesk {
  /** Tells what a deletion means and records it as an offer; binds nobody. @throws AppError CONFLICT while one is pending. */
  quote(call: AgentCall): Promise<{ readonly terms: DeletionTerms; readonly offer: Offer; readonly executeAt: Date }>;
  /** @throws AppError CONFLICT without the customer's yes to the quote of an earlier answer, or when its terms have changed. */
  request(call: AgentCall, reason: string | undefined): Promise<DeletionRequest>;
  /** @throws AppError CONFLICT when none is pending. */
  cancel(call: AgentCall): Promise<DeletionRequest>;
}

export function createDeletionDesk(deps: AgentActDeps): DeletionDesk {
  const { database, clock } = deps;
  const requestOf = (id: string) => database.deletionRequest.findUniqueOrThrow({ where: { id } });

  return Object.freeze<DeletionDesk>({
    async quote({ customerId, conversationId, runId }) {
      const [policy, customer, pending] = await Promise.all([
        readPolicy(database),
        database.customer.findUniqueOrThrow({ where: { id: customerId } }),
        pendingDeletion(database, customerId),
      ]);
      if (pending) throw refused('A deletion of this account is pending already. Nothing more needs to be asked for; it can be called back.');
      const now = clock.now();
      const terms = termsOf(policy, customer);
      const offer = await makeOffer(database, { kind: 'action', customerId, conversationId, runId, terms: { ...terms }, amountCents: 0, currency: 'USD' }, now);
      return { terms, offer, executeAt: addDays(now, terms.delayDays) };
    },

    async request(call, reason) {
      const policy = await readPolicy(database);
      const id = await actOnce(deps, call, 'account.delete', async (scope) => {
        const { tx, customer, now } = scope;
        const { customerId, conversationId, runId, said } = call;
        const offer = await acceptedOffer(tx, { kind: 'action', customerId, conversationId, runId, said, now });
        const told = Terms.safeParse(offer.terms);
        if (!told.success) throw refused('What was offered last is something else. Quote the deletion and ask again.');
        const terms = termsOf(policy, customer);
        if (JSON.stringify(told.data) !== JSON.stringify(Terms.parse(terms)))
          throw refused('What a deletion means has changed since it was told. Quote it again and ask once more.');
        if (await tx.deletionRequest.findFirst({ where: { customerId, status: 'requested' } })) throw refused('A deletion of this account is pending already.');
        const row = await tx.deletionRequest.create({
          data: {
            id: newId('era'),
            customerId,
            reason: reason?.trim() || null,
            requestedBy: customer.email,
            createdAt: now,
            executeAt: addDays(now, terms.delayDays),
          },
        });
        await useOffer(tx, offer, now);
        await tell(scope, call, 'deletion_scheduled', row);
        return { subjectId: row.id, subjectKind: 'deletion_request', changes: { fields: ['executeAt'], offerId: offer.id } };
      });
      return requestOf(id);
    },

    async cancel(call) {
      const id = await actOnce(deps, call, 'account.keep', async (scope) => {
        await assertAsked(scope.tx, call, 'cancel_deletion');
        const pending = await scope.tx.deletionRequest.findFirst({ where: { customerId: call.customerId, status: 'requested', executeAt: { gt: scope.now } } });
        if (!pending) throw refused('No deletion of this account is pending.');
        const row = await scope.tx.deletionRequest.update({ where: { id: pending.id }, data: { status: 'canceled', canceledAt: scope.now } });
        await tell(scope, call, 'deletion_canceled', row);
        return { subjectId: row.id, subjectKind: 'deletion_request', changes: { fields: ['status'] } };
      });
      return requestOf(id);
    },
  });
}

export async function pendingDeletion(database: Database, customerId: string): Promise<DeletionRequest | null> {
  return database.deletionRequest.findFirst({ where: { customerId, status: 'requested' }, orderBy: { createdAt: 'desc' } });
}

function termsOf({ erasureDelayDays, keptAfterDeletion }: Policy, customer: Customer): DeletionTerms {
  return { action: 'delete_account', delayDays: erasureDelayDays, invoiceYears: keptAfterDeletion.invoiceYears, plan: customer.plan };
}

/** The product gets the day as an order; the address on file learns of it, with the way back. */
async function tell({ tx, customer, now }: ActScope, { customerId, conversationId }: AgentCall, subject: string, row: DeletionRequest): Promise<void> {
  const payload = { requestId: row.id, executeAt: row.executeAt.toISOString() };
  await enqueueOutgoing(tx, { kind: 'product', customerId, conversationId, subject, payload }, now);
  await enqueueOutgoing(tx, { kind: 'email', customerId, conversationId, subject, recipient: customer.email, payload }, now);
}
