/**
 * How a row of the outbox leaves the house: to the business's own endpoint, or in development into a file that anybody can read.
 * One try each; who tries again and when is deliver-outbox.ts.
 */
import { appendFile, mkdir } from 'node:fs/promises';
import { basename, dirname } from 'node:path';
import { z } from 'zod';
import type { OutboxMessage } from '../store/generated/prisma/client.ts';

export type Parcel = Pick<OutboxMessage, 'id' | 'kind' | 'subject' | 'recipient' | 'payload' | 'customerId' | 'conversationId' | 'createdAt' | 'attempts'>;

export interface Transport {
  readonly name: string;
  /**
   * One try. The same parcel may come again, also after it was taken: `id` is how the receiver knows it.
   * @returns The receiver's own word for it. @throws When it was not taken.
   */
  deliver(parcel: Parcel, signal: AbortSignal): Promise<{ readonly receipt: string }>;
}

const RECEIPT_CHARS_MAX = 200;
const ANSWER_CHARS_MAX = 64 * 1_024;

/** Development: each delivery is one JSON line. */
export function createFileTransport(path: string): Transport {
  let folder: Promise<unknown> | null = null;
  return Object.freeze<Transport>({
    name: 'file',
    async deliver(parcel, signal) {
      signal.throwIfAborted();
      folder ??= mkdir(dirname(path), { recursive: true });
      await folder;
      await appendFile(path, `${JSON.stringify(bodyOf(parcel))}\n`, { mode: 0o600 });
      return { receipt: `written to ${basename(path)}` };
    },
  });
}

const Answer = z.object({ receipt: z.string().min(1).max(RECEIPT_CHARS_MAX) });

/** The business's own endpoint takes mail, charges, refunds and orders as JSON; any 2xx is a yes. @param token Sent as a bearer token. */
export function createHttpTransport(url: string, token: string | null = null): Transport {
  return Object.freeze<Transport>({
    name: 'http',
    async deliver(parcel, signal) {
      const response = await fetch(url, {
        method: 'POST',
        headers: {
          'Content-Type': 'application/json',
          'Idempotency-Key': parcel.id,
          ...(token === null ? {} : { Authorization: `Bearer ${token}` }),
        },
        body: JSON.stringify(bodyOf(parcel)),
        // A redirect would carry the token to somebody else.
        redirect: 'error',
        signal,
      });
      const answer = await readShort(response);
      if (!response.ok) throw new Error(`The endpoint answered with status ${response.status}`);
      return { receipt: receiptIn(answer) ?? `status ${response.status}` };
    },
  });
}

function bodyOf({ id, kind, subject, recipient, payload, customerId, conversationId, createdAt }: Parcel): object {
  return { id, kind, subject, recipient, payload, customerId, conversationId, createdAt: createdAt.toISOString() };
}

/** The answer's text, or nothing when there is too much of it: the connection is let go either way. */
async function readShort(response: Response): Promise<string> {
  let text = '';
  const decoder = new TextDecoder();
  for await (const chunk of response.body ?? []) {
    text += decoder.decode(chunk, { stream: true });
    if (text.length > ANSWER_CHARS_MAX) return '';
  }
  return text;
}

function receiptIn(text: string): string | null {
  try {
    return Answer.parse(JSON.parse(text)).receipt;
  } catch {
    // No JSON, or no receipt in it: the status says enough.
    return null;
  }
}
