/** The client against the real server: whatever happens on the way, the thread ends as the server has it, with every token once. */
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { createParleyClient, type ParleyClient } from '../../src/client/client.ts';
import type { Conversation } from '../../src/client/conversation.ts';
import type { ConversationItem } from '../../src/client/types.ts';
import { openApp, type App } from '../support/app.ts';
import { takeUntil } from '../support/collect.ts';
import { answerOf, createWire, until, type Wire } from './wire.ts';
import { staffViewer } from '../../src/store/viewer.ts';

const WORDS = ['Your ', 'invoice ', 'is ', 'under ', 'Settings, ', 'then ', 'Billing, ', 'then ', 'Invoices.'];
const TEXT = WORDS.join('');
const clients: ParleyClient[] = [];

let app: App;
beforeAll(async () => {
  app = await openApp();
});
afterAll(() => app.close());
afterEach(() => {
  for (const client of clients.splice(0)) client.close();
});

/** A model that gives as many tokens as the test has allowed. */
function steppedModel(words: readonly string[] = WORDS) {
  let allowed = 0;
  const waiting = new Map<number, () => void>();
  app.model.script({ text: words, gate: (token) => (token < allowed ? undefined : new Promise<void>((resolve) => waiting.set(token, resolve))) });
  return {
    allow(count: number) {
      allowed = count;
      for (const [token, resume] of waiting) if (token < allowed && waiting.delete(token)) resume();
    },
  };
}

async function signIn(customerId?: string): Promise<{ parley: ParleyClient; wire: Wire; customerId: string; token: string }> {
  const id = customerId ?? (await app.customer()).customerId;
  const token = await app.token({ kind: 'customer', customerId: id });
  const wire = createWire();
  const parley = createParleyClient({ url: () => `${app.parley.url}/graphql`, token: async () => token, webSocketImpl: wire.WebSocket, fetch: wire.fetch });
  clients.push(parley);
  return { parley, wire, customerId: id, token };
}

async function ask(parley: ParleyClient): Promise<Conversation> {
  const { conversation } = await parley.startConversation({ text: 'Where do I find my invoice?' });
  return parley.conversation(conversation.id);
}

const answered = ({ thread }: Conversation) =>
  thread.activeRun === null && thread.messages.at(-1)?.role === 'AGENT' && thread.messages.at(-1)?.status === 'COMPLETE';

function deltasOf(items: readonly ConversationItem[]): string {
  return items.map((item) => (item.__typename === 'TextDelta' ? item.text : '')).join('');
}

/** Up to the next piece of text; a stream that has ended has none. */
async function takeText(events: AsyncIterator<ConversationItem>): Promise<ConversationItem[]> {
  const items = await takeUntil(events, (item) => item.__typename === 'TextDelta');
  if (items.length === 0) throw new Error('the items ended');
  return items;
}

describe('a conversation', () => {
  it('shows the question, the answer as it is written, who answers and why', async () => {
    const { parley } = await signIn();
    const model = steppedModel();
    const chat = await ask(parley);
    const events = chat.events();
    expect(chat.state).toBe('loading');
    model.allow(3);
    await until(chat, () => answerOf(chat) === 'Your invoice is ' && chat.thread.activeRun?.why != null);
    expect(chat.state).toBe('live');
    expect(chat.thread.activeRun).toMatchObject({
      status: 'RUNNING',
      agent: { title: expect.any(String) as string },
      why: { reason: expect.any(String) as string },
    });
    expect(chat.thread.messages.map(({ role, status }) => [role, status])).toEqual([
      ['CUSTOMER', 'COMPLETE'],
      ['AGENT', 'WRITING'],
    ]);
    const half = chat.thread;
    model.allow(WORDS.length);
    await until(chat, answered);
    expect(chat.thread.messages.at(-1)).toMatchObject({ text: TEXT, status: 'COMPLETE', agent: { id: expect.any(String) as string } });
    expect(chat.thread.messages.at(-1)?.parts[0]).toEqual({ type: 'text', text: TEXT });
    // What was shown before is as it was, and what did not change is the same object.
    expect(half.messages.at(-1)?.text).toBe('Your invoice is ');
    expect(chat.thread.messages[0]).toBe(half.messages[0]);
    const items = await takeUntil(events, ({ __typename }) => __typename === 'RunFinished');
    expect(items[0]).toMatchObject({ __typename: 'StreamReady', status: 'RECOVERED' });
    expect(deltasOf(items)).toBe(TEXT);
  });

  it('survives a reload at every token: the same text, nothing lost, nothing double', async () => {
    const { parley, customerId } = await signIn();
    for (let k = 0; k <= WORDS.length; k += 1) {
      const model = steppedModel();
      const first = await ask(parley);
      model.allow(k);
      await until(first, () => answerOf(first) === WORDS.slice(0, k).join(''));
      first.close();
      const { parley: reloaded } = await signIn(customerId);
      const second = reloaded.conversation(first.id);
      const events = second.events();
      await until(second, ({ state }) => state === 'live');
      model.allow(WORDS.length);
      await until(second, answered);
      expect(answerOf(second)).toBe(TEXT);
      if (k < WORDS.length) expect(deltasOf(await takeUntil(events, ({ __typename }) => __typename === 'RunFinished'))).toBe(TEXT);
      reloaded.close();
    }
  });

  it('loses and doubles nothing when its socket dies again and again', async () => {
    const { parley, wire } = await signIn();
    const words = Array.from({ length: 150 }, (_, index) => `word${index} `);
    const model = steppedModel(words);
    const chat = await ask(parley);
    const events = chat.events();
    const items: ConversationItem[] = [];
    let cuts = 0;
    for (let token = 1; token <= words.length; token += 1) {
      model.allow(token);
      items.push(...(await takeText(events)));
      if (token % 20 !== 0) continue;
      cuts += 1;
      wire.cut();
      // Written while nobody listens.
      token += 3;
      model.allow(token);
      await comeBack(parley, wire);
      while (deltasOf(items) !== words.slice(0, token).join('')) items.push(...(await takeText(events)));
    }
    items.push(...(await takeUntil(events, ({ __typename }) => __typename === 'RunFinished')));
    expect(cuts).toBeGreaterThan(3);
    expect(wire.sockets.length).toBeGreaterThan(cuts);
    expect(deltasOf(items)).toBe(words.join(''));
    expect(answerOf(chat)).toBe(words.join(''));
    const sequences = items.filter(({ __typename }) => !/^(Stream|TextSnapshot|Heartbeat)/.test(__typename)).map(({ sequence }) => sequence);
    expect(sequences).toEqual([...new Set(sequences)].toSorted((a, b) => a - b));
  });

  it('moves to a new socket before it leaves the old one when the server says goodbye', async () => {
    const { parley, wire } = await signIn();
    const model = steppedModel();
    const chat = await ask(parley);
    const events = chat.events();
    const items: ConversationItem[] = [];
    for (let token = 1; token <= WORDS.length; token += 1) {
      model.allow(token);
      items.push(...(await takeText(events)));
      const leaving = wire.open[0];
      if (token % 3 !== 0 || !leaving) continue;
      const gone = new Promise((resolve) => leaving.once('close', resolve));
      wire.say(leaving, { type: 'ping', payload: { goaway: { withinMs: 0 } } });
      await gone;
      expect(chat.state).toBe('live');
    }
    items.push(...(await takeUntil(events, ({ __typename }) => __typename === 'RunFinished')));
    expect(wire.sockets).toHaveLength(4);
    expect(wire.openMost).toBe(2);
    expect(wire.open).toHaveLength(1);
    expect(deltasOf(items)).toBe(TEXT);
    expect(answerOf(chat)).toBe(TEXT);
  });

  it('reads anew and goes on when a restarted server no longer knows its position', async () => {
    const { parley, wire } = await signIn();
    app.model.script({ text: 'First.' });
    const chat = await ask(parley);
    await until(chat, answered);
    const events = chat.events();
    await app.restart();
    await comeBack(parley, wire);
    const items = await takeUntil(events, ({ __typename }) => __typename === 'StreamReset');
    expect(items.at(-1)).toMatchObject({ reason: 'EPOCH' });
    await until(chat, () => chat.state === 'live' && !chat.thread.stale);
    app.model.script({ text: 'Second.' });
    await chat.send('And now?');
    await until(chat, () => answerOf(chat) === 'Second.' && answered(chat));
    expect(chat.thread.messages.map(({ text }) => text)).toEqual(['Where do I find my invoice?', 'First.', 'And now?', 'Second.']);
  });

  it('is the same for a second client, and for somebody of the desk', async () => {
    const { parley, customerId } = await signIn();
    const model = steppedModel();
    const mine = await ask(parley);
    model.allow(2);
    await until(mine, () => answerOf(mine) === 'Your invoice ');
    const { parley: tab } = await signIn(customerId);
    const staff = createParleyClient({
      url: `${app.parley.url}/graphql`,
      token: await app.token(staffViewer({ userId: 'usr_1', name: 'Sam', role: 'admin' })),
      webSocketImpl: createWire().WebSocket,
    });
    clients.push(staff);
    const others = [tab.conversation(mine.id), staff.conversation(mine.id)];
    for (const other of others) await until(other, () => answerOf(other) === 'Your invoice ');
    model.allow(WORDS.length);
    for (const chat of [mine, ...others]) {
      await until(chat, answered);
      expect(chat.thread.messages.map(({ text }) => text)).toEqual(['Where do I find my invoice?', TEXT]);
    }
  });

  it('stops the answer and keeps what there is of it', async () => {
    const { parley } = await signIn();
    const model = steppedModel();
    const chat = await ask(parley);
    expect(await chat.stop()).toBeNull();
    model.allow(4);
    await until(chat, () => answerOf(chat) === WORDS.slice(0, 4).join(''));
    const stopped = await chat.stop();
    expect(stopped).toMatchObject({ alreadyFinished: false, run: { status: 'STOPPED' }, message: { text: WORDS.slice(0, 4).join('') } });
    await until(chat, () => chat.thread.activeRun === null);
    expect(chat.thread.messages.at(-1)).toMatchObject({ status: 'PARTIAL', text: WORDS.slice(0, 4).join('') });
    expect(chat.thread.runs.at(-1)).toMatchObject({ status: 'STOPPED' });
    expect(await parley.stopRun(chat.thread.runs.at(-1)?.id ?? '')).toMatchObject({ alreadyFinished: true });
  });

  it('fails with the server’s sentence when it is somebody else’s', async () => {
    const { parley } = await signIn();
    app.model.script({ text: 'Hi.' });
    const mine = await ask(parley);
    const { parley: stranger } = await signIn();
    const theirs = stranger.conversation(mine.id);
    const events = theirs.events();
    await expect(events.next()).rejects.toMatchObject({ code: 'NOT_FOUND', message: 'There is no such conversation.' });
    expect(theirs.state).toBe('failed');
    await expect(theirs.send('Hello?')).rejects.toMatchObject({ code: 'NOT_FOUND' });
    await until(mine, answered);
  });

  it('ends its readers and leaves no socket behind when it is closed', async () => {
    const { parley, wire } = await signIn();
    app.model.script({ text: 'Hi.' });
    const chat = await ask(parley);
    await until(chat, answered);
    const events = chat.events();
    const rest = takeUntil(events, () => false);
    const gone = new Promise((resolve) => wire.open[0]?.once('close', resolve));
    parley.close();
    parley.close();
    expect(await rest).toEqual([]);
    expect(chat.state).toBe('closed');
    await gone;
    expect(() => parley.conversation(chat.id)).toThrow('closed');
    await expect(parley.stopRun('run_01')).rejects.toMatchObject({ code: 'UNAVAILABLE' });
  });
});

describe('a message', () => {
  it('that is sent while the network is down is sent once, in order, when it is back', async () => {
    const { parley, wire } = await signIn();
    app.model.script({ text: 'Hi.' }, { text: 'One.' }, { text: 'Two.' });
    const chat = await ask(parley);
    await until(chat, answered);
    // Lost on the way out, then answered into the void: the server has it, the client does not know.
    wire.lose('down', 'deaf', 'down', 'deaf');
    const first = chat.send('first');
    const second = chat.send('second');
    expect(chat.thread.unsent.map(({ text }) => text)).toEqual(['first', 'second']);
    const waking = setInterval(() => parley.wake(), 5);
    try {
      expect(await first).toMatchObject({ disposition: 'DUPLICATE' });
      await second;
    } finally {
      clearInterval(waking);
    }
    await until(chat, () => answerOf(chat) === 'Two.' && answered(chat));
    expect(chat.thread.unsent).toEqual([]);
    expect(
      await app.database.message.findMany({ where: { conversationId: chat.id, role: 'customer' }, orderBy: { id: 'asc' }, select: { text: true } }),
    ).toEqual([{ text: 'Where do I find my invoice?' }, { text: 'first' }, { text: 'second' }]);
    expect(chat.thread.messages.filter(({ role }) => role === 'CUSTOMER')).toHaveLength(3);
  });

  it('that is refused stays unsent with the reason, and can be sent again as the same one or discarded', async () => {
    const { parley } = await signIn();
    app.model.script({ text: 'Hi.' }, { text: 'Again.' });
    const chat = await ask(parley);
    await until(chat, answered);
    await parley.request('mutation ($id: ID!) { resolveConversation(input: { conversationId: $id }) { conversation { id } } }', { id: chat.id });
    await until(chat, () => chat.thread.status === 'RESOLVED');
    await expect(chat.send('hello?')).rejects.toMatchObject({ code: 'CONVERSATION_CLOSED', retryable: false });
    await expect(chat.send('never mind')).rejects.toMatchObject({ code: 'CONVERSATION_CLOSED' });
    const [hello, never] = chat.thread.unsent;
    expect(hello).toMatchObject({ text: 'hello?', error: { code: 'CONVERSATION_CLOSED' } });
    chat.discard(never?.id ?? '');
    await parley.request('mutation ($id: ID!) { reopenConversation(input: { conversationId: $id }) { conversation { id } } }', { id: chat.id });
    const posted = await chat.send('hello?', { clientMessageId: hello?.id ?? '' });
    expect(posted.message).toMatchObject({ text: 'hello?', clientMessageId: hello?.id });
    expect(chat.thread.unsent).toEqual([]);
    await until(chat, () => answerOf(chat) === 'Again.' && answered(chat));
  });

  it('begins one conversation, also when the answer to the first try is lost', async () => {
    const { parley, wire, customerId } = await signIn();
    app.model.script({ text: 'Hi.' });
    wire.lose('deaf');
    const starting = parley.startConversation({ text: 'Hello' });
    const waking = setInterval(() => parley.wake(), 5);
    const { conversation } = await starting.finally(() => clearInterval(waking));
    expect(await app.database.conversation.findMany({ where: { customerId }, select: { id: true } })).toEqual([{ id: conversation.id }]);
    const chat = parley.conversation(conversation.id);
    await until(chat, answered);
  });

  it('is given up after its time, and says so', async () => {
    const { customerId, token } = await signIn();
    const wire = createWire();
    const parley = createParleyClient({ url: `${app.parley.url}/graphql`, token, webSocketImpl: wire.WebSocket, fetch: wire.fetch, sendMs: 0 });
    clients.push(parley);
    wire.lose('down');
    await expect(parley.startConversation({ text: 'Hello' })).rejects.toMatchObject({ code: 'UNAVAILABLE', retryable: true });
    expect(await app.database.conversation.count({ where: { customerId } })).toBe(0);
  });

  it('asks for another token when the server no longer takes the one it has', async () => {
    const { customerId, token } = await signIn();
    const tokens = ['out of date', token];
    const parley = createParleyClient({ url: `${app.parley.url}/graphql`, token: async () => tokens.shift() ?? token, webSocketImpl: createWire().WebSocket });
    clients.push(parley);
    expect(await parley.request('{ viewer { id } }', {})).toEqual({ viewer: { id: customerId } });
  });
});

/** Shortens the wait before the next connection to nothing, and resolves once there is one. */
async function comeBack(parley: ParleyClient, wire: Wire): Promise<void> {
  while (wire.open.length === 0) {
    parley.wake();
    await new Promise((resolve) => setImmediate(resolve));
  }
}
