/**
 * How a reader and a writer speak to what is measured: to the relay in its two words, to Parley in graphql-transport-ws with a lean
 * document. Both look the same from above, so that every scenario is written once.
 */
import { nowMs } from './clock.ts';
import { openSocket, type RawSocket } from './socket.ts';
import { broke, type Counters, type Tally } from './tally.ts';

export const PROTOCOLS = ['relay', 'parley'] as const;
export type Protocol = (typeof PROTOCOLS)[number];

/** One socket: asks for answers, follows at most one conversation. */
export interface Line {
  /** Starts a conversation whose first message is this; returns what `follow` needs. */
  start(conversation: string, text: string): Promise<Place>;
  /** Asks for another answer in a conversation. Resolves when it was accepted. */
  post(conversation: string, text: string): Promise<void>;
  /** Resolves when it is following. `ended` is called for each answer that is over. */
  follow(place: Place, tally: Tally, ended?: () => void): Promise<void>;
  end(): void;
}

export interface Place {
  readonly conversation: string;
  /** Null: from now on. */
  readonly position: string | null;
}

const START = 'mutation Start($input: StartConversationInput!) { startConversation(input: $input) { conversation { id position } } }';
const POST = 'mutation Post($input: PostMessageInput!) { postMessage(input: $input) { run { id } } }';
const FOLLOW =
  'subscription Follow($id: ID!, $after: Position) { conversationEvents(id: $id, after: $after) { __typename ... on TextDelta { text } ... on TextSnapshot { text } } }';
const REPLY_MS = 60_000;

export async function openLine(protocol: Protocol, url: string, token: string, counters: Counters): Promise<Line> {
  return protocol === 'relay' ? openRelayLine(url, counters) : openParleyLine(url, token, counters);
}

/** A reply that is waited for, and not forever. */
function createReplies() {
  const waiting = new Map<string, (frame: string) => void>();
  return {
    give(id: string, frame: string): boolean {
      const one = waiting.get(id);
      waiting.delete(id);
      one?.(frame);
      return one !== undefined;
    },
    async next(id: string): Promise<string> {
      const { promise, resolve, reject } = Promise.withResolvers<string>();
      waiting.set(id, resolve);
      const timer = setTimeout(() => reject(new Error(`no reply to ${id} within ${REPLY_MS} ms`)), REPLY_MS);
      try {
        return await promise;
      } finally {
        clearTimeout(timer);
        waiting.delete(id);
      }
    },
  };
}

async function openRelayLine(url: string, counters: Counters): Promise<Line> {
  const replies = createReplies();
  let tally: Tally | null = null;
  let ended: (() => void) | undefined;
  const socket = await openSocket(
    `${url}/`,
    {
      text(frame, arrivedMs) {
        if (frame.includes('"text":"')) tally?.take(frame, arrivedMs);
        else if (frame.includes('"end"')) ended?.();
        else replies.give('following', frame);
      },
      closed: (reason) => broke(counters, `closed: ${reason}`),
    },
    nowMs,
  );
  const ask = (conversation: string): void => socket.send(JSON.stringify({ start: conversation }));
  return {
    // The relay knows no conversation that nobody follows, so the asking waits until it is followed.
    async start(conversation) {
      return { conversation, position: null };
    },
    async post(conversation) {
      ask(conversation);
    },
    async follow({ conversation }, reader, whenEnded) {
      tally = reader;
      ended = whenEnded;
      const following = replies.next('following');
      socket.send(JSON.stringify({ follow: conversation }));
      await following;
    },
    end: () => socket.end(),
  };
}

interface Reply {
  readonly payload?: { readonly data?: Record<string, unknown> | null; readonly errors?: unknown };
}

async function openParleyLine(url: string, token: string, counters: Counters): Promise<Line> {
  const replies = createReplies();
  let tally: Tally | null = null;
  let ended: (() => void) | undefined;
  let operations = 0;

  /** What is not a token is rare and may cost something. */
  function hearOther(frame: string): void {
    const { type, id = '' } = JSON.parse(frame) as { type: string; id?: string };
    if (type === 'connection_ack') replies.give('ack', frame);
    else if (type === 'ping') socket.send('{"type":"pong"}');
    else if (type === 'error' && !replies.give(id, frame)) broke(counters, frame);
    else if (type === 'complete' && id === 'f') broke(counters, 'the subscription ended');
    else if (type === 'next' && id !== 'f') replies.give(id, frame);
    else if (type === 'next') hearItem(frame);
  }

  function hearItem(frame: string): void {
    if (frame.includes('"errors"')) broke(counters, frame);
    else if (frame.includes('"StreamReady"')) replies.give('f', frame);
    else if (frame.includes('"StreamReset"')) counters.faults.resets += 1;
    else if (frame.includes('"MessageReset"')) {
      // Announced, so what comes again is no double; but nothing was broken here on purpose.
      counters.faults.resets += 1;
      tally?.restart();
    } else if (frame.includes('"RunFinished"')) ended?.();
    else if (frame.includes('"RunFailed"') || frame.includes('"RunStopped"')) broke(counters, frame);
  }

  const socket: RawSocket = await openSocket(
    `${url}/graphql`,
    {
      text(frame, arrivedMs) {
        if (tally !== null && frame.includes('"text":"')) tally.take(frame, arrivedMs);
        else hearOther(frame);
      },
      closed: (reason) => broke(counters, `closed: ${reason}`),
    },
    nowMs,
  );
  const ack = replies.next('ack');
  socket.send(JSON.stringify({ type: 'connection_init', payload: { authorization: `Bearer ${token}` } }));
  await ack;

  async function run(query: string, variables: Readonly<Record<string, unknown>>): Promise<Record<string, unknown>> {
    operations += 1;
    const id = `m${operations}`;
    const reply = replies.next(id);
    socket.send(JSON.stringify({ id, type: 'subscribe', payload: { query, variables } }));
    const frame = await reply;
    const { payload } = JSON.parse(frame) as Reply;
    if (!payload?.data || payload.errors) throw new Error(`an operation was answered with ${frame.slice(0, 300)}`);
    return payload.data;
  }

  return {
    async start(_conversation, text) {
      const data = (await run(START, { input: { text } })) as { startConversation: { conversation: { id: string; position: string } } };
      const { id, position } = data.startConversation.conversation;
      return { conversation: id, position };
    },
    async post(conversation, text) {
      await run(POST, { input: { conversationId: conversation, text } });
    },
    async follow({ conversation, position }, reader, whenEnded) {
      tally = reader;
      ended = whenEnded;
      const ready = replies.next('f');
      const variables = { id: conversation, ...(position === null ? {} : { after: position }) };
      socket.send(JSON.stringify({ id: 'f', type: 'subscribe', payload: { query: FOLLOW, variables } }));
      const frame = await ready;
      if (!frame.includes('"StreamReady"')) throw new Error(`following was answered with ${frame.slice(0, 300)}`);
    },
    end: () => socket.end(),
  };
}
