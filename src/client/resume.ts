/**
 * Resuming for those who use the stock graphql-ws client, by itself or below urql, Apollo or Relay. The stock client begins its
 * subscriptions anew after a reconnect with the variables it was given; here `after` in them stays current, and what comes twice is
 * dropped. Loads no rows: what a StreamReset asks for is up to `onReset`.
 *
 *     const client = withResume(createClient({ url, connectionParams, ...RECONNECT }), { onReset: reload });
 *     client.subscribe({ query, variables }, sink);                                                          // by itself
 *     subscriptionExchange({ forwardSubscription: ({ query, variables }) => ({                               // urql
 *       subscribe: (sink) => ({ unsubscribe: client.subscribe({ query: query ?? '', variables }, sink) }) }) });
 *     new GraphQLWsLink(client);                                                                             // Apollo
 *
 * The operation has a variable `$after: Position` and selects `__typename position sequence`, and `epoch` on StreamReady.
 */
import type { Client } from 'graphql-ws';
import { isRecord } from './error.ts';
import { jitter } from './retry.ts';

export interface ResumeOptions {
  /** Continuity was lost: read the conversation again. Called with the StreamReset item; the subscription goes on by itself. */
  readonly onReset?: (item: Readonly<Record<string, unknown>>) => void;
}

/** Options for graphql-ws: come back for ever, the first time within a second, later within thirty. */
export const RECONNECT = Object.freeze({
  retryAttempts: Infinity,
  shouldRetry: (): boolean => true,
  retryWait: (retries: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, jitter(retries))),
  keepAlive: 12_000,
});

type Payload = Parameters<Client['subscribe']>[0];

/** The same client, with subscriptions that resume where they were. Operations without positions pass through unchanged. */
export function withResume<C extends Pick<Client, 'subscribe' | 'iterate'>>(client: C, options: ResumeOptions = {}): C {
  const subscribe: Client['subscribe'] = (payload, sink) => {
    const { tracked, accepts } = track(payload, options);
    return client.subscribe(tracked, {
      ...sink,
      next: (result) => {
        if (accepts(result)) sink.next(result as Parameters<typeof sink.next>[0]);
      },
      error: (error) => sink.error(error),
      complete: () => sink.complete(),
    });
  };

  // The types of an operation's answer are the caller's claim; nothing here depends on them.
  const iterate = ((payload: Payload) => {
    const { tracked, accepts } = track(payload, options);
    const source = client.iterate(tracked);
    const resumed: AsyncIterableIterator<unknown> = {
      async next() {
        for (;;) {
          const result = await source.next();
          if (result.done || accepts(result.value)) return result;
        }
      },
      return: async () => (await source.return?.()) ?? { done: true, value: undefined },
      throw: async (error: unknown) => (await source.throw?.(error)) ?? { done: true, value: undefined },
      [Symbol.asyncIterator]() {
        return resumed;
      },
    };
    return resumed;
  }) as Client['iterate'];

  return { ...client, subscribe, iterate };
}

/** Kinds that describe the stream itself: their sequence is another item's. */
const ABOUT_THE_STREAM: ReadonlySet<unknown> = new Set(['StreamReady', 'StreamReset', 'TextSnapshot', 'Heartbeat']);

function track(payload: Payload, { onReset }: ResumeOptions) {
  // graphql-ws reads the variables again at each reconnect.
  const variables: Record<string, unknown> = { ...payload.variables };
  let epoch: unknown = null;
  let sequence = -1;

  function accepts(result: unknown): boolean {
    const data = isRecord(result) ? result['data'] : null;
    const item = isRecord(data) ? Object.values(data)[0] : null;
    if (!isRecord(item) || typeof item['position'] !== 'string') return true;
    const kind = item['__typename'];
    if (kind === 'StreamReady' && item['epoch'] !== epoch) {
      epoch = item['epoch'];
      sequence = -1;
    }
    // Without a kind nothing can be dropped for certain; the position alone makes doubles rare.
    if (typeof item['sequence'] === 'number' && kind !== undefined && !ABOUT_THE_STREAM.has(kind)) {
      if (item['sequence'] <= sequence) return false;
      sequence = item['sequence'];
    }
    // A notice about the stream may stand before others of its place, and a reset that was not heard has to be told again.
    if (!ABOUT_THE_STREAM.has(kind)) variables['after'] = item['position'];
    if (kind === 'StreamReset') onReset?.(item);
    return true;
  }

  return { tracked: { ...payload, variables }, accepts };
}
