/**
 * One conversation as a front-end holds it: the thread to show, the items as they come, the verbs. Messages are sent one after the
 * other, each under one id however often it takes. What keeps it current is feed.ts; what an item means is thread.ts.
 */
import { closedBy, ParleyError } from './error.ts';
import { createFeed } from './feed.ts';
import type { Http } from './http.ts';
import { createItemQueue, type ItemQueue } from './item-queue.ts';
import { newKey } from './key.ts';
import type { OperationIds } from './operation-ids.ts';
import { POST, STOP, TYPING } from './operations.ts';
import type { Pauses } from './retry.ts';
import type { Lines } from './socket.ts';
import { discard, EMPTY, notSent, sending, takeMessage, takeRun, type Thread } from './thread.ts';
import type { BusyPolicy, ConversationItem, PostedMessage, StoppedRun } from './types.ts';

/** `loading` until the rows are there, `live` while items come as they happen, `reconnecting` in between, `failed` when the server refused. */
export type ConversationState = 'loading' | 'live' | 'reconnecting' | 'failed' | 'closed';

export interface SendOptions {
  /** What to do while the message before is being answered; QUEUE when left out. */
  readonly onBusy?: BusyPolicy;
  /** The id of an unsent message: sends that one again, and it stays one message. */
  readonly clientMessageId?: string;
}

export interface Conversation {
  readonly id: string;
  readonly state: ConversationState;
  /** Why the state is `failed`. */
  readonly error: ParleyError | null;
  /** What to show. Another object after each change, the same one while nothing changed. */
  readonly thread: Thread;
  /** Calls `listener` after each change of thread or state, until the returned function is called. */
  subscribe(listener: () => void): () => void;
  /**
   * Every item from now on, in order, once: also across reconnects. StreamReset says that some could not be had; the thread mends
   * itself. Ends when the conversation is closed, throws when the server refuses it.
   */
  events(): AsyncIterableIterator<ConversationItem>;
  /** Says something. It is in `thread.unsent` at once and sent when the server can be reached. @throws ParleyError when refused or too late. */
  send(text: string, options?: SendOptions): Promise<PostedMessage>;
  /** Forgets a message that could not be sent. */
  discard(clientMessageId: string): void;
  /** Stops the run that answers now; null when none does. What it had written is kept. */
  stop(): Promise<StoppedRun | null>;
  /** Says that the user is writing. Call it on every key: it is sent every few seconds, and ends by itself. Never throws. */
  typing(): void;
  /** Leaves. The run goes on, and so does a message on its way. */
  close(): void;
}

export interface ConversationDeps {
  readonly http: Http;
  readonly lines: Lines;
  readonly ids: OperationIds;
  readonly pauses: Pauses;
  /** Milliseconds a message is tried to be sent. */
  readonly sendMs: number;
  readonly onClose: () => void;
}

export interface ConversationControl extends Conversation {
  /** The socket was lost. */
  disconnected(): void;
}

const UNSENT_MAX = 100;
/** Said again before it ends on the server. */
const TYPING_MS = 4_000;

export function createConversation(id: string, deps: ConversationDeps): ConversationControl {
  const listeners = new Set<() => void>();
  const queues = new Set<ItemQueue>();
  let state: ConversationState = 'loading';
  let failure: ParleyError | null = null;
  let thread = EMPTY;
  let typedAtMs = -Infinity;
  let outbox: Promise<unknown> = Promise.resolve();

  const feed = createFeed(id, {
    ...deps,
    thread: () => thread,
    onThread: (next, live) => change(next, live === null ? state : live ? 'live' : state === 'loading' ? 'loading' : 'reconnecting'),
    onItem(item) {
      for (const queue of queues) queue.push(item);
    },
    onFailed: (error) => end('failed', error),
  });

  function change(next: Thread, nextState: ConversationState): void {
    if (next === thread && nextState === state) return;
    thread = next;
    state = nextState;
    // A copy: a listener may leave and come back while it is called.
    for (const listener of Array.from(listeners)) listener();
  }

  function isOver(): boolean {
    return state === 'closed' || state === 'failed';
  }

  function end(last: 'closed' | 'failed', error: ParleyError | null): void {
    if (isOver()) return;
    feed.close();
    failure = error;
    for (const queue of queues) queue.end(error);
    queues.clear();
    deps.onClose();
    change(thread, last);
  }

  async function post(clientMessageId: string, text: string, onBusy: BusyPolicy | undefined): Promise<PostedMessage> {
    try {
      const input = { conversationId: id, text, clientMessageId, ...(onBusy === undefined ? {} : { onBusy }) };
      const { postMessage } = await deps.http.persist(POST, { input }, deps.sendMs);
      if (!postMessage) throw new ParleyError('INTERNAL', 'The server answered without a message.');
      const written = takeMessage(thread, postMessage.message);
      change(discard(postMessage.run ? takeRun(written, postMessage.run) : written, clientMessageId), state);
      return postMessage;
    } catch (error) {
      const known = closedBy(error);
      change(notSent(thread, clientMessageId, known), state);
      throw known;
    }
  }

  return {
    id,
    get state() {
      return state;
    },
    get error() {
      return failure;
    },
    get thread() {
      return thread;
    },
    subscribe(listener) {
      listeners.add(listener);
      return () => void listeners.delete(listener);
    },
    events() {
      const queue: ItemQueue = createItemQueue(() => queues.delete(queue));
      if (isOver()) queue.end(failure);
      else queues.add(queue);
      return queue;
    },
    send(text, { onBusy, clientMessageId = newKey() } = {}) {
      if (isOver()) return Promise.reject(failure ?? new ParleyError('UNAVAILABLE', 'This conversation was closed here.'));
      const others = discard(thread, clientMessageId).unsent;
      if (others.length >= UNSENT_MAX) return Promise.reject(new ParleyError('RATE_LIMITED', 'Too many messages wait to be sent.', { retryable: true }));
      change(sending(thread, clientMessageId, text), state);
      // One after the other: what was said first arrives first, however often it takes.
      const sent = outbox.then(() => post(clientMessageId, text, onBusy));
      outbox = sent.catch(() => undefined);
      return sent;
    },
    discard: (clientMessageId) => change(discard(thread, clientMessageId), state),
    async stop() {
      const run = thread.activeRun;
      if (!run) return null;
      return (await deps.http.persist(STOP, { input: { runId: run.id } }, deps.sendMs)).stopRun;
    },
    typing() {
      const nowMs = Date.now();
      if (isOver() || nowMs - typedAtMs < TYPING_MS) return;
      typedAtMs = nowMs;
      // Lost once, it is said again with the next key.
      deps.http.request(TYPING, { input: { conversationId: id, typing: true } }).catch(() => undefined);
    },
    close: () => end('closed', null),
    disconnected() {
      if (state === 'live') change(thread, 'reconnecting');
    },
  };
}
