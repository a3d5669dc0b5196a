/**
 * A browser tab as anybody would write one: the stock graphql-ws client, which keeps the position of the last item it was given and
 * comes back with it. What it shows follows from the items by the rules that front-ends are told. Decides nothing about what is right.
 */
import { createClient } from 'graphql-ws';
import { WebSocket } from 'ws';
import { systemClock } from '../../src/foundation/clock.ts';
import { isTerminal, isText, ITEM, textOf, type StreamItem } from '../support/app.ts';

export interface TabOptions {
  /** Asked again before each connection. */
  readonly url: () => string;
  /** Asked again before each connection when it is a function. */
  readonly token: string | (() => Promise<string>);
  readonly conversationId: string;
  readonly after?: string | undefined;
  /** Of each item; the usual fields when absent. */
  readonly selection?: string;
  /** Pings that often, and leaves a connection that does not answer one for as long. */
  readonly pingMs?: number;
}

export interface Tab {
  readonly items: readonly StreamItem[];
  /** Connections that were acknowledged so far. */
  readonly connections: number;
  /** The codes that connections were closed with. */
  readonly closes: readonly number[];
  /** The answer on the screen: of the last attempt, and of what was heard since the last reset. */
  text(): string;
  /** Position of the last item. */
  position(): string;
  /** Resolves with what was asked for once the items have it. */
  until(what: (items: readonly StreamItem[]) => boolean, named: string): Promise<void>;
  /** Resolves when the screen shows this. */
  shows(text: string): Promise<void>;
  /** Resolves with the item that ended a run; the first one, or the one of this run. */
  ends(runId?: string): Promise<StreamItem>;
  /** Takes no more bytes from its socket until `resume`. */
  pause(): void;
  resume(): void;
  /** The connection is gone without a word. */
  cut(): void;
  close(): Promise<void>;
}

const PATIENCE_MS = 20_000;
const RETRY_MS = 20;

/** Follows a conversation; resolves with the first item. */
export async function openTab({ url, token, conversationId, after: start, selection = ITEM, pingMs }: TabOptions): Promise<Tab> {
  const items: StreamItem[] = [];
  const hears = new Set<() => void>();
  const sockets: WebSocket[] = [];
  const closes: number[] = [];
  let failure: unknown = null;
  let after = start;
  let unanswered: NodeJS.Timeout | undefined;
  const hear = () => {
    for (const each of hears) each();
  };

  const client = createClient({
    url: () => `${url().replace('http', 'ws')}/graphql`,
    webSocketImpl: WebSocket,
    retryAttempts: 5_000,
    shouldRetry: () => true,
    retryWait: () => systemClock.sleep(RETRY_MS),
    connectionParams: async () => ({ authorization: `Bearer ${typeof token === 'string' ? token : await token()}` }),
    keepAlive: pingMs ?? 0,
    on: {
      connected: (opened) => void sockets.push(opened as WebSocket),
      ping(received) {
        if (!received) unanswered = setTimeout(() => client.terminate(), pingMs);
      },
      pong: (received) => void (received && clearTimeout(unanswered)),
      closed(event) {
        clearTimeout(unanswered);
        closes.push((event as { readonly code: number }).code);
      },
    },
  });
  // The stock client subscribes again with what it was first given; a reader that keeps its position makes it a getter.
  const variables = {
    id: conversationId,
    get after() {
      return after;
    },
  };
  const leave = client.subscribe<{ item: StreamItem }>(
    { query: `subscription Follow($id: ID!, $after: Position) { item: conversationEvents(id: $id, after: $after) { ${selection} } }`, variables },
    {
      next({ data, errors }) {
        if (!data?.item) failure = new Error(`the subscription answered ${JSON.stringify(errors)}`);
        else {
          items.push(data.item);
          after = data.item.position;
        }
        hear();
      },
      error(error) {
        failure = error;
        hear();
      },
      complete: hear,
    },
  );

  async function until(what: (items: readonly StreamItem[]) => boolean, named: string): Promise<void> {
    const late = AbortSignal.timeout(PATIENCE_MS);
    while (!what(items)) {
      if (failure !== null) throw new Error(`${named} never came: the subscription failed`, { cause: failure });
      if (late.aborted) throw new Error(`${named} never came; heard: ${items.map((item) => `${item.__typename} ${item.text ?? ''}`).join(', ')}`);
      await new Promise<void>((resolve) => {
        const done = () => {
          hears.delete(done);
          late.removeEventListener('abort', done);
          resolve();
        };
        hears.add(done);
        late.addEventListener('abort', done);
      });
    }
  }

  const tab: Tab = {
    items,
    get connections() {
      return sockets.length;
    },
    closes,
    text: () => shown(items),
    position: () => after ?? '',
    until,
    shows: (text) => until(() => shown(items) === text, `the text "${text.slice(0, 80)}"`),
    async ends(runId) {
      const find = () => items.find((item) => isTerminal(item) && (runId === undefined || item.run?.id === runId));
      await until(() => find() !== undefined, 'the end of the run');
      const found = find();
      if (!found) throw new Error('a run ended and is not found');
      return found;
    },
    pause: () => sockets.at(-1)?.pause(),
    resume: () => sockets.at(-1)?.resume(),
    cut: () => sockets.at(-1)?.terminate(),
    async close() {
      clearTimeout(unanswered);
      leave();
      for (const socket of sockets) socket.terminate();
      // Rejects when the connection it would close is gone already.
      await Promise.resolve(client.dispose()).catch(() => undefined);
    },
  };
  await until((heard) => heard.length > 0, 'the first item');
  return tab;
}

/**
 * The answer on the screen. A reset takes away what stood there, and what comes then may begin in its middle: that is not shown until
 * the text is told from its beginning. Any other hole, and any token that comes twice, is a fault.
 */
export function shown(items: readonly StreamItem[]): string {
  const reset = items.findLastIndex((item) => item.__typename === 'StreamReset');
  const since = items.slice(reset + 1);
  // Each answer on its own: an offset is one in its message.
  const last = since.findLast(isText)?.messageId;
  const answer = since.filter((item) => !isText(item) || item.messageId === last);
  return textOf(reset < 0 ? answer : answer.slice(answer.findIndex((item) => item.__typename === 'TextSnapshot' || item.offset === 0)));
}
