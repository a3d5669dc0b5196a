/**
 * A deploy: two gateways are restarted one after the other while readers hear answers on both. Half of the readers use the typed
 * client, which is told and moves first; half the stock client with `withResume`. Measures how long each was without a stream.
 */
import { createClient } from 'graphql-ws';
import { WebSocket } from 'ws';
import { createParleyClient } from '../../src/client/client.ts';
import { RECONNECT, withResume } from '../../src/client/resume.ts';
import { openPlace, type Gateway } from './place.ts';
import { reckon } from './reckoning.ts';
import { createTally, increase, type Tally } from './tally.ts';
import { createChronicle, createWitness, ITEM, type Item, type Witness } from './witness.ts';
import { askOn, startConversation, type Asked } from './writer.ts';

export interface RollOptions {
  readonly readers: number;
  readonly conversations: number;
  readonly tokensPerAnswer: number;
  readonly tokenMs: number;
  readonly drainMs: number;
}

export interface Rolled {
  readonly tally: Tally;
  /** Exit codes of the processes that were sent away. */
  readonly exits: readonly (number | null)[];
  /** For each move of a reader, in milliseconds: from losing its stream to having it again; 0 when it had the next one before. */
  readonly gapsMs: { readonly typed: readonly number[]; readonly stock: readonly number[] };
  /** Answers that clients show otherwise than the rows. */
  readonly shownWrong: readonly string[];
}

interface Follower {
  readonly witness: Witness;
  /** What the typed client shows, by message; null for the stock client, which shows nothing by itself. */
  shown(): ReadonlyMap<string, string> | null;
  /** Resolves when its stream has begun. */
  readonly live: Promise<void>;
  /** Ends the counting of the move under way. */
  moved(): number;
  close(): void;
}

interface FollowerDeps {
  readonly url: () => string;
  readonly asked: Asked;
  readonly tally: Tally;
  readonly witness: Witness;
}

const FOLLOW = `subscription Follow($id: ID!, $after: Position) { item: conversationEvents(id: $id, after: $after) { ${ITEM} } }`;

export async function roll(options: RollOptions): Promise<Rolled> {
  const { tokensPerAnswer, tokenMs, drainMs } = options;
  const place = await openPlace({ gateways: 2, tokensPerAnswer, tokenMs, env: { DRAIN_MS: `${drainMs}` } });
  const tally = createTally();
  const followers: Follower[] = [];
  const asking = new AbortController();
  try {
    const customers = await place.customers(options.conversations);
    const conversations = await Promise.all(customers.map((customer, number) => startConversation(place, tally, customer, number)));
    const chronicles = conversations.map(({ conversationId }) => createChronicle(conversationId));
    for (let n = 0; n < options.readers; n += 1) {
      const index = Math.floor(n / 2) % conversations.length;
      const asked = conversations[index];
      const chronicle = chronicles[index];
      if (!asked || !chronicle) continue;
      const deps = { url: () => addressOf(place.gateways, n), asked, tally, witness: createWitness(chronicle, asked.position, tally) };
      followers.push(n % 2 === 0 ? followTyped(deps) : followStock(deps));
    }
    await Promise.all(followers.map(({ live }) => live));
    const asked = askOn(place, tally, conversations, asking.signal);
    asked.catch(() => undefined);

    const exits: (number | null)[] = [];
    const gapsMs = { typed: [] as number[], stock: [] as number[] };
    for (const gateway of place.gateways) {
      exits.push(await gateway.end('SIGTERM'));
      await gateway.start();
      for (const follower of followers) (follower.shown() ? gapsMs.typed : gapsMs.stock).push(follower.moved());
    }
    asking.abort();
    await asked;
    const witnesses = followers.map(({ witness }) => witness);
    await reckon(place, tally, conversations, witnesses, tokensPerAnswer);
    const rows = await place.database.message.findMany({ where: { role: 'agent' } });
    const shownWrong = followers.flatMap(({ shown, witness }) => {
      const texts = shown();
      if (!texts) return [];
      return rows.filter((row) => row.conversationId === witness.conversationId && texts.get(row.id) !== row.text).map((row) => row.id);
    });
    return { tally, exits, gapsMs, shownWrong };
  } finally {
    asking.abort();
    for (const follower of followers) follower.close();
    await place.close();
  }
}

/** The typed client: loads, follows, moves when it is told, and shows a thread. */
function followTyped({ url, asked, tally, witness }: FollowerDeps): Follower {
  const client = createParleyClient({ url: () => `${url()}/graphql`, token: asked.customer.token, webSocketImpl: WebSocket });
  const conversation = client.conversation(asked.conversationId);
  const gap = createGap();
  const live = Promise.withResolvers<void>();
  const fresh = createTrim();
  let begun = false;
  conversation.subscribe(() => {
    if (conversation.state === 'live') gap.end();
    else if (begun) gap.begin();
  });
  const read = async (): Promise<void> => {
    for await (const item of conversation.events() as AsyncIterable<Item>) {
      // Of the streams it goes through only the first is acknowledged to the witness: what it hears twice it tells once.
      if (item.__typename === 'StreamReady' && begun) continue;
      if (item.__typename === 'StreamReset') increase(tally.resets, 'typed');
      if (!begun) {
        begun = true;
        witness.load(conversation.thread.messages);
        witness.begin();
        live.resolve();
      }
      witness.take(fresh(item));
    }
  };
  read().catch(live.reject);
  return {
    witness,
    live: live.promise,
    moved: gap.take,
    shown: () => new Map(conversation.thread.messages.map(({ id, text }) => [id, text])),
    close: () => client.close(),
  };
}

/**
 * While two streams overlap, one may bring as a single piece what the other has brought in part: the offset says which part is new.
 * A piece that was heard whole stays as it is, and is a double.
 */
function createTrim() {
  let messageId: string | undefined;
  let attempt: number | undefined;
  let end = 0;
  return (item: Item): Item => {
    if (item.__typename !== 'TextDelta') return item;
    const { offset = 0, text = '' } = item;
    const heard = item.messageId === messageId && item.attempt === attempt ? end - offset : 0;
    ({ messageId, attempt } = item);
    end = offset + text.length;
    return heard > 0 && heard < text.length ? { ...item, offset: offset + heard, text: text.slice(heard) } : item;
  };
}

/** The stock client, as the README tells to use it. */
function followStock({ url, asked, witness }: FollowerDeps): Follower {
  const gap = createGap();
  const live = Promise.withResolvers<void>();
  let closed = false;
  const client = withResume(
    createClient({
      ...RECONNECT,
      url: () => `${url().replace('http', 'ws')}/graphql`,
      webSocketImpl: WebSocket,
      connectionParams: { authorization: `Bearer ${asked.customer.token}` },
      on: { connected: () => witness.begin(), closed: () => (closed ? undefined : gap.begin()) },
    }),
  );
  const variables = { id: asked.conversationId, after: asked.position };
  const leave = client.subscribe<{ item: Item }>(
    { query: FOLLOW, variables },
    {
      next({ data }) {
        if (!data) return;
        gap.end();
        witness.take(data.item);
        live.resolve();
      },
      error: (error) => live.reject(new Error('a subscription was refused', { cause: error })),
      complete: () => undefined,
    },
  );
  return {
    witness,
    live: live.promise,
    moved: gap.take,
    shown: () => null,
    close() {
      closed = true;
      leave();
      void client.dispose();
    },
  };
}

/** Adds up how long something was missing. */
function createGap() {
  let sinceMs: number | null = null;
  let sumMs = 0;
  const end = (): void => {
    if (sinceMs !== null) sumMs += performance.now() - sinceMs;
    sinceMs = null;
  };
  return {
    begin: () => void (sinceMs ??= performance.now()),
    end,
    take(): number {
      const taken = sumMs;
      sumMs = 0;
      return taken;
    },
  };
}

/** As a balancer that asks for readiness: only gateways that serve, each reader first at its own. */
function addressOf(gateways: readonly Gateway[], reader: number): string {
  const up = gateways.filter((gateway) => gateway.up);
  return (up[Math.floor(reader / 2) % Math.max(1, up.length)] ?? gateways[0])?.url ?? '';
}

/** Half are shorter. */
export function median(values: readonly number[]): number {
  return values.toSorted((one, other) => one - other)[Math.floor(values.length / 2)] ?? 0;
}
