/**
 * The typed client of a Parley server, for browsers and Node: verbs over HTTP, conversations live over one WebSocket. It opens
 * nothing before it is asked to and closes everything with `close()`. What a conversation is made of is conversation.ts.
 *
 *     const parley = createParleyClient({ url: 'https://parley.example/graphql', token: () => fetchToken() });
 *     const { conversation } = await parley.startConversation({ text: 'Where is my invoice?' });
 *     const chat = parley.conversation(conversation.id);
 *     chat.subscribe(() => render(chat.thread));
 */
import { createConversation, type Conversation, type ConversationControl } from './conversation.ts';
import { ParleyError } from './error.ts';
import { createHttp, type Fetch } from './http.ts';
import { newKey } from './key.ts';
import { createOperationIds } from './operation-ids.ts';
import { POST, START, STOP, type Operation } from './operations.ts';
import { createPauses } from './retry.ts';
import { createLines } from './socket.ts';
import type { PostedMessage, PostMessageInput, StartConversationInput, StartedConversation, StoppedRun } from './types.ts';

export interface ParleyClientOptions {
  /** The HTTP address of the GraphQL endpoint; the WebSocket's is the same with `ws`. A function is asked at each connection. */
  readonly url: string | (() => string | Promise<string>);
  /** A token, or who to ask for one. A function is asked for every request and connection: let it answer from memory until the token expires. */
  readonly token: string | (() => Promise<string>);
  /** A WebSocket class, where the platform has none. */
  readonly webSocketImpl?: unknown;
  /** Where the platform has none, or not the right one. */
  readonly fetch?: Fetch;
  /** Milliseconds a message or another verb is tried while the server is away; 5 minutes when left out. */
  readonly sendMs?: number;
}

export interface ParleyClient {
  /** Begins a conversation with its first message, which is answered at once. Tried again under one key while the server is away. */
  startConversation(input: StartConversationInput): Promise<StartedConversation>;
  /** Says something in a conversation. Tried again under one id while the server is away, and never posted twice. */
  postMessage(input: PostMessageInput): Promise<PostedMessage>;
  /** Stops a run. What it had written is kept. */
  stopRun(runId: string): Promise<StoppedRun>;
  /** Follows a conversation, from loading it to the last token. Close it when nobody looks any more. */
  conversation(id: string): Conversation;
  /** Any other operation, once. @throws ParleyError */
  request<Data, Variables = Readonly<Record<string, unknown>>>(operation: Operation<Data, Variables>, variables: Variables): Promise<Data>;
  /** Ends waiting and tries again now: for when the platform says that the network is back. In browsers this is done already. */
  wake(): void;
  /** Closes every conversation and the socket. */
  close(): void;
}

const SEND_MS = 5 * 60_000;

export function createParleyClient(options: ParleyClientOptions): ParleyClient {
  const url = () => (typeof options.url === 'function' ? options.url() : options.url);
  const token = () => (typeof options.token === 'function' ? options.token() : options.token);
  const sendMs = options.sendMs ?? SEND_MS;
  const conversations = new Set<ConversationControl>();
  const closing = new AbortController();
  const pauses = createPauses();
  const ids = createOperationIds();
  // Called through, never by itself: browsers refuse a fetch that was taken off its window.
  const fetchOf: Fetch = options.fetch ?? ((address, init) => fetch(address, init));
  const http = createHttp({ url, token, fetch: fetchOf, ids, pauses, signal: closing.signal });
  const lines = createLines({
    url,
    token,
    webSocketImpl: options.webSocketImpl,
    pauses,
    onLost() {
      for (const conversation of conversations) conversation.disconnected();
    },
  });
  // Only browsers have these.
  const platform = globalThis as unknown as { addEventListener?: Listen; removeEventListener?: Listen };
  const wake = () => pauses.wake();
  platform.addEventListener?.('online', wake);

  return {
    async startConversation(input) {
      const { startConversation } = await http.persist(START, { input: { ...input, idempotencyKey: input.idempotencyKey ?? newKey() } }, sendMs);
      return written(startConversation);
    },
    async postMessage(input) {
      const { postMessage } = await http.persist(POST, { input: { ...input, clientMessageId: input.clientMessageId ?? newKey() } }, sendMs);
      return written(postMessage);
    },
    async stopRun(runId) {
      const { stopRun } = await http.persist(STOP, { input: { runId } }, sendMs);
      return written(stopRun);
    },
    conversation(id) {
      if (closing.signal.aborted) throw new ParleyError('UNAVAILABLE', 'This client is closed.');
      const conversation = createConversation(id, { http, lines, ids, pauses, sendMs, onClose: () => conversations.delete(conversation) });
      conversations.add(conversation);
      return conversation;
    },
    request: http.request,
    wake,
    close() {
      platform.removeEventListener?.('online', wake);
      closing.abort();
      for (const conversation of conversations) conversation.close();
      lines.close();
      pauses.wake();
    },
  };
}

type Listen = (type: string, listener: () => void) => void;

/** A verb that was not refused has an answer. */
function written<T>(answer: T | null): T {
  if (answer === null) throw new ParleyError('INTERNAL', 'The server answered with nothing.');
  return answer;
}
