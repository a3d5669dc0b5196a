/**
 * Work that leaves the house, as rows: written in the transaction of what it stands for, so that neither happens without the other.
 * Delivers nothing; who carries the rows out is deliver-outbox.ts.
 */
import { newId } from '../foundation/ids.ts';
import type { OutboxKind, OutboxMessage, Prisma } from '../store/generated/prisma/client.ts';

export interface Outgoing {
  readonly kind: OutboxKind;
  /** Null for mail to the people of the desk and of partners. */
  readonly customerId: string | null;
  /** What it is, in snake_case: `invoice_copy`, `password_reset`, `charge`, `restore`. */
  readonly subject: string;
  /** The address of a mail; left out for the others. */
  readonly recipient?: string;
  /** Sums as decimal strings, moments as ISO 8601; never a secret. */
  readonly payload: Prisma.InputJsonObject;
  readonly conversationId?: string | null;
  /** Secrets as JSON, encrypted for the row with this id; whoever delivers opens them. */
  readonly seal?: (id: string) => string;
}

/** The row's id is the key by which whoever receives it recognises a repetition. */
export async function enqueueOutgoing(tx: Prisma.TransactionClient, outgoing: Outgoing, now: Date): Promise<OutboxMessage> {
  const { kind, customerId, subject, recipient, payload, conversationId, seal } = outgoing;
  const id = newId('out');
  return tx.outboxMessage.create({
    data: {
      id,
      kind,
      customerId,
      subject,
      recipient: recipient ?? null,
      payload,
      sealed: seal?.(id) ?? null,
      conversationId: conversationId ?? null,
      nextAttemptAt: now,
      createdAt: now,
    },
  });
}
