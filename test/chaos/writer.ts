/**
 * The side that asks: begins conversations, and asks the next question in each as soon as the one before is over. Every verb is
 * repeated under one key until a gateway answers it, so each question must be there once. Reads no stream.
 */
import { setTimeout as delay } from 'node:timers/promises';
import type { Customer, Gateway, Place } from './place.ts';
import { questionText } from './question.ts';
import type { Tally } from './tally.ts';

export interface Asked {
  readonly conversationId: string;
  readonly position: string;
  readonly customer: Customer;
  readonly number: number;
  questions: number;
}

const START = 'mutation Start($input: StartConversationInput!) { startConversation(input: $input) { conversation { id position } } }';
const POST = 'mutation Post($input: PostMessageInput!) { postMessage(input: $input) { message { id } run { id } } }';
const VERB_MS = 10_000;
const AGAIN_MS = 150;
const LOOK_MS = 200;
/** A verb that nobody answers for this long is a fault of the storm, not of the weather. */
const PATIENCE_MS = 90_000;

export async function startConversation({ gateways }: Place, tally: Tally, customer: Customer, number: number): Promise<Asked> {
  const input = { text: questionText(`q${number}-0`), idempotencyKey: `start-${number}` };
  const { startConversation: started } = (await persist(gateways, customer.token, START, input)) as {
    startConversation: { conversation: { id: string; position: string } };
  };
  tally.posts += 1;
  return { conversationId: started.conversation.id, position: started.conversation.position, customer, number, questions: 1 };
}

/** Asks on until the signal aborts; resolves when nothing of it is under way. */
export async function askOn({ gateways, database }: Place, tally: Tally, conversations: readonly Asked[], signal: AbortSignal): Promise<void> {
  const posting = new Map<Asked, Promise<void>>();
  const failed = Promise.withResolvers<never>();
  failed.promise.catch(() => undefined);
  while (!signal.aborted) {
    const open = await database.run.findMany({ where: { finishedAt: null }, select: { conversationId: true } });
    const busy = new Set(open.map(({ conversationId }) => conversationId));
    for (const asked of conversations) {
      if (busy.has(asked.conversationId) || posting.has(asked)) continue;
      posting.set(
        asked,
        post(gateways, tally, asked).then(() => void posting.delete(asked), failed.reject),
      );
    }
    await Promise.race([delay(LOOK_MS), failed.promise]);
  }
  await Promise.race([Promise.all(posting.values()), failed.promise]);
}

async function post(gateways: readonly Gateway[], tally: Tally, asked: Asked): Promise<void> {
  const name = `q${asked.number}-${asked.questions}`;
  await persist(gateways, asked.customer.token, POST, { conversationId: asked.conversationId, text: questionText(name), clientMessageId: name });
  asked.questions += 1;
  tally.posts += 1;
}

async function persist(gateways: readonly Gateway[], token: string, query: string, input: Readonly<Record<string, unknown>>): Promise<unknown> {
  const until = performance.now() + PATIENCE_MS;
  let last = 'no gateway is up';
  while (performance.now() < until) {
    const up = gateways.filter((gateway) => gateway.up);
    const gateway = up[Math.floor(Math.random() * up.length)];
    if (gateway) {
      try {
        const response = await fetch(`${gateway.url}/graphql`, {
          method: 'POST',
          headers: { 'content-type': 'application/json', authorization: `Bearer ${token}` },
          body: JSON.stringify({ query, variables: { input } }),
          signal: AbortSignal.timeout(VERB_MS),
        });
        const { data, errors } = (await response.json()) as { data?: unknown; errors?: readonly { extensions?: { retryable?: boolean } }[] };
        if (data && !errors) return data;
        last = JSON.stringify(errors);
        if (!errors?.every(({ extensions }) => extensions?.retryable === true)) break;
      } catch (error) {
        last = String(error);
      }
    }
    await delay(AGAIN_MS);
  }
  throw new Error(`a verb was not answered: ${last}`);
}
